"""A run: its folder, its record, and its state during and after training."""
