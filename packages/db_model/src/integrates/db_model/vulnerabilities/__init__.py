"""Vulnerabilities: places where a finding occurs."""
