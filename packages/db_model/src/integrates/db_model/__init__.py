"""Entities, store adapters and optimistic locking of Integrates, importable on their own by batch jobs."""
