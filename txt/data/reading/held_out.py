"""Finds the test rows named by a data file's own split column; they must not be used to learn or to choose anything."""

from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.data.reading.rows import Form, read_records
from txt.data.reading.split_column import find_split, is_held_out

_SAMPLE_ROWS = 500


def find_held_out(path: Path, form: Form) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a file are test rows by its split column (N,), or None where it has no such column.

    Raises:
        InputError: a row cannot be read.
    """
    cells = [row for _, _, row in islice(read_records(path, form), _SAMPLE_ROWS)]
    columns = zip(form.columns, zip(*cells, strict=True), strict=True)
    roles = (form.text_column, form.label_column)
    split = find_split({name: values for name, values in columns if name not in roles}, strict=False)
    if split is None:
        return None
    place = form.columns.index(split.name)
    return np.fromiter((is_held_out(row[place]) for _, _, row in read_records(path, form)), np.bool_)
