"""Access tokens of people."""
