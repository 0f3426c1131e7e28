"""Kinds of files that are not lines of text: spreadsheets, databases, statistics files, folders, archives."""
