"""Policies of organizations and groups."""
