"""Texts about runs, labeling and rules, shared by screens and plain commands."""
