"""What happens in the demo, by subject: each module is a table of steps."""
