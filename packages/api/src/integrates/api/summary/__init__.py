"""Figures of groups, roots and findings."""
