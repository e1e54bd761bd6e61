"""The writer of our own JSON: decisions with their trail (domain section 21, row *trail*)."""
