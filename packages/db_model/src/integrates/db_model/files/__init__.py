"""The port of file stores, and its adapters."""
