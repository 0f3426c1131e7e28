"""The ladder: a linear model on n-grams, one with frozen vectors beside them, a fine-tuned encoder; judged out of fold."""
