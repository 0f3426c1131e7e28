"""Train rows edited while training: anew in each epoch, and the same again when that epoch is trained again.

An edit follows from the seed, the row and the epoch alone, so a resumed training and each of several processes make the
same ones, and nothing has to be stored. Every other time, on average, a row is left as it is: what the model is asked
later has no edits in it.
"""

import numpy as np
import numpy.typing as npt

from txt.augmentation.engine import Engine, Recipe
from txt.augmentation.language_data import find_language
from txt.augmentation.methods import Setup
from txt.augmentation.recipe import UNKNOWN, protection_of
from txt.augmentation.rng import Draws
from txt.config import AugmentConfig, TrainConfig
from txt.data.encoder import Encoder, encoder_for
from txt.data.prepared import Prepared, Split
from txt.training.batches import Rows

EDITED = 0.5
"""The share of the rows that are edited in an epoch."""

_SAMPLE_ROWS = 1000  # to tell the language by


class FreshEdits:
    """Gathers rows of a train split as `Split.gather` does, about half of them edited."""

    def __init__(self, split: Split, engine: Engine, encode: Encoder, seed: int) -> None:
        self._split, self._engine, self._encode, self._seed = split, engine, encode, seed

    def gather(self, rows: Rows, epoch: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some rows laid end to end, (N,), and each row's number of tokens, (B,)."""
        tokens = self._encode(self.texts(rows, epoch))
        return tokens.ids.astype(np.int64), tokens.lengths

    def texts(self, rows: Rows, epoch: int) -> list[str]:
        """Return some rows' texts as they are in an epoch, counted from 0."""
        return [
            self._edited(text, Draws(self._seed, row, epoch))
            for row, text in zip(rows.tolist(), self._split.texts(rows), strict=True)
        ]

    def _edited(self, text: str, draws: Draws) -> str:
        return (self._engine.edited(text, draws) or text) if draws.chance(EDITED) else text


def fresh_edits(config: TrainConfig, prepared: Prepared) -> FreshEdits | None:
    """Return what edits the train rows as `--augment` asks, or None where it does not.

    Raises:
        InputError: a method cannot work in the language of the texts.
        MissingWordNetError: one needs WordNet, and there is none.
    """
    if config.augment is None:
        return None
    train = prepared.split("train")
    sample = np.linspace(0, len(train) - 1, min(len(train), _SAMPLE_ROWS), dtype=np.int64)
    language = config.language or find_language(train.texts(sample)) or UNKNOWN
    encode = encoder_for(prepared.tokenizer(), prepared.manifest.max_length)
    return FreshEdits(train, _engine(config, language), encode, config.seed)


def check_edits(config: TrainConfig) -> None:
    """Refuse, before data is prepared, what cannot work whatever the texts are; see `fresh_edits` for the errors."""
    if config.augment is not None:
        _engine(config, config.language or "en")


def _engine(config: TrainConfig, language: str) -> Engine:
    methods = tuple((name, 1) for name in config.edits)
    protection = protection_of(AugmentConfig(), language)
    return Engine(
        Recipe(methods, rate=config.augment_rate, setup=Setup(language, config.wordnet), protection=protection)
    )
