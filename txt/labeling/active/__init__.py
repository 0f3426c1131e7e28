"""Which row to ask about next: models, strategies, and the process that ranks."""
