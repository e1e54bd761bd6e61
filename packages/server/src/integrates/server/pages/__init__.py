"""The pages of the server itself."""
