"""Arrow arrays of Python's and numpy's values, without pandas.

`pyarrow.array`, `pyarrow.scalar` and `to_numpy` look whether a Series is meant, and load pandas for that wherever it is
installed: a second or more, before the first row is read. Builders and buffers do not ask.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow.lib import StringBuilder

_TYPES: dict[np.dtype[Any], pa.DataType] = {
    np.dtype(np.int8): pa.int8(),
    np.dtype(np.int16): pa.int16(),
    np.dtype(np.int32): pa.int32(),
    np.dtype(np.int64): pa.int64(),
    np.dtype(np.uint64): pa.uint64(),
    np.dtype(np.float32): pa.float32(),
    np.dtype(np.float64): pa.float64(),
}


def build_strings(values: Iterable[str | None]) -> pa.Array:
    """Return a string array.

    Raises:
        UnicodeEncodeError: a text has a lone surrogate.
    """
    builder = StringBuilder()
    builder.append_values(values)
    return builder.finish()


def build_numbers(values: npt.NDArray[Any]) -> pa.Array:
    """Return numbers (N,) in Arrow's type of the same width; they share the memory of `values`."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(_TYPES[values.dtype], len(values), [None, pa.py_buffer(values)])


def build_floats(values: Iterable[float | None]) -> pa.Array:
    """Return numbers (N,), some of which may be missing."""
    known = list(values)
    there = np.array([value is not None for value in known], np.bool_)
    numbers = np.array([0.0 if value is None else value for value in known], np.float64)
    bits = np.packbits(there, bitorder="little")
    return pa.Array.from_buffers(pa.float64(), len(known), [pa.py_buffer(bits), pa.py_buffer(numbers)])


def build_mask(chosen: npt.NDArray[np.bool_]) -> pa.Array:
    """Return a mask (N,) to filter rows with."""
    bits = np.packbits(chosen, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(chosen), [None, pa.py_buffer(bits)])


def read_numbers(array: pa.Array) -> npt.NDArray[Any]:
    """Return an Arrow array of numbers, without missing ones, as numpy's (N,), which shares its memory."""
    kind = next(dtype for dtype, found in _TYPES.items() if found == array.type)
    if not len(array):
        return np.empty(0, kind)
    return np.frombuffer(array.buffers()[1], kind, count=len(array), offset=array.offset * kind.itemsize)


EMPTY_TEXT = build_strings([""])[0]
EMPTY_BYTES = EMPTY_TEXT.cast(pa.binary())
FALSE = build_mask(np.zeros(1, np.bool_))[0]
ZERO = build_numbers(np.zeros(1, np.int32))[0]
