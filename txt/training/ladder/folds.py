"""Folds in which every class has its share, and rows that belong together stay together."""

import numpy as np
import numpy.typing as npt

from txt.arrays import Ints
from txt.data.label_kinds import LabelSets
from txt.data.stratify import stratify
from txt.training.ladder.rows import JoinedRows


def make_folds(labels: Ints, groups: Ints, count: int, seed: int) -> Ints:
    """Return the fold (N,) of each row.

    Rows of one group come into one fold. Groups are dealt out one after the other, in random order but large ones
    first, each to the fold that has the fewest rows of the group's commonest class.

    Args:
        labels: class numbers, (N,).
        groups: group numbers, (N,).
        count: folds to make.
        seed: of the order.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(labels))
    _, owner = np.unique(groups[order], return_inverse=True)
    by_group = order[np.argsort(owner, kind="stable")]
    members = np.split(by_group, np.cumsum(np.bincount(owner))[:-1])
    members = [members[place] for place in rng.permutation(len(members))]
    members.sort(key=len, reverse=True)  # stable: groups of one size stay in random order
    have = np.zeros((int(labels.max()) + 1, count), np.int64)  # rows of each class in each fold
    total = np.zeros(count, np.int64)
    folds = np.empty(len(labels), np.int64)
    for rows in members:
        label = int(labels[rows[0]]) if len(rows) == 1 else int(np.bincount(labels[rows]).argmax())
        fold = int(np.lexsort((total, have[label]))[0])
        folds[rows] = fold
        np.add.at(have[:, fold], labels[rows], 1)
        total[fold] += len(rows)
    return folds


def make_folds_of_sets(targets: npt.NDArray[np.bool_], groups: Ints, count: int, seed: int) -> Ints:
    """Return the fold (N,) of each row, with about equal shares of every label in each.

    Args:
        targets: which labels each row has, (N, K).
        groups: group numbers, (N,); rows of one group come into one fold.
        count: folds to make.
        seed: of the order.
    """
    _, owner = np.unique(groups, return_inverse=True)
    rows, labels = np.nonzero(targets)
    order = np.argsort(owner[rows], kind="stable")
    number = int(owner.max(initial=-1)) + 1
    sets = LabelSets(
        np.searchsorted(owner[rows][order], np.arange(number + 1)).astype(np.int64), labels[order].astype(np.int32)
    )
    keys = np.random.default_rng(seed).permutation(number).astype(np.uint64)
    return stratify(sets, [1 / count] * count, keys, np.bincount(owner, minlength=number))[owner]


def find_groups(rows: JoinedRows, column: str | None) -> Ints:
    """Return the group (N,) of each row: near-duplicates, and rows with the same value in a column, are in one group.

    Args:
        rows: the rows.
        column: of the source; None, or one that was not kept, for near-duplicates alone.
    """
    from txt.data.near_duplicates import near_duplicates

    groups = near_duplicates(rows.texts())
    if column and (named := rows.column(column)) is not None:
        groups = join_groups(groups, np.unique(named, return_inverse=True)[1])
    return groups


def join_groups(one: Ints, other: Ints) -> Ints:
    """Return groups of rows that either grouping puts together, by itself or through others, (N,)."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(one))
    links = sparse.coo_matrix(
        (np.ones(2 * len(one)), (np.tile(rows, 2), np.concatenate([len(one) + one, len(one) + one.max() + 1 + other]))),
        shape=(len(one) + int(one.max()) + int(other.max()) + 2,) * 2,
    )
    return np.asarray(connected_components(links, directed=False)[1][: len(one)], np.int64)
