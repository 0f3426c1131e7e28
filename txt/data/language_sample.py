"""A few texts from all over a file, from which its language is told."""

from collections.abc import Callable, Sequence

import numpy as np

_TEXTS, _CHARACTERS = 500, 1000  # texts at most, and characters of each


def sample_texts(count: int, read: Callable[[list[int]], Sequence[str]]) -> list[str]:
    """Return the beginnings of some of `count` texts, evenly spread; `read` returns those of some rows."""
    rows = np.unique(np.linspace(0, count - 1, min(_TEXTS, count), dtype=np.int64)).tolist()
    return [text[:_CHARACTERS] for text in read(rows)]
