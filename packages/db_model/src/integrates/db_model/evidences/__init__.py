"""Evidence: files that prove what a finding or an event says, one in each slot."""
