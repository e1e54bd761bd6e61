"""What resolvers are made of."""
