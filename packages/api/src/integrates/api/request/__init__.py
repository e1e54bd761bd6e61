"""The road of a query before and after it runs: what it may ask for, what it costs, and how it is answered."""
