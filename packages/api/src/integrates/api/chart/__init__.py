"""Curves and charts of groups and organizations, from snapshots (domain section 22)."""
