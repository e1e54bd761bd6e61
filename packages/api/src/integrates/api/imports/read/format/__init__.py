"""Readers of the formats of single tools (domain section 19)."""
