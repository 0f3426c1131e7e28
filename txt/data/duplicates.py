"""Duplicate texts: how many there are, which have conflicting labels, and which are in more than one split."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from txt.data.split import (
    TEST,
    TRAIN,
    VAL,
    Hashes,
    LabelCodes,
    Mask,
    SplitCodes,
    SplitRows,
    find_repeated,
    is_member,
    mix_keys,
)


@dataclass(frozen=True)
class Conflicts:
    """Texts under more than one label: how many, and for the first of them the rows that hold each."""

    count: int
    rows: tuple[tuple[int, ...], ...]


def count_duplicates(texts: Hashes) -> int:
    """Return how many rows have a text that an earlier row has."""
    ordered = np.sort(texts)
    return int(np.count_nonzero(ordered[1:] == ordered[:-1]))


def find_conflicts(texts: Hashes, labels: LabelCodes, most: int) -> Conflicts:
    """Find the texts that have different labels; the rows of at most `most` of them are listed."""
    rows = np.flatnonzero(is_member(texts, find_repeated(texts)) & (labels >= 0))
    if not len(rows):
        return Conflicts(0, ())
    _, firsts, codes = np.unique(texts[rows], return_index=True, return_inverse=True)
    lowest = np.full(len(firsts), np.iinfo(np.int32).max, np.int32)
    np.minimum.at(lowest, codes, labels[rows])
    highest = np.full(len(firsts), -1, np.int32)
    np.maximum.at(highest, codes, labels[rows])
    conflicting = np.flatnonzero(lowest != highest)
    listed = conflicting[np.argsort(firsts[conflicting])][:most]  # in the order of the source
    return Conflicts(len(conflicting), tuple(tuple(rows[codes == code].tolist()) for code in listed))


def choose_distinct(groups: Hashes, rows: SplitRows, seed: int) -> Mask:
    """Return which rows to keep so that no two of a group are left, (N,).

    Rows of a given test split stay, and then those of a given val split; of others one stays, one with a label before
    one without. Copies that augmentation made go with their originals, and are not looked at.
    """
    given = np.where((rows.given == TEST) | (rows.given == VAL), rows.given, TRAIN)
    rank = np.where(given == TEST, 0, np.where(given == VAL, 1, np.where(rows.labels >= 0, 2, 3)))
    copies = np.zeros(len(groups), bool) if rows.copies is None else rows.copies
    rank[copies] = 4
    order = np.lexsort((np.arange(len(groups)), mix_keys(rows.texts, seed), rank, groups))
    ordered = groups[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]]) if len(order) else np.zeros(0, bool)
    best = np.repeat(rank[order][first], np.diff(np.append(np.flatnonzero(first), len(order))))
    kept = np.zeros(len(groups), bool)
    kept[order] = first | ((rank[order] == best) & (best < 2))
    return np.asarray(kept | copies)


def find_overlaps(texts: Hashes, codes: SplitCodes) -> Iterator[tuple[int, int, int]]:
    """Yield (a split, a later one, rows of the later one whose text stands in the first) where there are any."""
    for first, second in combinations((TRAIN, VAL, TEST), 2):
        count = int(np.count_nonzero(is_member(texts[codes == second], np.sort(texts[codes == first]))))
        if count:
            yield first, second, count
