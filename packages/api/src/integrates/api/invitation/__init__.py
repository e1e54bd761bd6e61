"""Open invitations of the caller."""
