"""What a process opens, listens on and ends."""
