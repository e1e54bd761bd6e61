"""Stakeholders: people."""
