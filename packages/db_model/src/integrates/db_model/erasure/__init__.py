"""A person's data on request: telling all that is kept about somebody, and putting a pseudonym in its place."""
