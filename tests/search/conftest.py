"""Searches run on the small data set that trainings are tested with."""

from tests.training.conftest import new_run, prepared, topics

__all__ = ["new_run", "prepared", "topics"]
