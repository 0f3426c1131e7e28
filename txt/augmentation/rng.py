"""Random numbers that depend only on the seed, the row, the copy and the attempt.

Seeding `random.Random` for every copy takes as long as a whole edit; this generator is ready at once, so every copy has
a stream of its own and comes out the same in whatever order and process it is made.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import TypeVar

Element = TypeVar("Element")

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15


class RowRng:
    """A stream of draws: a 64-bit linear congruential generator (Knuth's constants), of which the upper half is used.

    `is_repeat` tells whether a copy of the same row was attempted before.
    """

    __slots__ = ("_state", "is_repeat")

    def __init__(self, seed: int, row: int = 0, copy: int = 0, attempt: int = 0) -> None:
        self.is_repeat = copy + attempt > 0
        self._state = _mix(_derive_state(seed) ^ (row * 0x100000001B3 + copy * 0x1000193 + attempt + 1))

    def below(self, bound: int) -> int:
        """Return a whole number from 0 to `bound` - 1."""
        self._state = state = (self._state * 6364136223846793005 + 1442695040888963407) & _MASK
        return (state >> 32) * bound >> 32

    def chance(self, share: float) -> bool:
        """Return True with probability `share`."""
        return self.below(1 << 30) < share * (1 << 30)

    def pick(self, items: Sequence[Element]) -> Element:
        """Return one of `items`."""
        return items[self.below(len(items))]

    def some(self, items: Sequence[Element], count: int) -> list[Element]:
        """Return `count` items from different places, or all of them, in random order."""
        if count == 1 and items:
            return [items[self.below(len(items))]]
        pool = list(items)
        count = min(count, len(pool))
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]


@lru_cache(maxsize=8)
def _derive_state(seed: int) -> int:
    return _mix(seed + 1)


def _mix(state: int) -> int:
    """Return the finalizer of SplitMix64 (Steele, Lea and Flood, 2014)."""
    state = (state + _GOLDEN) & _MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
    return state ^ (state >> 31)
