"""The Integrates service: the ASGI application on Hypercorn, its settings and tokens, and the command ``integrates``."""
