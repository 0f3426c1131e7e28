"""Texts to token ids, many at a time and as fast as can be; the ids are those of the tokenizer, always.

BERT's tokenizers look at each word by itself, and words repeat: with them each different word is encoded once and its
ids are remembered, which on two cores is several times as fast as encoding every text.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

_MOST_CHARACTERS = 1_500_000  # of remembered words; with their ids they take about 60 MB


@dataclass(frozen=True)
class Tokens:
    """Token ids of some texts, cut and with special tokens, laid end to end.

    `offsets` (rows + 1,) say where each text begins; `whole_lengths` (rows,) how many ids each had before it was cut.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int32]
    whole_lengths: npt.NDArray[np.int64]


Encoder = Callable[[Sequence[str]], Tokens]


def encoder_for(tokenizer: Tokenizer, max_length: int) -> Encoder:
    """Return the fastest way to encode as `tokenizer` does, keeping `max_length` ids of each text."""
    if sees_words_alone(tokenizer):
        return WordEncoder(tokenizer, max_length)
    return TextEncoder(tokenizer, max_length)


def sees_words_alone(tokenizer: Tokenizer) -> bool:
    """Tell whether the ids of a text are those of its words, whatever stands around them, as with BERT's tokenizers."""
    parts = json.loads(tokenizer.to_str())
    added = parts["added_tokens"]
    return (
        [(parts[name] or {}).get("type") for name in ("normalizer", "pre_tokenizer", "model")]
        == ["BertNormalizer", "BertPreTokenizer", "WordPiece"]
        and (parts["post_processor"] or {}).get("type") in (None, "TemplateProcessing", "BertProcessing")
        and not any(token["lstrip"] or token["rstrip"] or token["single_word"] for token in added)
        and not any(letter.isspace() for token in added for letter in token["content"])
    )


class TextEncoder:
    """Encodes each text with the tokenizer itself, on all cores."""

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self._tokenizer = _uncut(tokenizer)
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
        return _laid_out(ids, lengths, whole)


class WordEncoder:
    """Encodes each different word once, and puts texts together from what it remembers."""

    def __init__(self, tokenizer: Tokenizer, max_length: int) -> None:
        self._tokenizer = _uncut(tokenizer)
        sample = self._tokenizer.encode("a")
        words = [place for place, special in enumerate(sample.special_tokens_mask) if not special]
        self._before, self._after = sample.ids[: words[0]], sample.ids[words[-1] + 1 :]
        self._special = len(self._before) + len(self._after)
        self._room = max_length - self._special
        self._known: dict[str, list[int]] = {}
        self._characters = 0

    def __call__(self, texts: Sequence[str]) -> Tokens:
        """Encode some texts."""
        rows = [text.replace("\n", " ").split(" ") for text in texts]
        ids_of = self._looked_up(set(chain.from_iterable(rows))).__getitem__
        before, after, room = self._before, self._after, self._room
        ids, whole = [], []
        for row in rows:
            found = list(chain.from_iterable(map(ids_of, row)))
            whole.append(len(found))
            ids.append([*before, *found[:room], *after])
        whole_lengths = np.array(whole, np.int64) + self._special
        return _laid_out(ids, np.minimum(whole_lengths, self._room + self._special), whole_lengths)

    def _looked_up(self, words: set[str]) -> dict[str, list[int]]:
        """Return the ids of all words; those that are new are encoded, on all cores."""
        new = list(words.difference(self._known))
        encodings = self._tokenizer.encode_batch_fast(new, add_special_tokens=False)
        self._characters += sum(map(len, new))
        if self._characters > _MOST_CHARACTERS:
            self._known = {word: self._known[word] for word in words.intersection(self._known)}
            self._characters = sum(map(len, words))
        self._known.update((word, encoding.ids) for word, encoding in zip(new, encodings, strict=True))
        return self._known


def _uncut(tokenizer: Tokenizer) -> Tokenizer:
    """Return a copy that neither cuts nor pads."""
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def _laid_out(ids: Sequence[Sequence[int]], lengths: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> Tokens:
    offsets = np.zeros(len(ids) + 1, np.int32)
    np.cumsum(lengths, out=offsets[1:])
    return Tokens(np.fromiter(chain.from_iterable(ids), np.int32, int(offsets[-1])), offsets, whole)
