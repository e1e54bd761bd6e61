"""Findings: kinds of weakness in one group."""
