"""Texts as the token ids that a model reads."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from txt.data.encoder import encoder_for


class EncodedTexts:
    """Texts with what prediction needs of a split: their lengths in tokens, and the token ids of any of them."""

    def __init__(self, tokenizer: Tokenizer, max_length: int, texts: Sequence[str]) -> None:
        self._tokens = encoder_for(tokenizer, max_length)(texts)

    @property
    def lengths(self) -> npt.NDArray[np.integer]:
        """Tokens of each text, (N,)."""
        return np.diff(self._tokens.offsets)

    def gather(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some texts laid end to end, and their lengths (B,)."""
        ids, offsets = self._tokens.ids, self._tokens.offsets
        parts = [ids[offsets[row] : offsets[row + 1]] for row in rows]
        return np.concatenate([np.empty(0, np.int64), *parts], dtype=np.int64), self.lengths[rows].astype(np.int64)
