"""Labeled rows in the formats of other tools, to and fro."""
