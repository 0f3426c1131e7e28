"""`txt` as a Python library: a scikit-learn classifier, and the commands as functions."""
