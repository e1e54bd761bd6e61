"""The directives of the schema at work: who may use a field, and on which object."""
