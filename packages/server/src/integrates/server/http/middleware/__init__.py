"""Layers around the routes, each a function from application to application that leaves all but HTTP alone."""
