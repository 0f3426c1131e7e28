"""Charts as text or SVG, shared by screens and plain commands."""
