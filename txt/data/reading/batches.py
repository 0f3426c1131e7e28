"""Record batches of strings, with as many rows in each as fit a fixed memory budget."""

from collections.abc import Iterable, Sequence

import pyarrow as pa

from txt.data.arrow_arrays import build_strings

BATCH_ROWS = 8192
BATCH_CHARACTERS = 2_000_000  # keeps a batch of long texts as small as one of many short ones


def make_string_array(values: Iterable[str | None]) -> pa.Array:
    """Return a string array; lone surrogates, which JSON can hold and UTF-8 cannot, become �."""
    values = list(values)
    try:
        return build_strings(values)
    except UnicodeEncodeError:
        return build_strings(None if value is None else _replace_surrogates(value) for value in values)


def make_batch(columns: Sequence[str], rows: Sequence[Sequence[str | None]]) -> pa.RecordBatch:
    """Return rows, each as long as `columns`, as one batch of string columns."""
    return pa.RecordBatch.from_arrays(
        [make_string_array(values) for values in zip(*rows, strict=True)], names=list(columns)
    )


def _replace_surrogates(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
