"""Suggestions from several sources, joined by what the labels so far say of each."""
