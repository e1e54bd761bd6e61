"""Figures that are read from counters, and counting again."""
