"""Environment urls."""
