"""The CI gate."""
