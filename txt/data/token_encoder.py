"""Encodes many texts to token ids as fast as possible; the ids are exactly those of the tokenizer.

The tokenizers of BERT and of GPT-2 look at each word by itself, and words repeat: with them each different word is
encoded once and its ids are remembered, which on two cores is several times as fast as encoding every text.
"""

import json
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from txt.errors import InputError
from txt.files import read_small_file


@dataclass(frozen=True)
class TokenRows:
    """Rows of token ids: row r has `ids[offsets[r]:offsets[r + 1]]`."""

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.integer]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row, (N,)."""
        return np.diff(self.offsets).astype(np.int64)

    def gather(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some rows laid end to end, and their lengths (B,)."""
        parts = [self.ids[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        return np.concatenate([np.empty(0, np.int64), *parts], dtype=np.int64), self.lengths[rows]


MOST_BYTES = 64 << 20
"""The largest tokenizer.json that is read; a quarter of a million entries are 17 to 34 MB."""

_MOST_CHARACTERS = 1_500_000  # of remembered pieces; with their ids they take about 60 MB


@dataclass(frozen=True)
class Tokens(TokenRows):
    """Token ids of some texts, cut and with special tokens.

    `whole_lengths` (rows,) say how many ids each text had before it was cut.
    """

    whole_lengths: npt.NDArray[np.int64]


Encoder = Callable[[Sequence[str]], Tokens]

Cut = Callable[[str], list[str]]
"""Cuts a text into pieces whose ids, one after the other, are the ids of the text."""


def make_encoder(tokenizer: Tokenizer, max_length: int) -> Encoder:
    """Return the fastest way to encode as `tokenizer` does, keeping `max_length` ids of each text."""
    cut = choose_cut(tokenizer)
    return PieceEncoder(tokenizer, max_length, cut) if cut else TextEncoder(tokenizer, max_length)


def choose_cut(tokenizer: Tokenizer) -> Cut | None:
    """Return how texts may be cut for this tokenizer; None where that is not certain."""
    parts = json.loads(tokenizer.to_str())
    kinds = {
        name: (parts[name] or {}).get("type") for name in ("normalizer", "pre_tokenizer", "model", "post_processor")
    }
    if kinds["post_processor"] not in (None, "TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel"):
        return None
    for token in parts["added_tokens"]:
        if token["lstrip"] or token["rstrip"] or token["single_word"] or any(map(str.isspace, token["content"])):
            return None
    if (kinds["normalizer"], kinds["pre_tokenizer"], kinds["model"]) == (
        "BertNormalizer",
        "BertPreTokenizer",
        "WordPiece",
    ):
        return cut_as_bert
    steps = parts["normalizer"] or {"normalizers": []}
    plain = {step["type"] for step in steps.get("normalizers", [steps])} <= {"NFC", "NFD", "StripAccents", "Lowercase"}
    by_bytes = kinds["pre_tokenizer"] == "ByteLevel" and parts["pre_tokenizer"]["use_regex"]
    if plain and by_bytes and kinds["model"] == "BPE" and not parts["model"]["dropout"]:
        return cut_as_gpt2
    return None


def cut_as_bert(text: str) -> list[str]:
    """Cut at spaces and newlines, which BERT drops; its other spaces are rare enough to stay inside of words."""
    return text.replace("\n", " ").split(" ")


def cut_as_gpt2(text: str) -> list[str]:
    """Cut in front of spaces, where GPT-2's words begin; a text with any unusual space is left whole."""
    words = text.split(" ")
    if (
        words != text.split() or unicodedata.category(text[0]) == "Mn"
    ):  # a leading accent may vanish together with its word
        return [text]
    return [words[0], *(f" {word}" for word in words[1:])]


class TextEncoder:
    """Encodes each text with the tokenizer itself, on all cores."""

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self._tokenizer = _copy_untruncated(tokenizer)
        self._tokenizer.enable_truncation(max_length)
        self._max_length = max_length
        self._special = self._tokenizer.num_special_tokens_to_add(is_pair=False)

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Encode some texts."""
        encodings = self._tokenizer.encode_batch_fast(list(texts))
        ids = [encoding.ids for encoding in encodings]
        lengths = np.fromiter(map(len, ids), np.int64, len(ids))
        whole = lengths.copy()
        for row in np.flatnonzero(lengths == self._max_length):
            whole[row] += sum(len(rest) - self._special for rest in encodings[row].overflowing)
        return _lay_out(ids, lengths, whole)


class PieceEncoder:
    """Encodes each different piece once, and puts texts together from what it remembers."""

    def __init__(self, tokenizer: Tokenizer, max_length: int, cut: Cut) -> None:
        self._cut = cut
        self._tokenizer = _copy_untruncated(tokenizer)
        sample = self._tokenizer.encode("a")
        own = [place for place, special in enumerate(sample.special_tokens_mask) if not special]
        self._before, self._after = sample.ids[: own[0]], sample.ids[own[-1] + 1 :]
        self._special = len(self._before) + len(self._after)
        self._room = max_length - self._special
        self._known: dict[str, list[int]] = {}
        self._characters = 0

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Encode some texts."""
        rows = list(map(self._cut, texts))
        ids_of = self._look_up(set(chain.from_iterable(rows))).__getitem__
        before, after, room = self._before, self._after, self._room
        ids, whole = [], []
        for row in rows:
            found = list(chain.from_iterable(map(ids_of, row)))
            whole.append(len(found))
            ids.append([*before, *found[:room], *after])
        whole_lengths = np.array(whole, np.int64) + self._special
        return _lay_out(ids, np.minimum(whole_lengths, self._room + self._special), whole_lengths)

    def _look_up(self, pieces: set[str]) -> dict[str, list[int]]:
        """Return the ids of all pieces; those that are new are encoded, on all cores."""
        new = list(pieces.difference(self._known))
        encodings = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        self._characters += sum(map(len, new))
        if self._characters > _MOST_CHARACTERS:
            self._known = {piece: self._known[piece] for piece in pieces.intersection(self._known)}
            self._characters = sum(map(len, pieces))
        self._known.update((piece, encoding.ids) for piece, encoding in zip(new, encodings, strict=True))
        return self._known


def _copy_untruncated(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy that neither cuts nor pads."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _lay_out(ids: Sequence[Sequence[int]], lengths: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> Tokens:
    offsets = np.zeros(len(ids) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return Tokens(np.fromiter(chain.from_iterable(ids), np.int32, int(offsets[-1])), offsets, whole)


def open_tokenizer(path: Path) -> Tokenizer:
    """Open a tokenizer.json.

    Raises:
        InputError: it is missing, or is not one.
    """
    content = read_small_file(path, MOST_BYTES)
    try:
        return Tokenizer.from_str(content.decode())
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # tokenizers raises nothing more special, and Rust's panics are not even Exceptions
        reason = (str(error).splitlines() or ["it is damaged"])[0]
        raise InputError(f"`{path}` cannot be read: {reason}", "fetch or make it again") from None
