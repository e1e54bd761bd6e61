"""What is read from counters."""
