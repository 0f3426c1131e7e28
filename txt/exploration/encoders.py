"""Fast encoders of texts: static token vectors where an encoder is installed, else the words themselves.

Each is fitted on a sample of the texts that it is for, so that what all of them say counts little, and is kept beside
their vectors: what is searched for must be encoded in the same way.
"""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from txt.data.token_encoder import make_encoder, open_tokenizer
from txt.errors import InputError
from txt.exploration.token_table import FOLDERS, WIDTH, load_token_table
from txt.files import read_json, write_json

WORDS = "words"
"""The encoder that needs no package: TF-IDF of words, reduced to as many components."""

Floats = npt.NDArray[np.float32]

_MOST_TOKENS = 512  # of a text; those behind hardly move a mean
_MOST_WORDS = 30_000
_WORD = re.compile(r"[^\W_]{2,}|[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1780-\u17ff]")
_LINK = re.compile(r"(?:https?://|www\.)\S+|(?<![\w.])@\w+")
_POWER_STEPS = 4


class FastEncoder(Protocol):
    """Makes vectors of length 1 of texts; those of texts of which nothing is known are zero."""

    name: str

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of some texts, (N, D)."""

    def save(self, folder: Path) -> None:
        """Write what was fitted into a folder."""


class TokenEncoder:
    """Weighted means of token vectors, less the mean of the sample.

    `weights` (V,) are the roots of the inverse document frequencies, 0 for the tokens that stand in every text.
    """

    def __init__(self, name: str, weights: Floats, centre: Floats) -> None:
        self.name = name
        table, tokenizer = load_token_table(name)
        self._encode_tokens = make_encoder(open_tokenizer(tokenizer), _MOST_TOKENS)
        self._table, self._weights, self._centre = table, weights, centre

    @classmethod
    def fit(cls, name: str, texts: Sequence[str]) -> Self:
        """Fit the weights and the centre on a sample of texts."""
        table, _ = load_token_table(name)
        encoder = cls(name, np.ones(len(table), np.float32), np.zeros(table.shape[1], np.float32))
        rows = encoder._encode_tokens([clean_text(text) for text in texts])
        each_once = np.unique(np.repeat(np.arange(len(texts)), rows.lengths) * np.int64(len(table)) + rows.ids)
        frequencies = np.bincount(each_once % len(table), minlength=len(table))
        inverse = np.log((1 + len(texts)) / (1 + frequencies))
        encoder._weights = np.sqrt(np.maximum(inverse, 0.0)).astype(np.float32)
        encoder._weights[_find_special(rows.ids, rows.lengths)] = 0
        encoder._centre = encoder.encode(texts).mean(0) if len(texts) > 1 else encoder._centre
        return encoder

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of some texts, (N, D), of length 1."""
        rows = self._encode_tokens([clean_text(text) for text in texts])
        used, places = np.unique(rows.ids, return_inverse=True)
        tokens = self._table[used] * self._weights[used, None]
        sums = np.add.reduceat(tokens[places], rows.offsets[:-1].astype(np.int64), axis=0)  # every text has two tokens
        return _scale(_scale(sums) - self._centre, np.asarray((sums != 0).any(1)))

    def save(self, folder: Path) -> None:
        """Write weights and centre into a folder."""
        np.savez(folder / "encoder.npz", weights=self._weights, centre=self._centre)
        write_json(folder / "encoder.json", {"name": self.name})

    @classmethod
    def load(cls, name: str, folder: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(folder / "encoder.npz", allow_pickle=False) as found:
            return cls(name, found["weights"], found["centre"])


class WordEncoder:
    """TF-IDF of words, projected on the first singular vectors of the sample (latent semantic analysis)."""

    name = WORDS

    def __init__(self, words: Sequence[str], weights: Floats, directions: Floats, centre: Floats) -> None:
        self._words = {word: place for place, word in enumerate(words)}
        self._weights, self._directions, self._centre = weights, directions, centre

    @classmethod
    def fit(cls, texts: Sequence[str]) -> Self:
        """Find the words of a sample of texts, how rare they are, and what goes together."""
        split = [split_words(clean_text(text)) for text in texts]
        counts = Counter(word for words in split for word in dict.fromkeys(words))
        common = [word for word, count in counts.most_common(_MOST_WORDS) if count > 1] or sorted(counts)
        weights = np.log((1 + len(texts)) / (1 + np.array([counts[word] for word in common], np.float32))) + 1
        encoder = cls(
            common, weights.astype(np.float32), np.empty((len(common), 0), np.float32), np.zeros(0, np.float32)
        )
        encoder._directions = _find_directions(*encoder._weigh(split), len(texts), len(common))
        encoder._centre = np.zeros(encoder._directions.shape[1], np.float32)
        if len(texts) > 1:
            encoder._centre = encoder.encode(texts).mean(0)
        return encoder

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return the vectors of some texts, (N, D), of length 1."""
        rows, columns, values = self._weigh([split_words(clean_text(text)) for text in texts])
        sums = np.zeros((len(texts), self._directions.shape[1]), np.float32)
        _add_rows(sums, rows, self._directions[columns] * values[:, None])
        return _scale(_scale(sums) - self._centre, np.asarray((sums != 0).any(1)))

    def _weigh(self, split: Sequence[Sequence[str]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Floats]:
        """Return the entries of the matrix of TF-IDF, row by row: row, column and value (E,)."""
        rows, columns, values = [], [], []
        for row, words in enumerate(split):
            for word, count in Counter(words).items():
                if (column := self._words.get(word)) is not None:
                    rows.append(row)
                    columns.append(column)
                    values.append(1 + np.log(count))
        places = np.array(columns, np.int64)
        return np.array(rows, np.int64), places, np.array(values, np.float32) * self._weights[places]

    def save(self, folder: Path) -> None:
        """Write the words and what was fitted into a folder."""
        np.savez(folder / "encoder.npz", weights=self._weights, directions=self._directions, centre=self._centre)
        write_json(folder / "encoder.json", {"name": self.name, "words": list(self._words)})

    @classmethod
    def load(cls, words: Sequence[str], folder: Path) -> Self:
        """Read what `save` wrote."""
        with np.load(folder / "encoder.npz", allow_pickle=False) as found:
            return cls(words, found["weights"], found["directions"], found["centre"])


def fit_encoder(name: str, texts: Sequence[str]) -> FastEncoder:
    """Fit an encoder, by the name of an installed one or WORDS, on a sample of the texts that it is for."""
    return WordEncoder.fit(texts) if name == WORDS else TokenEncoder.fit(name, texts)


def load_encoder(folder: Path) -> FastEncoder:
    """Return the encoder that was written into a folder.

    Raises:
        InputError: it is damaged, or the package that it was distilled from is not installed any more.
    """
    about = read_json(folder / "encoder.json")
    name = about.get("name")
    if name == WORDS:
        return WordEncoder.load(about["words"], folder)
    if name not in FOLDERS:
        raise InputError(f"`{folder}` does not hold an encoder")
    return TokenEncoder.load(name, folder)


def clean_text(text: str) -> str:
    """Return a text without links and names of users, which say little of its meaning, unless nothing else is left."""
    if "@" not in text and "://" not in text and "www." not in text:
        return text
    bare = _LINK.sub(" ", text)
    return bare if _WORD.search(bare.lower()) else text


def split_words(text: str) -> list[str]:
    """Return the words of a text in lower case; scripts that set no spaces are read sign by sign."""
    return _WORD.findall(text.lower())


def _find_special(ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64]) -> list[int]:
    """Return the tokens that the tokenizer puts before and behind every text."""
    ends = np.cumsum(lengths)
    return [] if not len(ids) else [int(ids[0]), int(ids[ends[0] - 1])]


def _scale(vectors: Floats, known: npt.NDArray[np.bool_] | None = None) -> Floats:
    """Return vectors of length 1, and zeros for those that are unknown."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled = vectors / np.maximum(lengths, 1e-9)
    if known is not None:
        scaled[~known] = 0
    return np.asarray(scaled, np.float32)


def _add_rows(sums: Floats, rows: npt.NDArray[np.int64], parts: Floats) -> None:
    """Add parts (E, D) to the rows (N, D) that they belong to; the rows come in ascending order."""
    if len(rows):
        starts = np.flatnonzero(np.concatenate([[True], rows[1:] != rows[:-1]]))
        sums[rows[starts]] = np.add.reduceat(parts, starts, axis=0)


def _find_directions(
    rows: npt.NDArray[np.int64], columns: npt.NDArray[np.int64], values: Floats, height: int, width: int
) -> Floats:
    """Return the first right singular vectors of a sparse matrix, (width, D): by power steps from a random start.

    Source: Halko, Martinsson and Tropp 2011, "Finding structure with randomness".
    """
    from scipy.sparse import csr_matrix

    matrix = csr_matrix((values, (rows, columns)), shape=(height, width))
    size = min(WIDTH, width, height)
    basis = np.random.default_rng(0).standard_normal((width, size + 8)).astype(np.float32)
    for _ in range(_POWER_STEPS):
        basis, _ = np.linalg.qr(matrix.T @ (matrix @ basis))
    left, _ = np.linalg.qr(matrix @ basis)
    _, _, right = np.linalg.svd((matrix.T @ left).T, full_matrices=False)
    return np.ascontiguousarray(right[:size].T, np.float32)
