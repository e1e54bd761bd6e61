"""Decisions that others made about vulnerabilities, read from their files as requests."""
