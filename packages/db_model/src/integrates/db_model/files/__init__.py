"""The file port and its adapters."""
