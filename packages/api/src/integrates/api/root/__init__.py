"""Roots."""
