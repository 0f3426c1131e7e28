"""`txt runs` and its commands."""
