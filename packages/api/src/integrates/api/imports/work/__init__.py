"""The work of an import: what a file says matched against the vulnerabilities of a root, and written in chunks."""
