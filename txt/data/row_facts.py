"""The facts about each row that the split needs: a few bytes per row, gathered batch by batch."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from txt.data.arrow_arrays import EMPTY_BYTES, EMPTY_TEXT, FALSE, read_numbers
from txt.data.reading.columns import Column
from txt.data.reading.roles import Roles
from txt.data.reading.split_column import SplitColumn, explain_unknown_split
from txt.data.several_labels import find_several
from txt.data.split import LEFT_OUT, TEST, TRAIN, UNLABELED, VAL, hash_contents
from txt.data.text_keys import hash_text_keys
from txt.errors import InputError

ROW = "\0row"
"""Name of the column with each row's number in its source, from 1; no source has a column so named."""

_MOST_LABELS = 10_000
_SPLIT_CODES = {"train": TRAIN, "val": VAL, "test": TEST, "unlabeled": UNLABELED}
_COPY, _ORIGIN = "augmented", "source_id"  # the columns that augmentation adds
_HOW = ("label_how", "final_label_how")  # the column in which an export of labels says how each came
_MACHINES = frozenset({"rule", "model"})
_TRUE = frozenset({"true", "1", "yes"})


@dataclass
class RowFacts:
    """What is known of the rows so far, (N,) each.

    `texts` are hashes, `keys` those of the texts without case, spaces and the like; `labels` are places in
    `label_names`, -1 for none; `given` is the split that the source names, LEFT_OUT for none. `groups` and `origins`
    are hashes that are equal for rows that belong together, `copies` is 1 for augmented rows, `guessed` for those whose
    label comes from rules or a model, `ids` are hashes of the ids; these are empty where no column says so. `several`
    tells whether a row may have several labels, of which there are many combinations; None where nobody said.
    """

    texts: "array[int]" = field(default_factory=lambda: array("Q"))
    keys: "array[int]" = field(default_factory=lambda: array("Q"))
    labels: "array[int]" = field(default_factory=lambda: array("i"))
    given: "array[int]" = field(default_factory=lambda: array("b"))
    groups: "array[int]" = field(default_factory=lambda: array("Q"))
    origins: "array[int]" = field(default_factory=lambda: array("Q"))
    copies: "array[int]" = field(default_factory=lambda: array("b"))
    guessed: "array[int]" = field(default_factory=lambda: array("b"))
    ids: "array[int]" = field(default_factory=lambda: array("Q"))
    label_names: dict[str, int] = field(default_factory=dict)
    several: bool | None = None
    text_bytes: int = 0
    ids_complete: bool = True

    def __len__(self) -> int:
        return len(self.texts)

    def add(self, batch: pa.RecordBatch, roles: Roles, given: int | None, source: str) -> None:
        """Take note of some rows, all with a text; `given` is their split, where the whole file is one.

        Raises:
            InputError: a cell of the label or split column makes no sense; it is named.
        """
        texts = get_column(batch, roles.text.name).cast(pa.binary()).to_pylist()
        self.text_bytes += sum(map(len, texts))
        hashes = hash_contents(texts)
        self.texts.frombytes(hashes.tobytes())
        self.keys.frombytes(hash_text_keys(texts).tobytes())
        labels = self._code_labels(batch, roles.label, source)
        self.labels.frombytes(labels.tobytes())
        splits = _read_given_splits(batch, roles.split, given, labels, source)
        self.given.frombytes(splits.tobytes())
        if roles.group:
            self.groups.frombytes(_hash_cells(get_column(batch, roles.group.name), hashes).tobytes())
        if roles.row_id:
            self._add_ids(get_column(batch, roles.row_id.name), hashes)
        if _ORIGIN in batch.schema.names or self.origins:
            self._add_origins(batch, self.ids if roles.row_id else self.texts)
        self._add_guessed(batch)

    def _add_ids(self, ids: pa.Array, hashes: npt.NDArray[np.uint64]) -> None:
        self.ids_complete &= pc.all(pc.fill_null(pc.not_equal(ids, EMPTY_TEXT), FALSE)).as_py()
        self.ids.frombytes(_hash_cells(ids, hashes).tobytes())

    def _add_origins(self, batch: pa.RecordBatch, own_keys: "array[int]") -> None:
        """Note which row each row was made from; a row that names none is its own origin."""
        own = np.frombuffer(own_keys, np.uint64)
        before = own[len(self.origins) : len(own) - len(batch)]  # rows that came before the column did
        origins = _hash_cells(get_column(batch, _ORIGIN), own[len(own) - len(batch) :])
        self.origins.frombytes(before.tobytes() + origins.tobytes())
        self.copies.frombytes(bytes(len(before)) + _mark_copies(batch).tobytes())

    def _add_guessed(self, batch: pa.RecordBatch) -> None:
        """Note which labels no person gave; an export says so."""
        name = next((name for name in _HOW if name in batch.schema.names), None)
        if name is not None or self.guessed:
            before = len(self) - len(batch) - len(self.guessed)  # rows that came before the column did
            guessed = _map_values(get_column(batch, name or _HOW[0]), lambda how: how in _MACHINES, np.int8)
            self.guessed.frombytes(bytes(before) + guessed.tobytes())

    def _are_several(self) -> bool:
        """Tell whether labels of which there are very many different ones are combinations of fewer."""
        if self.several is None:
            self.several = find_several(self.label_names) is not None
        return self.several

    def _code_labels(self, batch: pa.RecordBatch, column: Column | None, source: str) -> npt.NDArray[np.int32]:
        def code(label: str | None) -> int:
            if label is None or not label.strip():
                return -1
            if label not in self.label_names and len(self.label_names) == _MOST_LABELS and not self._are_several():
                raise InputError(
                    f"column `{name}` of `{source}` has more than {_MOST_LABELS:,} different values, not classes",
                    "name another column with --label-column",
                )
            return self.label_names.setdefault(label, len(self.label_names))

        name = column.name if column else ""
        return _map_values(get_column(batch, name), code, np.int32)


def get_column(batch: pa.RecordBatch, name: str) -> pa.Array:
    """Return a column; one that the batch lacks, as JSON rows may, is all missing."""
    place = batch.schema.get_field_index(name)
    return batch.column(place) if place >= 0 else pa.nulls(len(batch), pa.string())


def _hash_cells(column: pa.Array, missing: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return a hash of each cell, and that of `missing` where the cell is empty."""
    cells = column.cast(pa.binary()).fill_null(EMPTY_BYTES).to_pylist()
    return np.where(np.fromiter(map(bool, cells), bool, len(cells)), hash_contents(cells), missing)


def _read_given_splits(
    batch: pa.RecordBatch, column: SplitColumn | None, given: int | None, labels: npt.NDArray[np.int32], source: str
) -> npt.NDArray[np.int8]:
    """Return the split that the source names for each row; with a split column, every row with a label needs one."""

    def code(split: str | None) -> int:
        if split is None or not split.strip():
            return LEFT_OUT
        assert column is not None
        known = column.parse(split)
        if known is None:
            raise explain_unknown_split(column, [split.strip()], source)
        return _SPLIT_CODES[known]

    if column is None:
        return np.full(len(batch), LEFT_OUT if given is None else given, np.int8)
    name = column.name
    codes = _map_values(get_column(batch, name), code, np.int8)
    gaps = np.flatnonzero((codes == LEFT_OUT) & (labels >= 0))
    if len(gaps):
        raise InputError(
            f"column `{name}` of `{source}` is empty in row {batch.column(ROW)[int(gaps[0])]}",
            "every row with a label needs train, val or test there",
        )
    return codes


def _mark_copies(batch: pa.RecordBatch) -> npt.NDArray[np.int8]:
    """Return 1 for each row that augmentation made; without its column, all rows with an origin are."""
    if _COPY in batch.schema.names:
        return _map_values(get_column(batch, _COPY), lambda value: (value or "").strip().lower() in _TRUE, np.int8)
    return _map_values(get_column(batch, _ORIGIN), bool, np.int8)


def _map_values(column: pa.Array, code: Callable[[str | None], int], kind: npt.DTypeLike) -> npt.NDArray[Any]:
    """Return a code for each cell, asking once for each different value."""
    encoded = column.dictionary_encode(null_encoding="encode")
    codes = np.asarray([code(value) for value in encoded.dictionary.to_pylist()], kind)
    return np.asarray(codes[read_numbers(encoded.indices)])
