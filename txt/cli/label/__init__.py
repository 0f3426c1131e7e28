"""`txt label` and its parts."""
