"""Runs, labeling and rules in words: what plain commands and screens both print."""
