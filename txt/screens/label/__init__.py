"""The labeling screen."""
