"""Exports: what a group, or one of its roots, tells others about its vulnerabilities, in the formats that they read."""
