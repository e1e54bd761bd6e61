"""The reference of the API: what the schema says of each of its names, for the handbook and for the pages of a service."""
