"""What people report, and what becomes of it in review."""
