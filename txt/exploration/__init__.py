"""Looks at texts before anything is labeled: vectors, search by meaning, clusters, templates, what is odd."""
