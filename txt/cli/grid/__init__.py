"""`txt grid` and its parts."""
