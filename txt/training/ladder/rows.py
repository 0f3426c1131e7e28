"""The rows that the ladder learns from: train and val together, and parts of them, in the form that training takes."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.data.label_kinds import LabelSets
from txt.data.prepared import Split


class JoinedRows:
    """The rows of several splits, one split after the other; of more than `most`, as many by chance.

    Attributes:
        places: where the rows are among all of the splits, (N,).
        left_out: how many rows are not among them.
    """

    name = "train and val"

    def __init__(self, splits: Sequence[Split], most: int, seed: int) -> None:
        self._splits = [split for split in splits if len(split)]
        self._starts = np.cumsum([0, *map(len, self._splits)])
        total = int(self._starts[-1])
        self.places: Ints = np.arange(total)
        if total > most:
            self.places = np.sort(np.random.default_rng(seed).choice(total, most, replace=False))
        self.left_out = total - len(self.places)

    def __len__(self) -> int:
        return len(self.places)

    @cached_property
    def lengths(self) -> npt.NDArray[np.int32]:
        """Tokens of each row."""
        return np.concatenate([np.empty(0, np.int32), *(split.lengths for split in self._splits)])[self.places]

    @cached_property
    def labels(self) -> Ints:
        """Class number of each row."""
        return np.concatenate([np.empty(0, np.int64), *(split.labels for split in self._splits)])[self.places]

    @cached_property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The probability of each class in each row, (N, C), where that is known."""
        parts = [split.shares for split in self._splits]
        known = [part for part in parts if part is not None]
        return np.concatenate(known)[self.places] if len(known) == len(parts) else None

    @cached_property
    def label_sets(self) -> LabelSets:
        """The labels of each row, where rows may have several."""
        return LabelSets.join([split.label_sets for split in self._splits]).take(self.places)

    @property
    def has_several(self) -> bool:
        """Whether rows may have several labels."""
        return any(split.has_several for split in self._splits)

    def gather(self, rows: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Return the token ids of some rows, laid end to end, and each row's number of tokens."""
        wanted = self.places[np.asarray(rows, np.int64)]
        owner = np.searchsorted(self._starts, wanted, side="right") - 1
        parts: list[Ints] = [np.empty(0, np.int64)] * len(wanted)
        for number, split in enumerate(self._splits):
            places = np.flatnonzero(owner == number)
            if len(places):
                token_ids, lengths = split.gather(wanted[places] - self._starts[number])
                cut = np.split(token_ids, np.cumsum(lengths)[:-1])
                for place, part in zip(places.tolist(), cut, strict=True):
                    parts[place] = part
        return np.concatenate([np.empty(0, np.int64), *parts]), np.array([len(part) for part in parts], np.int64)

    def texts(self) -> list[str]:
        """Return the text of every row."""
        texts = [text for split in self._splits for text in split.texts()]
        return [texts[place] for place in self.places]

    def column(self, name: str) -> list[str] | None:
        """Return what another column of the source says about every row; None where it is not kept."""
        tables = [split.metadata() for split in self._splits]
        if any(name not in table.column_names for table in tables):
            return None
        values = [str(value) for table in tables for value in table.column(name).to_pylist()]
        return [values[place] for place in self.places]


class SomeRows:
    """Some rows of others, by their places."""

    name = "some rows"

    def __init__(self, rows: JoinedRows, places: Ints) -> None:
        self._rows, self._places = rows, places
        self.lengths = rows.lengths[places]
        self.has_several = rows.has_several

    def __len__(self) -> int:
        return len(self._places)

    @cached_property
    def labels(self) -> Ints:
        """Class number of each row."""
        return self._rows.labels[self._places]

    @cached_property
    def shares(self) -> npt.NDArray[np.float32] | None:
        """The probability of each class in each row, (N, C), where that is known."""
        return None if self._rows.shares is None else self._rows.shares[self._places]

    @cached_property
    def label_sets(self) -> LabelSets:
        """The labels of each row, where rows may have several."""
        return self._rows.label_sets.take(self._places)

    def gather(self, rows: npt.ArrayLike) -> tuple[Ints, Ints]:
        """Return the token ids of some rows, laid end to end, and each row's number of tokens."""
        return self._rows.gather(self._places[np.asarray(rows, np.int64)])
