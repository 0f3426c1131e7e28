"""Data files as streams of rows, whatever their format."""
