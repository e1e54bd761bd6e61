"""The work of an import: observations of a file matched against the vulnerabilities of a root, and written in chunks."""
