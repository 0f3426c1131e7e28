"""Assigns rows to train, val and test, with about the same mix of classes and nothing shared between the splits.

Rows with the same text or the same group form a unit, and a unit never lands in two splits. Which one is decided by a
hash of its text and the seed, so the same rows give the same split on every platform and in whatever order they come.
Arrays are as long as the file, so memory is counted in bytes a row here, and most rows, being alone, form no unit.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

TRAIN, VAL, TEST, UNLABELED = range(4)
LEFT_OUT = -1

SplitCodes = npt.NDArray[np.int8]
LabelCodes = npt.NDArray[np.int32]
Hashes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]
Indices = npt.NDArray[np.int64]
Number = TypeVar("Number", np.uint64, np.int64)

_CHUNK = 1 << 18  # rows; temporary arrays are this long only


@dataclass(frozen=True)
class SplitRows:
    """What the split looks at, row by row, each (N,).

    `texts` are hashes of the texts; `labels` are class numbers, -1 for none; `given` is the split that the source
    names, LEFT_OUT for none. `groups` are further hashes, equal where rows belong together; `copies` marks augmented
    rows, and `origins`, equal for an original and its copies, tells which of them to leave out where the source itself
    says that the original is a val or test row. Where rows have several labels, `labels` are places in `sets`, the
    different sets of labels.
    """

    texts: Hashes
    labels: LabelCodes
    given: SplitCodes
    groups: Sequence[Hashes] = ()
    copies: Mask | None = None
    origins: Hashes | None = None
    sets: Sequence[tuple[int, ...]] | None = None


@dataclass(frozen=True)
class Shares:
    """The parts of the undivided rows that go to val and test; the rest is train."""

    val: float
    test: float


def assign_splits(rows: SplitRows, shares: Shares, seed: int) -> SplitCodes:
    """Return the split of each row, (N,), or LEFT_OUT.

    Given val and test rows stay where they are; all others with a label are divided by `shares`, class by class. Left
    out are copies of rows that are not in train, and rows without a label whose text has one elsewhere.
    """
    labeled = rows.labels >= 0
    copies = np.zeros(len(labeled), bool) if rows.copies is None else rows.copies
    codes = np.where(labeled, rows.given, np.int8(UNLABELED))
    undivided = (codes == LEFT_OUT) | (codes == TRAIN)
    codes[undivided] = TRAIN
    if shares.val > 0 or shares.test > 0:
        _divide_rows(rows, undivided, copies, shares, seed, codes)
    if rows.origins is not None:
        outside = np.sort(rows.origins[~copies & ((codes == VAL) | (codes == TEST))])
        codes[copies & is_member(rows.origins, outside)] = LEFT_OUT
    codes[copies & (codes != TRAIN)] = LEFT_OUT
    if not labeled.all():
        codes[~labeled & is_member(rows.texts, np.sort(rows.texts[labeled]))] = LEFT_OUT
    return codes


def hash_contents(values: Iterable[bytes]) -> Hashes:
    """Return 64 bits for each value, (N,), the same on every machine."""
    digests = b"".join(hashlib.blake2b(value, digest_size=8).digest() for value in values)
    return np.frombuffer(digests, "<u8").astype(np.uint64)


def find_repeated(keys: Hashes) -> Hashes:
    """Return the keys that occur more than once, each once, in order."""
    ordered = np.sort(keys)
    return drop_repeats(ordered[1:][ordered[1:] == ordered[:-1]])


def drop_repeats(ordered: npt.NDArray[Number]) -> npt.NDArray[Number]:
    """Return sorted numbers, each once, as `np.unique` does, which loads all of `numpy.ma` for it."""
    return ordered[np.append(True, ordered[1:] != ordered[:-1])] if len(ordered) else ordered


def is_member(keys: Hashes, known: Hashes) -> Mask:
    """Return which keys, (N,), are among the sorted `known` ones."""
    found = np.zeros(len(keys), bool)
    if len(known):
        for start in range(0, len(keys), _CHUNK):
            piece = keys[start : start + _CHUNK]
            places = np.minimum(np.searchsorted(known, piece), len(known) - 1)
            found[start : start + _CHUNK] = known[places] == piece
    return found


def mix_keys(keys: Hashes, seed: int) -> Hashes:
    """Return each key mixed with the seed by the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    state = np.empty_like(keys)
    for start in range(0, len(keys), _CHUNK):
        piece = keys[start : start + _CHUNK] + np.uint64((seed + 1) * 0x9E3779B97F4A7C15 % 2**64)
        piece = (piece ^ (piece >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        piece = (piece ^ (piece >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state[start : start + _CHUNK] = piece ^ (piece >> np.uint64(31))
    return state


@dataclass(frozen=True)
class _Units:
    """Rows that belong together; of each unit, its size without copies, its main class and a key."""

    rows: Indices  # (R,) those that are not alone
    numbers: Indices  # (R,) the unit of each
    sizes: Indices  # (units,)
    classes: LabelCodes  # (units,)
    keys: Hashes  # (units,)


def _divide_rows(rows: SplitRows, undivided: Mask, copies: Mask, shares: Shares, seed: int, codes: SplitCodes) -> None:
    """Set the codes of the undivided rows."""
    # A row none of whose keys occurs twice is alone, and needs no unit: on most files that leaves few rows for the
    # units.
    alone = ~copies
    for keys in (rows.texts, *rows.groups):
        alone &= ~is_member(keys, find_repeated(keys))
    units = _form_units(rows, np.flatnonzero(undivided & ~alone), copies, seed)
    if rows.sets is not None:
        _divide_sets(rows, undivided, alone, copies, units, shares, seed, codes)
        return
    unit_codes = np.full(len(units.sizes), TRAIN, np.int8)
    # Class by class, so that each split gets its share of every class. Units go first, the largest first, while there
    # is room to balance them; the rows that are alone then fill each split up to its target. Ties are broken and rows
    # are drawn by hashes of text and seed, so the order of the file does not matter.
    for label in range(int(rows.labels.max(initial=-1)) + 1):
        singles = np.flatnonzero(undivided & alone & (rows.labels == label))
        bound = np.flatnonzero((units.classes == label) & (units.sizes > 0))
        bound = bound[np.lexsort((units.keys[bound], -units.sizes[bound]))]  # the largest first
        targets = _plan_targets(int(units.sizes[bound].sum()) + len(singles), len(bound) + len(singles), shares)
        unit_codes[bound], wanted = _deal_units(units.sizes[bound].tolist(), targets)
        codes[singles] = _deal_singles(mix_keys(rows.texts[singles], seed), wanted)
    codes[units.rows] = unit_codes[units.numbers]


def _divide_sets(
    rows: SplitRows,
    undivided: Mask,
    alone: Mask,
    copies: Mask,
    units: _Units,
    shares: Shares,
    seed: int,
    codes: SplitCodes,
) -> None:
    """Set the codes of the undivided rows, which have several labels each: by iterative stratification."""
    from txt.data.label_kinds import LabelSets
    from txt.data.stratify import stratify

    assert rows.sets is not None
    singles = np.flatnonzero(undivided & alone)
    held: list[list[int]] = [[] for _ in units.sizes]
    for row, number in zip(units.rows.tolist(), units.numbers.tolist(), strict=True):
        if not copies[row]:
            held[number].extend(rows.sets[rows.labels[row]])
    sets = LabelSets.of([*(rows.sets[label] for label in rows.labels[singles].tolist()), *held])
    keys = np.concatenate([mix_keys(rows.texts[singles], seed), units.keys])
    sizes = np.concatenate([np.ones(len(singles), np.int64), units.sizes])
    parts = stratify(sets, (1 - shares.val - shares.test, shares.val, shares.test), keys, sizes).astype(np.int8)
    codes[singles] = parts[: len(singles)]  # train, val and test are 0, 1 and 2 here and there
    codes[units.rows] = parts[len(singles) :][units.numbers]


def _form_units(rows: SplitRows, among: Indices, copies: Mask, seed: int) -> _Units:
    numbers = _join_units([keys[among] for keys in (rows.texts, *rows.groups)])
    count = int(numbers.max(initial=-1)) + 1
    keys = np.full(count, np.iinfo(np.uint64).max)
    np.minimum.at(keys, numbers, rows.texts[among])
    sizes = np.bincount(numbers[~copies[among]], minlength=count)
    return _Units(among, numbers, sizes, _find_main_classes(numbers, rows.labels[among]), mix_keys(keys, seed))


def _find_main_classes(numbers: Indices, labels: LabelCodes) -> LabelCodes:
    """Return the most frequent label of each unit, the lowest of equals."""
    classes = int(labels.max(initial=0)) + 1
    pairs, counts = np.unique(numbers * classes + labels, return_counts=True)
    order = np.lexsort((pairs, -counts, pairs // classes))
    _, firsts = np.unique(pairs[order] // classes, return_index=True)
    return np.asarray(pairs[order][firsts] % classes, np.int32)


def _join_units(keys: Sequence[Hashes]) -> Indices:
    """Return a unit number for each row; a chain of equal keys joins rows into one unit."""
    codes = [np.unique(each, return_inverse=True)[1] for each in keys]
    # Connected components: rows are linked when they share a key, and a unit is all rows that are linked, over any
    # number of steps. Each row begins with the number of its text. For each kind of key in turn, all rows with the same
    # key take the lowest number among them. Numbers only fall, so this ends; they pass only between linked rows, so two
    # units never get the same one; and when a round changes nothing, rows that share a key have the same number.
    numbers = codes[0]
    while len(codes) > 1:
        before = numbers
        for each in codes:
            lowest = np.full(each.max(initial=-1) + 1, np.iinfo(np.int64).max)
            np.minimum.at(lowest, each, numbers)
            numbers = lowest[each]
        if np.array_equal(numbers, before):
            return np.unique(numbers, return_inverse=True)[1]
    return numbers


def _plan_targets(rows: int, units: int, shares: Shares) -> list[int]:
    """Return how many rows of a class each split should get: its share, but at least one where there are enough."""
    wanted = [rows, 0, 0]
    for others, (split, share) in enumerate(((TEST, shares.test), (VAL, shares.val)), start=1):
        if share > 0 and units > others:  # train comes first, then test, then val
            wanted[split] = max(1, int(rows * share + 0.5))
            wanted[TRAIN] -= wanted[split]
    if wanted[TRAIN] < 1 and shares.val + shares.test < 1:
        wanted[max(VAL, TEST, key=lambda split: wanted[split])] -= 1
        wanted[TRAIN] += 1
    return wanted


def _deal_units(sizes: Sequence[int], targets: Sequence[int]) -> tuple[list[int], list[int]]:
    """Deal units, the largest first, each to the split that lacks the largest part of its rows and has room.

    Returns the splits, and how many rows each split then still wants.
    """
    wanted = list(targets)
    codes = []
    for size in sizes:
        split = max(
            (TRAIN, VAL, TEST),
            key=lambda split: (wanted[split] >= size, wanted[split] / max(targets[split], 1), targets[split]),
        )
        codes.append(split)
        wanted[split] -= size
    return codes, wanted


def _deal_singles(order: Hashes, wanted: Sequence[int]) -> SplitCodes:
    """Return the splits of single rows: those lowest in `order` go to test, the next to val, the rest to train."""
    codes = np.full(len(order), TRAIN, np.int8)
    tests = min(max(wanted[TEST], 0), len(order))
    both = min(tests + max(wanted[VAL], 0), len(order))
    # The hashes are as good as random, so the rows with the lowest ones are a random sample. `partition` puts the last
    # hash of each sample in its sorted place in linear time, and a comparison with it finds the sample's rows.
    bounds = [count - 1 for count in (tests, both) if count]
    if bounds:
        ranked = np.partition(order, bounds)
        if both:
            codes[order <= ranked[both - 1]] = VAL
        if tests:
            codes[order <= ranked[tests - 1]] = TEST
    return codes
