"""HTTP: what is learned about an exchange, the layers around the routes, and the routes."""
