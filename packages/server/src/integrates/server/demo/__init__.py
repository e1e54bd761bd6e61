"""The demo: entities from the exported design, and a past for them."""
