"""Imports of scanner reports."""
