"""Finding the vulnerabilities that statements are about, and deciding about them."""
