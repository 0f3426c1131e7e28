"""What runs leave behind of themselves, read while they go on and afterwards: events, signs of life, notes."""
