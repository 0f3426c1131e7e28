"""The n-grams of many rows at once, as a sparse matrix: what NgramLogits computes, for all rows in one go."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from scipy import sparse
from torch import Tensor

from txt.arrays import Ints
from txt.model.ngrams import NgramLogits
from txt.model.predict import TokenSource

_BATCH = 2048  # rows whose n-grams are listed at a time
_UNUSUAL = 0.01  # of the rows: a text that knows less of its n-grams than they do is unlike anything seen
_MOST_ROWS = 100_000  # from which n-grams are chosen: more would hardly change which

Progress = Callable[[int], object]


@dataclass(frozen=True)
class NgramRows:
    """The n-grams of some rows before they are scaled: of words, and of characters, each a sparse matrix (N, F)."""

    kinds: tuple[sparse.csr_matrix, ...]
    totals: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    """Different runs of characters in each row, (N,), those too that are no n-grams of the model."""

    def measure_known_shares(self, learned: Ints) -> npt.NDArray[np.float64]:
        """Return the share of each row's runs of characters that a model knows which learned from some rows, (N,)."""
        runs = self.kinds[-1]
        known = np.add.reduceat(np.append(self._seen(learned)[runs.indices], 0), runs.indptr[:-1]).astype(np.float64)
        known[np.diff(runs.indptr) == 0] = 0
        return np.asarray(known / np.maximum(self.totals, 1))

    def __len__(self) -> int:
        return int(self.kinds[0].shape[0])

    def matrix(self, learned: Ints | None = None) -> sparse.csr_matrix:
        """Return the rows (N, F), each kind scaled to length 1 in every row, as the model scales them.

        Args:
            learned: the rows that a model learns from; what none of them has is no n-gram for it, and counts nowhere.
        """
        seen = None if learned is None else self._seen(learned)
        return sum(_scaled(kind, seen) for kind in self.kinds[1:]) + _scaled(self.kinds[0], seen)

    def _seen(self, learned: Ints) -> npt.NDArray[np.bool_]:
        counts = sum(np.bincount(kind[learned].indices, minlength=kind.shape[1]) for kind in self.kinds)
        return np.asarray(counts > 0)


def find_usual_share(rows: NgramRows, folds: Ints) -> float:
    """Return the share of a text's runs of characters that all but one row in a hundred know of rows like them."""
    shares = np.empty(len(folds))
    for fold in range(int(folds.max()) + 1):
        judged = folds == fold
        shares[judged] = rows.measure_known_shares(np.flatnonzero(~judged))[judged]
    return round(float(np.quantile(shares, _UNUSUAL)), 4)


def learn_ngrams(rows: TokenSource, ngrams: NgramLogits, most: int, progress: Progress = lambda _: None) -> NgramRows:
    """Choose the n-grams worth a weight, give them to the model, and return those of all rows.

    The most frequent come first. N-grams of one row are chosen too where there is room: they say little about other
    rows, but with few labels most of what can be known is in them.

    Args:
        rows: what to learn from, (N,).
        ngrams: a model that knows how the tokenizer's entries are written; its weights become zeros.
        most: n-grams to choose at most.
        progress: hears how many more rows are done.
    """
    number = len(rows.lengths)
    listed = [_list_ngrams(rows, ngrams, chosen, progress) for chosen in _batches(number)]
    kinds = [tuple(np.concatenate(parts) for parts in zip(*kind, strict=True)) for kind in zip(*listed, strict=True)]
    counted = [_count(*kind) for kind in kinds]  # row, hash, times
    known, rows_with = np.unique(np.concatenate([hashes for _, hashes, _ in counted]), return_counts=True)
    chosen = np.sort(np.argsort(-rows_with, kind="stable")[:most])
    ngrams.adopt(known[chosen], rows_with[chosen], number)
    return _collect(counted, ngrams, number)


def ngram_rows(rows: TokenSource, ngrams: NgramLogits, progress: Progress = lambda _: None) -> NgramRows:
    """Return the n-grams of further rows."""
    number = len(rows.lengths)
    listed = [_list_ngrams(rows, ngrams, chosen, progress) for chosen in _batches(number)]
    kinds = [tuple(np.concatenate(parts) for parts in zip(*kind, strict=True)) for kind in zip(*listed, strict=True)]
    return _collect([_count(*kind) for kind in kinds], ngrams, number)


def _collect(counted: list[tuple[Ints, Ints, Ints]], ngrams: NgramLogits, number: int) -> NgramRows:
    totals = np.bincount(counted[-1][0], minlength=number)
    return NgramRows(tuple(_weigh(*each, ngrams, number) for each in counted), totals)


def _batches(number: int) -> list[Ints]:
    return np.array_split(np.arange(number, dtype=np.int64), max(1, -(-number // _BATCH)))


def _list_ngrams(rows: TokenSource, ngrams: NgramLogits, chosen: Ints, progress: Progress) -> list[tuple[Ints, Ints]]:
    """Return row and hash of every n-gram of some rows, by kind."""
    token_ids, lengths = rows.gather(chosen)
    found = ngrams.list_ngrams(torch.from_numpy(token_ids), lengths.tolist())
    progress(len(chosen))
    return [(chosen[0] + _numpy(places), _numpy(hashes)) for places, hashes in found]


def _numpy(tensor: Tensor) -> Ints:
    return np.asarray(tensor.numpy(), np.int64)


def _count(rows: Ints, hashes: Ints) -> tuple[Ints, Ints, Ints]:
    """Return each row's different hashes, and how often it has them."""
    order = np.lexsort((hashes, rows))
    rows, hashes = rows[order], hashes[order]
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
    starts = np.flatnonzero(first)
    return rows[starts], hashes[starts], np.diff(np.append(starts, len(rows)))


def _weigh(rows: Ints, hashes: Ints, times: Ints, ngrams: NgramLogits, number: int) -> sparse.csr_matrix:
    known = ngrams.hashes.numpy()
    if not len(known):
        return sparse.csr_matrix((number, 0), dtype=np.float32)
    places = np.searchsorted(known, hashes).clip(max=len(known) - 1)
    kept = known[places] == hashes
    rows, places = rows[kept], places[kept]
    values = ((1 + np.log(times[kept])) * ngrams.idf.numpy()[places]).astype(np.float32)
    starts = np.searchsorted(rows, np.arange(number + 1))
    return sparse.csr_matrix((values, places.astype(np.int32), starts.astype(np.int32)), shape=(number, len(known)))


def _scaled(kind: sparse.csr_matrix, seen: npt.NDArray[np.bool_] | None) -> sparse.csr_matrix:
    values = kind.data if seen is None else kind.data * seen[kind.indices]
    squares = np.add.reduceat(np.append(values**2, np.float32(0)), kind.indptr[:-1])
    squares[np.diff(kind.indptr) == 0] = 1
    lengths = np.sqrt(np.where(squares > 0, squares, 1)).astype(np.float32)
    scaled = values / np.repeat(lengths, np.diff(kind.indptr))
    return sparse.csr_matrix((scaled, kind.indices, kind.indptr), shape=kind.shape)
