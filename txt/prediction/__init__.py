"""Predictions of a trained classifier: for texts, for files of any size, with explanations."""
