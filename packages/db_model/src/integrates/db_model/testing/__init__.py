"""The store requirements as a suite that anyone can run on an adapter of their own."""
