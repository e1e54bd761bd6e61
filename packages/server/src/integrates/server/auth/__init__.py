"""Who calls: tokens, sessions and the keys behind them."""
