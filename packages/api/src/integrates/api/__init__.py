"""The GraphQL API of Integrates."""
