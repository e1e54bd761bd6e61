"""The engine: it reads, plans and writes changes of entities with all their consequences. It knows no kind of entity."""
