"""Texts as token ids: each cut at the length that the model reads, or laid out as windows that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from txt.arrays import Ints
from txt.data.token_encoder import TokenRows, Tokens, make_encoder
from txt.errors import InputError

_UNCUT = 1 << 30


@dataclass(frozen=True)
class Pieces(TokenRows):
    """What a model reads of some texts: a row for one piece a text, or for several windows.

    Piece p is of text `owner[p]`; `long` (texts,) says which texts have more tokens than the model reads at once.
    """

    owner: Ints
    long: npt.NDArray[np.bool_]


class TextCutter:
    """Turns texts into pieces of at most `max_length` tokens, with a new window each `stride` tokens if that is given.

    Raises:
        InputError: the stride is not between 1 and the tokens that a window has.
    """

    def __init__(self, tokenizer: Tokenizer, max_length: int, stride: int | None = None) -> None:
        sample = tokenizer.encode("a")
        own = [place for place, special in enumerate(sample.special_tokens_mask) if not special]
        self._before, self._after = (own[0], len(sample.ids) - own[-1] - 1) if own else (0, 0)
        self._room = max_length - self._before - self._after
        if stride is not None and not 1 <= stride <= self._room:
            raise InputError(
                f"--stride {stride} is not between 1 and {self._room}, the tokens of a window",
                f"{max(1, self._room // 2)} lets windows overlap by half",
            )
        self._stride = stride
        self._encode = make_encoder(tokenizer, _UNCUT if stride else max_length)
        self._max_length = max_length

    def __call__(self, texts: Sequence[str]) -> Pieces:
        """Cut some texts."""
        tokens = self._encode(texts)
        long = tokens.whole_lengths > self._max_length
        if self._stride is not None and long.any():
            return self._cut_windows(tokens, long, self._stride)
        offsets = tokens.offsets.astype(np.int64)
        pieces = Pieces(tokens.ids, offsets, np.arange(len(texts), dtype=np.int64), long)
        return _fill_empty_pieces(pieces) if (pieces.lengths == 0).any() else pieces

    def _cut_windows(self, tokens: Tokens, long: npt.NDArray[np.bool_], stride: int) -> Pieces:
        parts, owner = [], []
        for row in range(len(long)):
            ids = tokens.ids[tokens.offsets[row] : tokens.offsets[row + 1]]
            found = self._cut_text(ids, stride) if long[row] else [ids]
            parts += found
            owner += [row] * len(found)
        offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)])
        return Pieces(np.concatenate(parts), offsets, np.array(owner, np.int64), long)

    def _cut_text(self, ids: npt.NDArray[np.int32], stride: int) -> list[npt.NDArray[np.int32]]:
        """Return windows of one text, each between the tokens that begin and end every text; the last ends with it."""
        content = ids[self._before : len(ids) - self._after]
        last = len(content) - self._room
        starts = [*range(0, last, stride), last]
        begin, end = ids[: self._before], ids[len(ids) - self._after :]
        return [np.concatenate([begin, content[start : start + self._room], end]) for start in starts]


def _fill_empty_pieces(pieces: Pieces) -> Pieces:
    """Give token 0 to texts that have none, as an empty text under a tokenizer that adds none."""
    lengths = np.maximum(pieces.lengths, 1)
    ids = np.insert(pieces.ids, pieces.offsets[:-1][pieces.lengths == 0], 0)
    return Pieces(ids, np.concatenate([[0], np.cumsum(lengths)]), pieces.owner, pieces.long)
