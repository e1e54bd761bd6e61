"""Subscriptions over HTTP: as server-sent events, and by WebSocket."""
