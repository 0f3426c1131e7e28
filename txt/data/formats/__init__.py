"""Export and import of labeled rows in the formats of other tools."""
