"""The labeling task: what the user asked for."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """Who labels, with which classes, and how.

    With `review` the rows of the given order are gone through again, and skipping a row keeps its label.
    """

    annotator: str
    labels: Sequence[str] = ()
    keys: dict[str, str] | None = None
    multi_label: bool = False
    twins: bool = True
    file_labels: bool = True
    review: bool = False
