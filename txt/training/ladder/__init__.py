"""The ladder: n-grams, a frozen encoder beside them, a fine-tuned one; each judged on rows it did not learn from."""
