"""Edits train rows during training: differently in each epoch, and in the same way when an epoch is repeated.

An edit follows from the seed, the row and the epoch alone, so a resumed training and each of several processes make the
same ones, and nothing has to be stored. On average, every other time a row is left as it is, since
the texts to classify later are not edited.
"""

import numpy as np
import numpy.typing as npt

from txt.augmentation.engine import Engine, Recipe
from txt.augmentation.language_data import find_language
from txt.augmentation.methods import Setup
from txt.augmentation.recipe import UNKNOWN, make_protection
from txt.augmentation.rng import RowRng
from txt.config import AugmentConfig, TrainConfig
from txt.data.prepared import Prepared, Split
from txt.data.token_encoder import Encoder, make_encoder
from txt.training.batches import RowNumbers

EDITED = 0.5
"""The share of the rows that are edited in an epoch."""

_SAMPLE_ROWS = 1000  # to tell the language by


class FreshEdits:
    """Gathers rows of a train split as `Split.gather` does, about half of them edited."""

    def __init__(self, split: Split, engine: Engine, encode: Encoder, seed: int) -> None:
        self._split, self._make_engine, self._encode, self._seed = split, engine, encode, seed

    def gather(self, rows: RowNumbers, epoch: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some rows laid end to end, (N,), and each row's number of tokens, (B,)."""
        tokens = self._encode(self.texts(rows, epoch))
        return tokens.ids.astype(np.int64), tokens.lengths

    def texts(self, rows: RowNumbers, epoch: int) -> list[str]:
        """Return some rows' texts as they are in an epoch, counted from 0."""
        return [
            self._edit_row(text, RowRng(self._seed, row, epoch))
            for row, text in zip(rows.tolist(), self._split.texts(rows), strict=True)
        ]

    def _edit_row(self, text: str, draws: RowRng) -> str:
        return (self._make_engine.edit_text(text, draws) or text) if draws.chance(EDITED) else text


def make_fresh_edits(config: TrainConfig, prepared: Prepared) -> FreshEdits | None:
    """Return the editor of train rows that `--augment` asks for, or None without that option.

    Raises:
        InputError: a method cannot work in the language of the texts.
        MissingWordNetError: one needs WordNet, and there is none.
    """
    if config.augment is None:
        return None
    train = prepared.split("train")
    sample = np.linspace(0, len(train) - 1, min(len(train), _SAMPLE_ROWS), dtype=np.int64)
    language = config.language or find_language(train.texts(sample)) or UNKNOWN
    encode = make_encoder(prepared.tokenizer(), prepared.manifest.max_length)
    return FreshEdits(train, _make_engine(config, language), encode, config.seed)


def check_edits(config: TrainConfig) -> None:
    """Refuse, before data is prepared, what cannot work whatever the texts are; see `make_fresh_edits` for errors."""
    if config.augment is not None:
        _make_engine(config, config.language or "en")


def _make_engine(config: TrainConfig, language: str) -> Engine:
    methods = tuple((name, 1) for name in config.edits)
    protection = make_protection(AugmentConfig(), language)
    return Engine(
        Recipe(methods, rate=config.augment_rate, setup=Setup(language, config.wordnet), protection=protection)
    )
