"""Rules that label texts: how they are written, where they fire, how their votes become a label, how good they are."""
