"""Comparing what is stored beside entities with the entities: index keys, revisions, claims and counters."""
