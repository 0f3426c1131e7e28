"""Rows on their way through memory: record batches of strings, as many rows at a time as fit a fixed budget."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

BATCH_ROWS = 8192
BATCH_CHARACTERS = 2_000_000  # keeps a batch of long texts as small as one of many short ones


def strings(values: Iterable[str | None]) -> pa.Array:
    """Return a string array; lone surrogates, which JSON can hold and UTF-8 cannot, become �."""
    values = list(values)
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if value is None else _encodable(value) for value in values], pa.string())


def batch_of(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.RecordBatch:
    """Return rows, each as long as `columns`, as one batch of string columns."""
    return pa.RecordBatch.from_arrays([strings(values) for values in zip(*rows, strict=True)], names=list(columns))


def _encodable(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
