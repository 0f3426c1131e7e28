"""Trained classifiers as folders that other programs load."""
