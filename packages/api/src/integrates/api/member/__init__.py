"""Members of organizations and groups."""
