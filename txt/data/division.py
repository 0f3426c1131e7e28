"""Staged rows divided into splits and classes, with what a user has to be told about it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from txt.config import PrepareConfig
from txt.data.duplicates import overlaps
from txt.data.labels import lookalikes, name_classes
from txt.data.prepared import SPLITS
from txt.data.split import LEFT_OUT, TEST, UNLABELED, VAL, Codes, Hashes, Rows, Shares, assign
from txt.data.staging import Staged
from txt.errors import InputError

_LISTED = 8  # names in one line


@dataclass(frozen=True)
class Division:
    """The split and the class of each row, (N,); labels are -1 for none, codes LEFT_OUT where a row is dropped."""

    names: tuple[str, ...]
    texts: Hashes
    labels: npt.NDArray[np.int32]
    codes: Codes
    split_by: str
    dropped: dict[str, int]
    warnings: tuple[str, ...] = ()

    @cached_property
    def class_counts(self) -> dict[str, dict[str, int]]:
        """The rows of each class by split."""
        counted = {}
        for code, split in enumerate(SPLITS[:UNLABELED]):
            counts = np.bincount(self.labels[self.codes == code], minlength=len(self.names))
            counted[split] = dict(zip(self.names, counts.tolist(), strict=True))
        return counted


def divide(staged: Staged, config: PrepareConfig) -> Division:
    """Name the classes and decide who goes where.

    Raises:
        InputError: there are no labels, fewer than two classes, or no rows to train on.
    """
    texts = np.frombuffer(staged.texts, np.uint64)
    given = np.frombuffer(staged.given, np.int8)
    written = np.frombuffer(staged.labels, np.int32)
    _refuse_without_text(staged)
    used = np.unique(written[(written >= 0) & (given != UNLABELED)])
    raw = list(staged.label_names)
    naming = name_classes(raw[code] for code in used)
    _refuse_without_classes(staged, naming.names)
    lookup = np.array([naming.class_of.get(label, -1) for label in raw] + [-1], np.int32)
    labels = lookup[written]  # -1 looks up the last place
    shares, split_by = _shares(staged, given, labels, config)
    copies = np.frombuffer(staged.copies, np.int8).astype(bool) if staged.copies else None
    groups = [np.frombuffer(keys, np.uint64) for keys in (staged.groups, staged.origins) if keys]
    codes = assign(Rows(texts, labels, given, groups, copies), shares, config.seed)
    copied = codes[copies] if copies is not None else codes[:0]
    dropped = {
        "no text": staged.rows_without_text,
        "copies of val or test rows": int(np.count_nonzero(copied == LEFT_OUT)),
        "unlabeled, and labeled elsewhere": int(np.count_nonzero((codes == LEFT_OUT) & (labels < 0))),
    }
    division = Division(
        naming.names, texts, labels, codes, split_by, {why: rows for why, rows in dropped.items() if rows}
    )
    notes = [naming.note] if naming.note else []
    return replace(division, warnings=(*notes, *_warnings(division, shares)))


def _refuse_without_text(staged: Staged) -> None:
    if not len(staged):
        name, source = staged.roles.text.name, next(iter(staged.sources))
        raise InputError(
            f"column `{name}` of `{source}` is empty in every row", "name the text's column with --text-column"
        )


def _refuse_without_classes(staged: Staged, names: Sequence[str]) -> None:
    if len(names) > 1:
        return
    source = next(iter(staged.sources))
    column = staged.roles.label.name if staged.roles.label else ""
    if names:
        raise InputError(
            f"every labeled row of `{source}` has the label `{names[0]}`, and a classifier needs two classes",
            f"column `{column}` was taken for the label; --label-column names another",
        )
    raise InputError(
        f"no row of `{source}` has a label: column `{column}` is empty",
        f"label some first: txt label {source}",
    )


def _shares(staged: Staged, given: Codes, labels: npt.NDArray[np.int32], config: PrepareConfig) -> tuple[Shares, str]:
    """Return the shares still to be cut off the train rows, and in words who made the splits."""
    has_val = bool(np.any((given == VAL) & (labels >= 0)))
    has_test = bool(np.any((given == TEST) & (labels >= 0)))
    rest = 1 - config.train_split - config.val_split
    shares = Shares(0.0 if has_val else config.val_split, 0.0 if has_test or rest < 1e-9 else rest)
    if not (has_val or has_test):
        return (
            shares,
            f"made here: {config.train_split:g} / {config.val_split:g} / {max(rest, 0):g}, seed {config.seed}",
        )
    made = f"column `{staged.roles.split.name}`" if staged.roles.split else "the given files"
    if has_val and has_test:
        return shares, made
    missing, share = ("test", shares.test) if has_val else ("val", shares.val)
    return shares, f"{made}; {missing} is {share:g} of the train rows, seed {config.seed}"


def _warnings(division: Division, shares: Shares) -> Iterator[str]:
    for group in lookalikes(division.names):
        yield f"these labels differ only by case or spaces, and are different classes: {_listed(group)}"
    counts = division.class_counts
    made = [split for split in ("train", "val", "test") if any(counts[split].values())]
    for split in ("val", "test"):
        if split not in made:
            yield f"there are no {split} rows"
    thin = [name for name in division.names if not all(counts[split][name] for split in made)]
    if thin:
        missing = (f"`{name}` (not in {_and([s for s in made if not counts[s][name]])})" for name in thin[:_LISTED])
        more = f" and {len(thin) - _LISTED} more" if len(thin) > _LISTED else ""
        yield f"some classes are not in every split: {', '.join(missing)}{more}"
    if shares.val == 0 or shares.test == 0:
        for first, second, rows in overlaps(division.texts, division.codes):
            total = int(np.count_nonzero(division.codes == second))
            yield f"{rows:,} of {total:,} {SPLITS[second]} rows have a text that is also in {SPLITS[first]}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _and(names: Sequence[str]) -> str:
    return " and ".join(names)
