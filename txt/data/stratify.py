"""Divides rows with several labels so that every part gets its share of every label: iterative stratification.

Source: Sechidis, Tsoumakas and Vlahavas 2011, "On the Stratification of Multi-Label Data". The label with the fewest
rows left is dealt out first, each row to the part that still lacks most of that label, and where parts are equal to the
one that lacks most rows. Common labels come later, when there are rows enough to make up for what the rare ones did.

What the paper leaves to chance follows from `keys`, which are as good as random, so that the order of the rows does not
matter. Rows that belong together are one item of more than one row here, and large items go first.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from txt.data.label_kinds import LabelSets

Indices = npt.NDArray[np.int64]


def stratify(
    sets: LabelSets, shares: Sequence[float], keys: npt.NDArray[np.uint64], sizes: Indices | None = None
) -> Indices:
    """Return the part (N,) of each item.

    Args:
        sets: the labels of each item; where an item has several rows, a label stands there once for each that has it.
        shares: the share of the rows that each part is to get, (P,); they sum to 1.
        keys: a number for each item, (N,), that settles the order of equal ones.
        sizes: the rows of each item, (N,); 1 each by default.
    """
    number = len(sets)
    rows = np.ones(number, np.int64) if sizes is None else sizes
    labels = int(sets.ids.max(initial=-1)) + 1
    owners = np.repeat(np.arange(number), np.diff(sets.offsets))
    parts = np.full(number, -1, np.int64)
    left = np.bincount(sets.ids, minlength=labels)  # (K,) of each label
    wanted = [float(share * rows.sum()) for share in shares]
    lacking = [[float(share * count) for share in shares] for count in left.tolist()]  # (K, P)
    order = np.lexsort((keys[owners], -rows[owners], sets.ids))
    starts = np.searchsorted(sets.ids[order], np.arange(labels + 1))
    while (left > 0).any():
        label = int(np.where(left > 0, left, np.iinfo(np.int64).max).argmin())
        for item in owners[order[starts[label] : starts[label + 1]]].tolist():
            if parts[item] >= 0:
                continue
            part = _choose(lacking[label], wanted)
            parts[item] = part
            wanted[part] -= float(rows[item])
            own = sets.ids[sets.offsets[item] : sets.offsets[item + 1]].tolist()
            for each in own:
                lacking[each][part] -= 1
                left[each] -= 1
    for item in np.lexsort((keys, -rows)).tolist():
        if parts[item] < 0:
            part = _choose(wanted, wanted)
            parts[item] = part
            wanted[part] -= float(rows[item])
    return parts


def _choose(first: Sequence[float], second: Sequence[float]) -> int:
    """Return the part that lacks most by the first count, or by the second among those that are equal."""
    return max(range(len(first)), key=lambda part: (first[part], second[part], -part))
