"""Severities."""
