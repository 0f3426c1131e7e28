"""Arrow columns as text: every value becomes what a person would write for it, and structs become columns."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from txt.data.reading.batches import make_string_array
from txt.data.reading.coded_classes import read_class_names
from txt.data.reading.json_layout import list_nested
from txt.json_input import load_json

_SHOWN_ROWS = 50
_HUGGING_FACE = b"huggingface"  # the metadata under which `datasets` keeps its features, class names among them


@dataclass(frozen=True)
class _Plan:
    """One column of text: where its values are, and the names of its classes, if it has numbers for them."""

    name: str
    path: tuple[str, ...]
    classes: tuple[str, ...] = ()


@dataclass(frozen=True)
class ArrowCells:
    """How the columns of a schema become columns of text.

    A struct `text` with the fields `title` and `body` that is opened becomes the columns `text.title` and `text.body`;
    any other becomes JSON. A column of numbers for which `datasets` knows class names gets the names, and -1, its mark
    for "no label", becomes missing.
    """

    plans: tuple[_Plan, ...]
    named: tuple[str, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(plan.name for plan in self.plans)

    def convert(self, batch: pa.RecordBatch, names: Sequence[str]) -> pa.RecordBatch:
        """Return a batch as columns of text, called `names`.

        Raises:
            pyarrow.ArrowInvalid: the batch is damaged: its texts are not UTF-8, or lie outside of it.
        """
        batch.validate(full=True)
        arrays = [_name_classes(_take(batch, plan.path), plan.classes) for plan in self.plans]
        return pa.RecordBatch.from_arrays(arrays, names=list(names))


def find_opened(
    schema: pa.Schema, read_first: Callable[[], pa.RecordBatch | None], asked: Sequence[str] = ()
) -> tuple[str, ...]:
    """Return the structs that are opened into columns, as objects in JSON are: where no text is outside, or a column
    of one was asked for. `read_first` returns the first rows, which show what a text is.
    """
    if not any(pa.types.is_struct(column.type) for column in schema):
        return ()
    batch = read_first()
    kept = [column.name for column in schema if pa.types.is_struct(column.type) or is_text_type(column.type)]
    rows = [] if batch is None else batch.slice(0, _SHOWN_ROWS).select(kept).to_pylist()
    return tuple(list_nested(rows, tuple(asked)))


def is_text_type(kind: pa.DataType) -> bool:
    """Tell whether a type holds texts."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def plan_cells(schema: pa.Schema, opened: Sequence[str]) -> ArrowCells:
    """Return how the columns of a schema become text; `opened` are the structs that become columns."""
    features = _read_features(schema)
    plans: list[_Plan] = []
    for place, column in enumerate(schema):
        feature = features.get(column.name)
        if column.name in opened:
            plans.extend(_plan_column(column, (str(place),), column.name, feature))
        else:
            plans.append(_Plan(column.name, (str(place),), read_class_names(feature)))
    return ArrowCells(tuple(plans), tuple(plan.name for plan in plans if plan.classes))


def _read_features(schema: pa.Schema) -> dict[str, Any]:
    try:
        features = load_json((schema.metadata or {}).get(_HUGGING_FACE, b"{}"))["info"]["features"]
    except (ValueError, KeyError, TypeError):
        return {}
    return features if isinstance(features, dict) else {}


def _plan_column(column: pa.Field, path: tuple[str, ...], name: str, feature: Any) -> list[_Plan]:
    if pa.types.is_struct(column.type) and column.type.num_fields:
        inner = [column.type.field(place) for place in range(column.type.num_fields)]
        of = feature if isinstance(feature, dict) else {}
        return [
            plan
            for place, each in enumerate(inner)
            for plan in _plan_column(each, (*path, str(place)), f"{name}.{each.name}", of.get(each.name))
        ]
    return [_Plan(name, path, read_class_names(feature))]


def _take(batch: pa.RecordBatch, path: Sequence[str]) -> pa.Array:
    """Return a column, or a field within structs, whose values are missing where the struct is."""
    column = batch.column(int(path[0]))
    for place in path[1:]:
        column = pc.struct_field(column, [int(place)])
    return column


def _name_classes(column: pa.Array, classes: Sequence[str]) -> pa.Array:
    if not classes:
        return convert_to_text(column)

    def name(value: Any) -> Any:
        if isinstance(value, list):
            return [each for each in map(name, value) if each is not None]
        if not isinstance(value, int) or value < 0:
            return None
        return classes[value] if value < len(classes) else str(value)

    named = [name(value) for value in column.to_pylist()]
    return make_string_array(_write_nested(value) if isinstance(value, list) else value for value in named)


def convert_to_text(column: pa.Array) -> pa.Array:
    """Return a column as text: floats in their own precision, nested values as JSON, other bytes by their number."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return convert_to_text(column.dictionary_decode())
    if isinstance(kind, pa.BaseExtensionType):
        return convert_to_text(column.storage)
    if pa.types.is_nested(kind):
        return make_string_array(None if value is None else _write_nested(value) for value in column.to_pylist())
    if pa.types.is_floating(kind):
        spell = repr if pa.types.is_float64(kind) else _spell_short_float(kind)
        return make_string_array(
            None if value is None or value != value else spell(value) for value in column.to_pylist()
        )
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind):
        return make_string_array(None if value is None else _decode_bytes(value) for value in column.to_pylist())
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException:  # some kinds, as durations and intervals, have no cast
        return make_string_array(None if value is None else str(value) for value in column.to_pylist())


def _spell_short_float(kind: pa.DataType) -> Any:
    """Return a function that writes a float as short as its own precision allows: 0.1, not 0.10000000149011612."""
    short = np.float32 if pa.types.is_float32(kind) else np.float16
    return lambda value: str(short(value))


def _decode_bytes(value: bytes) -> str:
    """Return bytes as the text that they are, or else as their number: a picture is not a text."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return f"({len(value):,} bytes)"


def _write_nested(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=_write_odd_value)


def _write_odd_value(value: Any) -> str:
    return _decode_bytes(value) if isinstance(value, bytes) else str(value)
