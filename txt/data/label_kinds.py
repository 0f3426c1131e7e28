"""What labels are: one class a row, several labels a row, classes in an order, or classes in levels; how sets are
written.

The kind is decided where a table is read, and stands in the prepared folder's manifest; all other code asks there.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.data.several_labels import OWN_JOINT, split_list
from txt.errors import InputError

SINGLE, SEVERAL, ORDERED, NESTED = "single", "several", "ordered", "nested"
KINDS = (SINGLE, SEVERAL, ORDERED, NESTED)
"""The kinds of labels, by the names that the manifest has for them."""

JOINED, LIST, COLUMNS = "joined", "list", "columns"


@dataclass(frozen=True)
class LabelForm:
    """How a file writes the several labels of a row: names joined by `sign`, a list, or a column of 0 and 1 a label."""

    form: str = JOINED
    sign: str = OWN_JOINT

    def parse(self, cell: str) -> tuple[str, ...]:
        """Return the labels in a cell, each once; a list is read as one whatever the form is."""
        found = split_list(cell) if cell[:1] in "[{" else None
        names = [part.strip() for part in cell.split(self.sign)] if found is None else [each.strip() for each in found]
        return tuple(dict.fromkeys(name for name in names if name))

    def write(self, names: Iterable[str]) -> str:
        """Return a cell with these labels; as a list where a name holds the sign, or there is none to join."""
        listed = list(names)
        if self.form != JOINED or any(self.sign in name for name in listed):
            return json.dumps(listed, ensure_ascii=False)
        return self.sign.join(listed)

    def to_json(self) -> dict[str, str]:
        """Return the form as a JSON object."""
        return {"form": self.form, "sign": self.sign}

    @classmethod
    def from_json(cls, value: Mapping[str, Any] | None) -> "LabelForm":
        """Return the form that a manifest or a config.json holds; the usual one where it holds none."""
        known = value or {}
        form, sign = str(known.get("form", JOINED)), str(known.get("sign", OWN_JOINT))
        return cls(form if form in (JOINED, LIST, COLUMNS) else JOINED, sign or OWN_JOINT)


@dataclass(frozen=True)
class LabelSets:
    """The labels of some rows: those of row i are `ids[offsets[i] : offsets[i + 1]]`, in ascending order.

    `offsets` are (N + 1,), `ids` (number of all labels,).
    """

    offsets: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @classmethod
    def of(cls, sets: Sequence[Sequence[int]]) -> "LabelSets":
        """Make them of a sequence of label numbers for each row."""
        offsets = np.concatenate([[0], np.cumsum([len(each) for each in sets], dtype=np.int64)]).astype(np.int64)
        return cls(offsets, np.fromiter((label for each in sets for label in sorted(each)), np.int32, int(offsets[-1])))

    @classmethod
    def of_matrix(cls, matrix: npt.NDArray[np.bool_]) -> "LabelSets":
        """Make them of a matrix (N, K) that says which label each row has."""
        rows, ids = np.nonzero(matrix)
        offsets = np.searchsorted(rows, np.arange(len(matrix) + 1)).astype(np.int64)
        return cls(offsets, ids.astype(np.int32))

    def matrix(self, labels: int) -> npt.NDArray[np.bool_]:
        """Return whether each row has each label, (N, K): a byte each."""
        found = np.zeros((len(self), labels), np.bool_)
        found[np.repeat(np.arange(len(self)), np.diff(self.offsets)), self.ids] = True
        return found

    def take(self, rows: npt.NDArray[np.int64]) -> "LabelSets":
        """Return those of some rows, in the order of `rows`."""
        sizes = np.diff(self.offsets)[rows]
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        places = np.repeat(self.offsets[rows] - offsets[:-1], sizes) + np.arange(offsets[-1])
        return LabelSets(offsets, self.ids[places])

    def names(self, row: int, names: Sequence[str]) -> tuple[str, ...]:
        """Return the names of a row's labels."""
        return tuple(names[label] for label in self.ids[self.offsets[row] : self.offsets[row + 1]])

    @staticmethod
    def join(parts: Sequence["LabelSets"]) -> "LabelSets":
        """Return those of several parts, one after the other."""
        sizes = np.concatenate([np.empty(0, np.int64), *(np.diff(part.offsets) for part in parts)])
        offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        return LabelSets(offsets, np.concatenate([np.empty(0, np.int32), *(part.ids for part in parts)]))


def refuse_several(what: str) -> InputError:
    """Return the error of a command that does not take several labels a row."""
    return InputError(
        f"{what} does not take data with several labels a row",
        "what does: txt train DATA, txt eval, txt predict; --no-multi-label makes a class of each combination",
    )
