"""Severity: CVSS vectors, scores and levels."""
