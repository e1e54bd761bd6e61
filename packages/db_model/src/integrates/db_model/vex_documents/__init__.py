"""VEX documents: which editions of what is told about a group, or a root, were published."""
