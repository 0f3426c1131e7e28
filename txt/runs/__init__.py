"""A run: its folder, its record, and what is known of it while it trains and afterwards."""
