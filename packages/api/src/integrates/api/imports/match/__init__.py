"""Which vulnerability a result is of: decided for the whole file, by passes that are pure functions (domain section 8)."""
