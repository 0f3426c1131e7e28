"""Texts that are nearly the same: MinHash over words and pairs of words, candidates checked by their true overlap.

Source: Broder 1997, "On the resemblance and containment of documents"; bands as in Leskovec et al., chapter 3.
"""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from txt.data.split import drop_repeats, find_repeated, is_member

LEAST_OVERLAP = 0.75
"""The share of words and pairs of words in common (Jaccard) from which two texts are near-duplicates."""

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[np.uint64]

_BANDS, _BAND_ROWS = 16, 4  # two texts that share three quarters meet in a band with a probability of 99.7 %
_CHUNK = 4096  # texts
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.])@\w+")
# Words of two letters or more; scripts that set no spaces between words are read sign by sign.
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff]|\w\w+")


def near_duplicates(texts: Sequence[str], seed: int = 0) -> Ints:
    """Return a group number for each text, (N,): texts of a group are linked by a chain of near-duplicates."""
    return group_near_duplicates(lambda: iter([texts]), len(texts), seed)


def group_near_duplicates(read: Callable[[], Iterator[Sequence[str]]], count: int, seed: int = 0) -> Ints:
    """Return a group number for each of `count` texts, (N,), numbered by the first of each group.

    `read` yields all texts in batches, as often as it is called. In memory are 16 numbers for each text, and the words
    of those that meet another.
    """
    bands = np.concatenate(
        [np.empty((0, _BANDS), np.uint64), *(_make_band_keys(chunk, seed) for chunk in _cut(read()))]
    )
    first, second = _find_candidates(bands)
    grams = _read_grams(read, drop_repeats(np.sort(np.concatenate([first, second]))))
    parents = np.arange(count, dtype=np.int64)
    for one, other in zip(first.tolist(), second.tolist(), strict=True):
        left, right = _find_root(parents, one), _find_root(parents, other)
        if left != right and _measure_overlap(grams[one], grams[other]) >= LEAST_OVERLAP:
            parents[max(left, right)] = min(left, right)
    roots = np.fromiter((_find_root(parents, place) for place in range(count)), np.int64, count)
    return np.asarray(np.unique(roots, return_inverse=True)[1], np.int64)


def _cut(batches: Iterable[Sequence[str]]) -> Iterator[Sequence[str]]:
    for batch in batches:
        for start in range(0, len(batch), _CHUNK):
            yield batch[start : start + _CHUNK]


class _WordHashes(dict[str, int]):
    """Maps a word to its hash; filled as met, since most words come again."""

    def __missing__(self, word: str) -> int:
        self[word] = found = zlib.crc32(word.encode("utf-8", "replace"))
        return found


def _list_grams(text: str, hashes: Mapping[str, int]) -> list[int]:
    """Return the hashes of the words and pairs of words of a text."""
    plain = text.lower()
    if "@" in plain or "://" in plain or "www." in plain:
        plain = _LINK.sub(" ", plain)
    words = [hashes[word] for word in _WORD.findall(plain)]
    return words + [first * 1_000_003 + second for first, second in pairwise(words)]


def _make_band_keys(texts: Sequence[str], seed: int) -> Keys:
    """Return the MinHashes of each text, those of a band as one number, (N, bands); 0 where a text has no words."""
    known = _WordHashes()
    listed = [_list_grams(text, known) for text in texts]
    rows = np.flatnonzero([bool(grams) for grams in listed])
    keys = np.zeros((len(texts), _BANDS), np.uint64)
    if not len(rows):
        return keys
    lengths = np.array([len(listed[row]) for row in rows.tolist()])
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    grams = np.array([gram for row in rows.tolist() for gram in listed[row]], np.uint64)
    grams ^= grams >> np.uint64(29)
    for band in range(_BANDS):
        rng = np.random.default_rng([seed, band])
        joined = np.zeros(len(rows), np.uint64)
        for _ in range(_BAND_ROWS):
            # multiply-shift hashing: an odd factor and the upper half of the product (Dietzfelbinger et al., 1997)
            factor, summand = (np.uint64(number) for number in rng.integers(0, 2**63, 2, np.uint64))
            hashes = (grams * (factor | np.uint64(1)) + summand) >> np.uint64(32)
            joined = joined * np.uint64(0x9E3779B97F4A7C15) + np.minimum.reduceat(hashes, starts) + np.uint64(1)
        keys[rows, band] = joined
    return keys


def _find_candidates(bands: Keys) -> tuple[Ints, Ints]:
    """Return pairs of texts that have the same key in a band; in a crowd, each is paired with the one before it."""
    found = []
    for keys in bands.T:
        rows = np.flatnonzero(is_member(keys, find_repeated(keys)) & (keys != 0))
        order = rows[np.argsort(keys[rows], kind="stable")]
        same = np.flatnonzero(keys[order][1:] == keys[order][:-1])
        found.append(np.stack([order[same], order[same + 1]], axis=1))
    pairs = np.concatenate(found).astype(np.int64)
    count = np.int64(len(bands))
    numbers = drop_repeats(np.sort(pairs[:, 0] * count + pairs[:, 1]))
    return numbers // count, numbers % count


def _read_grams(read: Callable[[], Iterator[Sequence[str]]], wanted: Ints) -> dict[int, frozenset[int]]:
    """Return the words and pairs of words of some texts."""
    grams: dict[int, frozenset[int]] = {}
    begin = 0
    if not len(wanted):
        return grams
    hashes = _WordHashes()
    for batch in read():
        low, high = np.searchsorted(wanted, [begin, begin + len(batch)])
        for row in wanted[low:high].tolist():
            grams[row] = frozenset(_list_grams(batch[row - begin], hashes))
        begin += len(batch)
    return grams


def _measure_overlap(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the Jaccard overlap of two texts."""
    shared = len(first & second)
    return shared / max(len(first) + len(second) - shared, 1)


def _find_root(parents: Ints, place: int) -> int:
    """Return the first text of a group, and shorten the way there."""
    root = place
    while parents[root] != root:
        root = int(parents[root])
    while parents[place] != root:
        parents[place], place = root, int(parents[place])
    return root
