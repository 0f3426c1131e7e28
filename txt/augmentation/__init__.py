"""More training rows: small edits that leave the label true, and the rest of the text as it is."""
