"""The engine: it reads, plans and writes changes of entities, each with all its consequences; it knows no entity."""
