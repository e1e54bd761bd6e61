"""Reading the reports of scanners: pure functions from the bytes of a file to what it says."""
