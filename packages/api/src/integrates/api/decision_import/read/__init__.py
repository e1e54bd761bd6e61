"""What files of decisions say, in one form for all formats."""
