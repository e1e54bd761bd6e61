"""The engine of entities: what is stored with a change, in one transaction; it knows no entity."""
