"""Many trainings: the learning-rate range test, and searches over options."""
