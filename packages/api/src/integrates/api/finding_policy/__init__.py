"""Finding policies."""
