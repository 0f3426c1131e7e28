"""Scores with intervals, beside a baseline."""
