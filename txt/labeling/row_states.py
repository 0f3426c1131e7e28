"""The state of each row: its label or skip, flag, note, and annotator; in arrays, since files have millions of rows."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.data.reading.row_index import UNLABELED, RowIndex, hash_content
from txt.labeling.store.decision import SEPARATOR, Decision, format_row_id, parse_row_id
from txt.labeling.store.journal import Journal

SKIPPED, FLAGGED, NOTED = 1, 2, 4
"""What the store says of a row besides its label, as bits: several can hold at once."""

FROM_FILE = "file"
"""The value of `how` of a label that stands in the data file itself."""

BY_PEOPLE = (FROM_FILE, "manual", "bulk", "review", "import")
"""The values of `how` of labels that a person decided on, and not a rule, a model or a copy from an equal row."""

RowNumbers = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


class _StringCodes:
    """Strings as small numbers."""

    def __init__(self, names: Iterable[str] = ()) -> None:
        self.names = list(names)
        self._codes = {name: code for code, name in enumerate(self.names)}

    def code(self, name: str) -> int:
        if name not in self._codes:
            self._codes[name] = len(self.names)
            self.names.append(name)
        return self._codes[name]

    def known(self, name: str) -> int:
        return self._codes.get(name, -2)


class RowStates:
    """The state of every row of a file, and the number of rows in each state."""

    def __init__(self, index: RowIndex, *, file_labels: bool = True, multi_label: bool = False) -> None:
        self.index = index
        self._separator = SEPARATOR if multi_label else None
        count = len(index)
        self.unmatched: set[str] = set()
        self._labels = _StringCodes(index.label_names)
        self._annotators = _StringCodes([""])
        self._hows = _StringCodes([FROM_FILE])
        self._file_codes = index.label_codes if file_labels else np.full(count, UNLABELED, np.int16)
        self._empty = np.asarray(index.hashes == np.uint64(hash_content("")))  # a row without a text is never offered
        self._empty_rows = np.flatnonzero(self._empty)
        self._label = self._file_codes.astype(np.int32)  # (N,) code of the label, or UNLABELED
        self._bits = np.zeros(count, np.uint8)  # (N,) SKIPPED, FLAGGED, NOTED
        self._annotator = np.zeros(count, np.int16)  # (N,) whose label or skip it is
        self._how = np.zeros(count, np.int8)
        self._act = np.zeros(count, np.int64)  # (N,) the act it came by
        self._decided = self._empty | (self._label >= 0)
        self._label_counts = _count_codes(self._label)
        self._bit_counts = Counter({SKIPPED: 0, FLAGGED: 0, NOTED: 0})

    def __len__(self) -> int:
        return len(self._label)

    @property
    def decided(self) -> Mask:
        """Which rows need no decision any more (N,)."""
        return self._decided

    @property
    def labeled(self) -> Mask:
        """Which rows have a label (N,)."""
        return np.asarray(self._label >= 0)

    @property
    def offered_count(self) -> int:
        """The number of rows that have a text, or were decided on all the same."""
        skipped = (self._bits[self._empty_rows] & SKIPPED) > 0
        return len(self) - int(np.count_nonzero((self._label[self._empty_rows] < 0) & ~skipped))

    @property
    def decided_count(self) -> int:
        """The number of rows with a label or skipped."""
        return self._label_counts.total() + self._bit_counts[SKIPPED]

    @property
    def skipped_count(self) -> int:
        """The number of skipped rows."""
        return self._bit_counts[SKIPPED]

    @property
    def flagged_count(self) -> int:
        """The number of flagged rows."""
        return self._bit_counts[FLAGGED]

    def class_counts(self) -> Counter[str]:
        """Return the number of rows with each class."""
        counts: Counter[str] = Counter()
        for code, count in self._label_counts.items():
            counts.update(dict.fromkeys(self.classes_in(self._labels.names[code]), count))
        return counts

    def label(self, row: int) -> str | None:
        """Return the label of a row, or None."""
        code = int(self._label[row])
        return self._labels.names[code] if code >= 0 else None

    def labels_of(self, rows: RowNumbers) -> tuple[RowNumbers, tuple[str, ...]]:
        """Return the labels of labeled rows, as numbers into the names, sorted, of those that occur."""
        used, codes = np.unique(self._label[rows], return_inverse=True)
        names = [self._labels.names[code] for code in used.tolist()]
        order = sorted(range(len(names)), key=names.__getitem__)
        places = np.empty(len(names), np.int64)
        places[order] = np.arange(len(names))
        return places[codes], tuple(names[place] for place in order)

    def is_skipped(self, row: int) -> bool:
        """Tell whether a row was skipped."""
        return bool(self._bits[row] & SKIPPED)

    def is_flagged(self, row: int) -> bool:
        """Tell whether a row is flagged."""
        return bool(self._bits[row] & FLAGGED)

    def is_noted(self, row: int) -> bool:
        """Tell whether there is a note on a row."""
        return bool(self._bits[row] & NOTED)

    def annotator(self, row: int) -> str:
        """Return who labeled or skipped a row; empty for the data file itself."""
        return self._annotators.names[int(self._annotator[row])]

    def how(self, row: int) -> str:
        """Return the `how` of a row's label: manual, bulk, duplicate, …"""
        return self._hows.names[int(self._how[row])]

    def act(self, row: int) -> int:
        """Return the act by which a row was labeled or skipped, 0 for none."""
        return int(self._act[row])

    def acts(self, rows: RowNumbers) -> RowNumbers:
        """Return the acts that the labels of rows came by, rising in time; 0 for those of the file."""
        return self._act[rows]

    def is_empty(self, row: int) -> bool:
        """Tell whether a row has no text."""
        return bool(self._empty[row])

    def is_free(self, row: int) -> bool:
        """Tell whether nobody decided on a row itself: at most a label was copied to it."""
        return not self._decided[row] or self.how(row) == "duplicate"

    @property
    def free(self) -> Mask:
        """Which rows nobody decided on themselves (N,)."""
        return ~self._decided | self.mask_how("duplicate")

    def decided_in_store(self) -> RowNumbers:
        """Return the rows with a label or skip from the store, not from the data file."""
        return np.flatnonzero(self._act)

    def row_id(self, row: int) -> str:
        """Return a row's name in the store."""
        return format_row_id(int(self.index.hashes[row]), self.index.occurrence(row))

    def row_ids(self, rows: RowNumbers) -> list[str]:
        """Return the names of many rows."""
        occurrences = self.index.occurrences(rows).tolist()
        return [format_row_id(*pair) for pair in zip(self.index.hashes[rows].tolist(), occurrences, strict=True)]

    def find_rows(self, names: Sequence[str]) -> RowNumbers:
        """Return the rows with these names, -1 for those that the file does not have."""
        pairs = [parse_row_id(name) for name in names]
        hashes = np.array([text_hash for text_hash, _ in pairs], np.uint64)
        return self.index.find(hashes, np.array([occurrence for _, occurrence in pairs], np.int64))

    def apply(self, decisions: Sequence[Decision]) -> None:
        """Let decisions take effect, oldest first; those on rows that the file does not have are remembered apart."""
        about_rows = [decision for decision in decisions if decision.row_id is not None]
        rows = self.find_rows([decision.row_id or "" for decision in about_rows])
        self.unmatched.update(about_rows[place].row_id or "" for place in np.flatnonzero(rows < 0))
        touched = np.array(sorted(set(rows[rows >= 0].tolist())), np.int64)
        self._count(touched, -1)
        self._set_labels([pair for pair in zip(rows.tolist(), about_rows, strict=True) if pair[0] >= 0])
        for kind, bit in (("flag", FLAGGED), ("note", NOTED)):
            for row, decision in zip(rows.tolist(), about_rows, strict=True):
                if decision.kind == kind and row >= 0:
                    self._set_bits(np.array([row]), bit, bool(decision.value))
        self._update_derived(touched)

    def reset_rows(self, rows: RowNumbers) -> None:
        """Put rows back to how the data file has them."""
        self._count(rows, -1)
        self._label[rows] = self._file_codes[rows]
        self._bits[rows] = 0
        self._annotator[rows] = 0
        self._how[rows] = 0
        self._act[rows] = 0
        self._update_derived(rows)

    def mask_labeled(self, label: str) -> Mask:
        """Return which rows have a label (N,); with several labels a row, which have it among them."""
        codes = [code for code, names in enumerate(self._labels.names) if label in self.classes_in(names)]
        return np.asarray(np.isin(self._label, codes))

    def classes_in(self, label: str) -> list[str]:
        """Return the classes that a label stands for."""
        if self._separator is None:
            return [label]
        return label.split(self._separator) if label else []

    def mask_bit(self, bit: int) -> Mask:
        """Return which rows are skipped, flagged or noted (N,)."""
        return np.asarray((self._bits & bit) > 0)

    def mask_annotator(self, annotator: str) -> Mask:
        """Return which rows were labeled or skipped by somebody (N,)."""
        return np.asarray((self._annotator == self._annotators.known(annotator)) & (self._act > 0))

    def mask_how(self, how: str) -> Mask:
        """Return which rows have a label with this `how` (N,)."""
        return np.asarray((self._how == self._hows.known(how)) & self._decided)

    def classes_in_file(self) -> set[str]:
        """Return the classes that stand in the data file itself."""
        return {name for label in self.index.label_names for name in self.classes_in(label)}

    def ways(self) -> dict[str, int]:
        """Return the number of labeled rows by how their label came."""
        return {self._hows.names[code]: count for code, count in _count_codes(self._how[self.labeled]).items()}

    def annotators(self) -> list[str]:
        """Return everybody who decided on a row."""
        return self._annotators.names[1:]

    def _set_labels(self, pairs: Sequence[tuple[int, Decision]]) -> None:
        """Set labels and skips; of several on one row the last one stays, as numpy assigns in order."""
        chosen = [(row, decision) for row, decision in pairs if decision.kind in ("label", "skip")]
        if not chosen:
            return
        rows = np.array([row for row, _ in chosen])
        skips = np.array([decision.kind == "skip" for _, decision in chosen])
        self._label[rows] = [
            UNLABELED if decision.kind == "skip" else self._labels.code(decision.value or "") for _, decision in chosen
        ]
        self._bits[rows] = (self._bits[rows] & ~np.uint8(SKIPPED)) | (skips * np.uint8(SKIPPED))
        self._annotator[rows] = [self._annotators.code(decision.annotator) for _, decision in chosen]
        self._how[rows] = [self._hows.code(decision.how) for _, decision in chosen]
        self._act[rows] = [decision.act for _, decision in chosen]

    def _set_bits(self, rows: RowNumbers, bit: int, on: bool) -> None:
        self._bits[rows] = (self._bits[rows] & ~np.uint8(bit)) | np.uint8(bit if on else 0)

    def _update_derived(self, rows: RowNumbers) -> None:
        """Update what is derived from the states of rows that have changed: `decided` and the counts."""
        self._decided[rows] = self._empty[rows] | (self._label[rows] >= 0) | ((self._bits[rows] & SKIPPED) > 0)
        self._count(rows, 1)

    def _count(self, rows: RowNumbers, sign: int) -> None:
        """Add rows to the counts, or with `sign` -1 take them off."""
        for code, number in _count_codes(self._label[rows]).items():
            self._label_counts[code] += sign * number
        for bit in self._bit_counts:
            self._bit_counts[bit] += sign * int(np.count_nonzero(self._bits[rows] & bit))


def _count_codes(codes: npt.NDArray[Any]) -> Counter[int]:
    """Count each code from 0 up; unlike numpy's `unique`, this loads nothing that a start would wait for."""
    counts = np.bincount(codes[codes >= 0])
    return Counter({code: count for code, count in enumerate(counts.tolist()) if count})


def read_row_states(
    index: RowIndex, journal: Journal, *, file_labels: bool = True, multi_label: bool = False
) -> RowStates:
    """Return the state of each row by the data file and the store."""
    states = RowStates(index, file_labels=file_labels, multi_label=multi_label)
    taken_back = journal.undone_acts()
    for batch in journal.read_all_decisions():
        states.apply([each for each in batch if each.target is None and each.act not in taken_back])
    return states
