"""The label store: every decision in an SQLite file, and what reads and writes it."""
