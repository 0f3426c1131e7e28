"""The linear model on n-grams in numpy alone: it answers in less time than loading torch takes.

The arithmetic is that of `NgramLogits`, which learns, computes on any device, and is exported together with the model;
a test keeps the two equal. The comments on what is done and why stand there.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file

from txt.arrays import Ints
from txt.data.token_encoder import TokenRows
from txt.errors import InputError
from txt.files import read_json
from txt.model.model_config import NgramClassifierConfig

_PRIME, _OTHER_PRIME = 1_000_003, 6_364_136_223_846_793_005
_CHARACTER_SIZES = (2, 3, 4, 5)
_LONGEST_WORD = 64
_SPACE = 32
_PAIR_PRIME = -7_046_029_254_386_353_131
_PAIR_BASES = {1: _OTHER_PRIME, 2: _PAIR_PRIME, 3: _PAIR_PRIME}  # by `ngram_hashing`
_SIGNS_APART = 3
_MAX_TOKENS = 8192  # looked at in one go
_KINDS: Mapping[str, type[np.generic]] = {
    "ngrams.hashes": np.int64,
    "ngrams.offsets": np.int64,
    "ngrams.characters": np.int32,
    "ngrams.inside": np.bool_,
    "ngrams.idf": np.float32,
    "ngrams.weight": np.float32,
    "bias": np.float32,
}


_CLOSES = "ngrams.closes"


class PlainNgramClassifier:
    """What `NgramClassifier` answers, from the same folder."""

    def __init__(self, config: NgramClassifierConfig, weights: Mapping[str, npt.NDArray[Any]]) -> None:
        self.config = config
        taken = {name: weights[name].astype(kind, copy=False) for name, kind in _list_kinds(config).items()}
        self._hashes: Ints = taken["ngrams.hashes"]  # (F,), sorted
        self._offsets: Ints = taken["ngrams.offsets"]  # of each token's characters
        self._characters: npt.NDArray[np.int32] = taken["ngrams.characters"]
        self._inside: npt.NDArray[np.bool_] = taken["ngrams.inside"]  # goes on with the word before it
        self._closes: npt.NDArray[np.bool_] | None = taken.get(_CLOSES)  # what follows begins a word
        self._idf: npt.NDArray[np.float32] = taken["ngrams.idf"]  # (F,)
        self._weight: npt.NDArray[np.float32] = taken["ngrams.weight"]  # (F, C)
        self._bias: npt.NDArray[np.float32] = taken["bias"]  # (C,)

    @classmethod
    def open(cls, folder: Path) -> Self | None:
        """Open a saved model; None where it is another kind of model or not whole: loading with torch says why."""
        try:
            values = read_json(folder / "config.json")
            if values.get("model_type") != NgramClassifierConfig.model_type:
                return None
            config, weights = NgramClassifierConfig.from_json(values), load_file(folder / "model.safetensors")
        except (InputError, SafetensorError, OSError, ValueError, TypeError, KeyError):
            return None
        return cls(config, weights) if _fit_together(config, weights) else None

    def predict_logits(self, rows: TokenRows, progress: Callable[[int], None] | None = None) -> npt.NDArray[np.float32]:
        """Return the logits (N, C) of N rows of token ids; `progress` is told how many more rows are done."""
        found = []
        for chosen in _batch(rows.lengths):
            found.append(self._compute(*rows.gather(chosen)))
            if progress is not None:
                progress(len(chosen))
        return np.concatenate(found)

    def measure_known_shares(self, rows: TokenRows) -> npt.NDArray[np.float64]:
        """Return the share of each row's different runs of characters that are known, (N,); 0 where it has none."""
        shares = [np.zeros(0)]
        for chosen in _batch(rows.lengths):
            found = list(self._find_ngrams(*rows.gather(chosen)))
            owner, hashes = found[-1] if found else (np.zeros(0, np.int64), np.zeros(0, np.int64))
            order = np.lexsort((hashes, owner))
            owner, hashes = owner[order], hashes[order]
            first = np.ones(len(owner), np.bool_)
            first[1:] = (owner[1:] != owner[:-1]) | (hashes[1:] != hashes[:-1])
            owner, hashes = owner[first], hashes[first]
            known = self._hashes[np.searchsorted(self._hashes, hashes).clip(max=len(self._hashes) - 1)] == hashes
            count = len(chosen)
            shares.append(np.bincount(owner, known, count) / np.bincount(owner, minlength=count).clip(1))
        return np.concatenate(shares)

    def _compute(self, token_ids: Ints, lengths: Ints) -> npt.NDArray[np.float32]:
        logits = np.tile(self._bias, (len(lengths), 1))  # (B, C)
        for rows, hashes in self._find_ngrams(token_ids, lengths):
            rows, features, values = self._weigh(rows, hashes, len(lengths))
            bounds = np.searchsorted(rows, np.arange(len(lengths) + 1))
            for row in range(len(lengths)):
                own = slice(bounds[row], bounds[row + 1])
                logits[row] += values[own] @ self._weight[features[own]]
        return logits

    def _weigh(self, rows: Ints, hashes: Ints, count: int) -> tuple[Ints, Ints, npt.NDArray[np.float32]]:
        """Return row, known n-gram and value of each entry (K,), sorted by row; each row has length 1."""
        places = np.searchsorted(self._hashes, hashes).clip(max=len(self._hashes) - 1)
        known = self._hashes[places] == hashes
        entries, times = np.unique(rows[known] * len(self._hashes) + places[known], return_counts=True)
        rows, features = entries // len(self._hashes), entries % len(self._hashes)
        values = (1 + np.log(times.astype(np.float32))) * self._idf[features]
        lengths = np.sqrt(np.bincount(rows, values.astype(np.float64) ** 2, minlength=count))
        return rows, features, (values / lengths[rows]).astype(np.float32)

    def _find_ngrams(self, token_ids: Ints, lengths: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Yield the words with their pairs, then the runs of characters: row and hash of each, (K,)."""
        row_of = np.repeat(np.arange(len(lengths)), lengths)
        sizes = self._offsets[token_ids + 1] - self._offsets[token_ids]
        written = sizes > 0
        begins = ~self._inside[token_ids]
        if self._closes is not None:
            begins[1:] |= self._closes[token_ids[:-1]]
        token_ids, row_of, sizes, begins = token_ids[written], row_of[written], sizes[written], begins[written]
        if not len(token_ids):
            return
        begins[1:] |= row_of[1:] != row_of[:-1]
        begins[0] = True
        row_of_word = row_of[begins]
        places = np.arange(sizes.sum()) + np.repeat(self._offsets[token_ids] - (sizes.cumsum() - sizes), sizes)
        characters = self._characters[places].astype(np.int64)
        word = np.repeat(begins.cumsum() - 1, sizes)  # of each character
        yield _hash_words(characters, word, row_of_word, _PAIR_BASES[self.config.ngram_hashing])
        yield _hash_characters(characters, word, row_of_word)


def _list_kinds(config: NgramClassifierConfig) -> dict[str, type[np.generic]]:
    """Return the types of a model's arrays, by name."""
    return {**_KINDS, **({_CLOSES: np.bool_} if config.ngram_hashing == _SIGNS_APART else {})}


def _fit_together(config: NgramClassifierConfig, weights: Mapping[str, npt.NDArray[Any]]) -> bool:
    """Tell whether the weights are all there and have the sizes of config.json."""
    if weights.keys() != _list_kinds(config).keys() or config.ngram_hashing not in _PAIR_BASES or not config.ngrams:
        return False
    known, entries, classes = config.ngrams, config.vocab_size, config.num_labels
    wanted: Mapping[str, tuple[int, ...]] = {
        "ngrams.hashes": (known,),
        "ngrams.offsets": (entries + 1,),
        "ngrams.characters": (config.ngram_characters,),
        "ngrams.inside": (entries,),
        _CLOSES: (entries,),
        "ngrams.idf": (known,),
        "ngrams.weight": (known, classes),
        "bias": (classes,),
    }
    if not all(array.shape == wanted[name] for name, array in weights.items()):
        return False
    offsets = weights["ngrams.offsets"]
    return bool(offsets[0] >= 0 and (np.diff(offsets) >= 0).all() and offsets[-1] <= config.ngram_characters)


def _batch(lengths: Ints) -> Iterator[Ints]:
    """Yield rows next to each other, of at most so many tokens together, or a longer one alone."""
    ends = np.cumsum(lengths)
    start = 0
    while start < len(lengths):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + _MAX_TOKENS, side="right")))
        yield np.arange(start, stop)
        start = stop


def _hash_words(characters: Ints, word: Ints, row_of_word: Ints, base: int) -> tuple[Ints, Ints]:
    """Return row and hash of all words, and of all pairs of neighbours within a row."""
    starts = np.searchsorted(word, np.arange(len(row_of_word)))
    place = (np.arange(len(word)) - starts[word]).clip(max=_LONGEST_WORD)
    powers = np.array([1, *[_OTHER_PRIME] * _LONGEST_WORD]).cumprod()  # products of 64-bit integers overflow alike
    hashes = np.add.reduceat((characters + 1) * powers[place], starts)
    paired = row_of_word[1:] == row_of_word[:-1]
    pairs = (hashes[:-1] * base + hashes[1:])[paired]
    return np.concatenate([row_of_word, row_of_word[1:][paired]]), np.concatenate([hashes, pairs])


def _hash_characters(characters: Ints, word: Ints, row_of_word: Ints) -> tuple[Ints, Ints]:
    """Return row and hash of all runs of characters inside a word, which a space begins and another ends."""
    spaced = np.full(len(characters) + 2 * len(row_of_word), _SPACE)
    spaced[np.arange(len(characters)) + 2 * word + 1] = characters
    word_of = np.repeat(np.arange(len(row_of_word)), np.bincount(word, minlength=len(row_of_word)) + 2)
    rows, hashes = [], []
    for size in _CHARACTER_SIZES:
        count = max(0, len(spaced) - size + 1)
        inside = word_of[:count] == word_of[size - 1 :]
        run = np.full(count, size)
        for place in range(size):
            run = run * _PRIME + spaced[place : place + count]
        rows.append(row_of_word[word_of[:count][inside]])
        hashes.append((run * _OTHER_PRIME)[inside])
    return np.concatenate(rows), np.concatenate(hashes)
