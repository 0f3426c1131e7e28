"""Makes more training rows by small edits that keep the label correct and leave the rest of the text unchanged."""
