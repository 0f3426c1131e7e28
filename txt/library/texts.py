"""Texts and tables as Python programs have them: lists, arrays, Series and DataFrames, Arrow, `datasets`."""

from collections.abc import Sequence
from typing import Any, TypeGuard

import numpy as np
import pyarrow as pa

from txt.data.reading.arrow_cells import convert_to_text
from txt.data.reading.columns import find_text
from txt.data.reading.how_read import join_texts
from txt.errors import InputError

_COLUMNS = "text_column="


def read_texts(values: Any, column: str | None = None) -> list[str | None]:
    """Return a text for each row; None where there is none: None, NaN, or nothing but spaces.

    Args:
        values: a list, a Series or an array (N,) or (N, 1); or a table: a DataFrame of pandas, polars or any other that
            narwhals knows, an Arrow table, a `Dataset`.
        column: of a table, the column of the text, or several as `title,body`; found by name and content without it.

    Raises:
        InputError: it is one text, something else than texts, or the text's column is not clear.
    """
    if isinstance(values, str | bytes):
        raise InputError("this is one text, and a list of texts is needed", "put it into a list: [text]")
    if is_table(values):
        found = _read_text_column(to_arrow(values), column)
    else:
        found = [_as_text(value, row) for row, value in enumerate(list_values(values))]
    return [text if text and text.strip() else None for text in found]


def list_values(values: Any) -> list[Any]:
    """Return the values of a list, a Series or an array (N,) or (N, 1), missing ones as None.

    Raises:
        InputError: it is something else.
    """
    if hasattr(values, "toarray"):  # a sparse matrix
        raise InputError("a sparse matrix has numbers, and texts are needed", "give the texts that it was made of")
    if isinstance(values, pa.Array | pa.ChunkedArray):
        values = values.to_pylist()
    shape = getattr(values, "shape", None)
    if shape is not None and len(shape) != 1:
        values = np.asarray(values)
        if values.ndim != 2 or values.shape[1] != 1:
            raise InputError(f"texts of the shape {shape} are not one for each row", "give an array of the shape (N,)")
        values = values[:, 0]
    if isinstance(values, dict | set | frozenset) or not hasattr(values, "__iter__"):
        raise InputError(f"a {type(values).__name__} is not a list of texts", "give a list, a Series or an array")
    return [None if is_missing(value) else value for value in values]


def is_missing(value: Any) -> bool:
    """Tell a missing value: None, NaN, and what pandas has for them."""
    if value is None:
        return True
    if isinstance(value, str | list | tuple | set | np.ndarray):
        return False
    if type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float | np.floating) and bool(value != value)


def is_table(values: Any) -> TypeGuard[Any]:
    """Tell a table of columns from a list, a Series or an array."""
    return isinstance(values, pa.Table | pa.RecordBatch) or (
        hasattr(values, "columns") or hasattr(values, "column_names") or _is_lazy(values)
    )


def to_arrow(table: Any) -> pa.Table:
    """Return a table of any kind as one of Arrow's.

    Raises:
        InputError: it is of a kind that nothing here reads.
    """
    if isinstance(table, pa.Table):
        return table
    if isinstance(table, pa.RecordBatch):
        return pa.Table.from_batches([table])
    if hasattr(table, "with_format") and hasattr(table, "features"):  # a Dataset of `datasets`
        return table.with_format("arrow")[:]
    import narwhals.stable.v2 as narwhals

    try:
        frame = narwhals.from_native(table)
    except TypeError:
        raise InputError(
            f"a {type(table).__name__} is not a table that can be read", "give a DataFrame or an Arrow table"
        ) from None
    if isinstance(frame, narwhals.LazyFrame):
        frame = frame.collect()
    try:
        return frame.to_arrow()
    except (pa.ArrowException, TypeError):  # a column with values of several types, such as texts and NaN
        return pa.table({name: _as_strings(frame[name].to_list()) for name in frame.columns})


def _as_strings(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, from_pandas=True)
    except pa.ArrowException:
        return pa.array([None if is_missing(value) else str(value) for value in values], pa.string())


def _is_lazy(values: Any) -> bool:
    return hasattr(values, "collect") and hasattr(values, "collect_schema")


def _read_text_column(table: pa.Table, column: str | None) -> list[str | None]:
    wanted = [column] if column is None or column in table.column_names else column.split(",")
    if column is None:
        wanted = [_find_text_column(table)]
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        have = ", ".join(table.column_names)
        raise InputError(f"there is no column `{missing[0]}`", f"it has {have}; {_COLUMNS} names one")
    parts = [_as_texts(table.column(name)) for name in wanted]
    if len(parts) == 1:
        return parts[0]
    return [join_texts(row) for row in zip(*parts, strict=True)]


def _find_text_column(table: pa.Table) -> str:
    if len(table.column_names) == 1:
        return str(table.column_names[0])
    head = table.slice(0, 1000)
    sample = {name: _as_texts(head.column(name)) for name in table.column_names}
    return find_text(sample, None, "the table").name


def _as_texts(column: pa.ChunkedArray) -> list[str | None]:
    found: list[str | None] = []
    for chunk in column.chunks:
        found += convert_to_text(chunk).to_pylist()
    return found


def _as_text(value: Any, row: int) -> str | None:
    if value is None or isinstance(value, str):
        return None if value is None else str(value)  # numpy's strings too
    if isinstance(value, bool | int | float | np.generic):
        return str(value)
    raise InputError(f"row {row} is a {type(value).__name__}, and a text is needed", "convert it to a text")
