"""Imports of scan results."""
