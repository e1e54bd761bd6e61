"""The writer of SARIF 2.1.0: what reading it gives back is what was written (domain section 21)."""
