"""The reader of SARIF 2.1.0."""
