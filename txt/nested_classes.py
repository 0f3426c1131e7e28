"""Classes in levels, `hardware > printer > paper`: the parts of a name, and the probabilities of parents."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from txt.arrays import Floats, Ints

SEPARATOR = " > "
"""Stands between the levels of a class's name."""

AnyFloats = npt.NDArray[np.floating]


def split_levels(name: str) -> tuple[str, ...]:
    """Return the names of the nodes from the top level down to a class: `a`, `a > b`, `a > b > c`."""
    parts = name.split(SEPARATOR)
    return tuple(SEPARATOR.join(parts[: depth + 1]) for depth in range(len(parts)))


def are_nested(names: Sequence[str]) -> bool:
    """Tell whether classes are written as levels: most have a parent, and some share one."""
    parents = [split_levels(name)[:-1] for name in names]
    with_parent = [each[-1] for each in parents if each]
    return 2 * len(with_parent) > len(names) and len(set(with_parent)) < len(with_parent)


@dataclass(frozen=True)
class Tree:
    """The classes of a model as leaves, or inner nodes where rows are labeled no further, and all nodes above them."""

    classes: tuple[str, ...]

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """Every node, parents before their children."""
        return tuple(dict.fromkeys(node for name in self.classes for node in split_levels(name)))

    @cached_property
    def depth(self) -> int:
        """The number of levels."""
        return max(len(split_levels(name)) for name in self.classes)

    @cached_property
    def members(self) -> npt.NDArray[np.bool_]:
        """Which classes (C) lie at or below each node, (nodes, C)."""
        places = {node: place for place, node in enumerate(self.nodes)}
        found = np.zeros((len(self.nodes), len(self.classes)), np.bool_)
        for number, name in enumerate(self.classes):
            found[[places[node] for node in split_levels(name)], number] = True
        return found

    @cached_property
    def parents(self) -> Ints:
        """The place of each node's parent, (nodes,); -1 at the top."""
        places = {node: place for place, node in enumerate(self.nodes)}
        above = [split_levels(node)[:-1] for node in self.nodes]
        return np.array([places[each[-1]] if each else -1 for each in above], np.int64)

    def sum_up(self, probabilities: AnyFloats) -> Floats:
        """Return the probability of every node (N, nodes), the sum of those of the classes (N, C) below."""
        return np.asarray(probabilities @ self.members.T.astype(np.float64))

    def decide(self, probabilities: AnyFloats, threshold: float | None) -> Ints:
        """Return the node (N,) that is answered, a place in `nodes`.

        Without a threshold that is the likeliest class. With one, the answer goes down from the top to the likeliest
        child as long as that reaches the threshold; a row whose top level does not is given its likeliest top node.
        """
        nodes = {node: place for place, node in enumerate(self.nodes)}
        if threshold is None:
            places = np.array([nodes[name] for name in self.classes])
            return np.asarray(places[probabilities.argmax(1)], np.int64)
        sums, parents = self.sum_up(probabilities), self.parents
        answers = np.empty(len(sums), np.int64)
        for row, values in enumerate(sums):
            at = -1
            while len(below := np.flatnonzero(parents == at)):
                best = int(below[values[below].argmax()])
                if at >= 0 and values[best] < threshold:
                    break
                at = best
                if values[at] < threshold:
                    break
            answers[row] = at
        return answers

    def number_level(self, level: int) -> tuple[Ints, tuple[str, ...]]:
        """Return the number (C,) of each class's node at a level, from 1, and the names; shallower classes stay."""
        names = [split_levels(name)[:level][-1] for name in self.classes]
        known = {name: place for place, name in enumerate(dict.fromkeys(names))}
        return np.array([known[name] for name in names], np.int64), tuple(known)
