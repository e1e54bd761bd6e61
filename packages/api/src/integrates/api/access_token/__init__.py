"""Access tokens of people and of the CI identities of groups."""
