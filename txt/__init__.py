"""From a CSV of raw text to a trusted text classifier, without leaving the terminal."""

__version__ = "0.1.0"
