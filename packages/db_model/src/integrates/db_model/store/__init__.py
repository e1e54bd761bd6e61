"""The store port and its adapters: memory, SQLite (embedded default) and DynamoDB."""
