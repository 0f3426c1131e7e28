"""nlpaug's own augmenters, a word at a time under our spans: what surrounds the words stays byte for byte.

Given a whole text they tear contractions, addresses and emoji apart and lose newlines; given one plain word they are
right. Which word is edited, and the seed of what becomes of it, are drawn as for our own methods, so that copies come
out the same in whatever order and process they are made.
"""

import random
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans
from txt.augmentation.typos import match_case
from txt.errors import InputError

Method = Callable[[Spans, RowRng, float], str | None]

_SHORTEST = 4  # letters: nlpaug leaves shorter words alone, or makes other words of them
_SPARE_TRIES = 8  # some words have nothing that an augmenter knows
_SEEDS = 1 << 32

WHY_NOT: Mapping[str, str] = {
    "synonym": "SynonymAug needs nltk's tagger and gives a word without its ending: `films` becomes `movie`",
    "antonym": "AntonymAug needs nltk's tagger",
    "swap": "RandomWordAug swaps within a text, and tears what stands between the words",
    "delete": "RandomWordAug deletes within a text, and puts its own spaces in",
    "insert": "nlpaug has no insertion without a model",
    "punctuation": "nlpaug has none",
    "sentence": "RandomSentAug loses what stands between the sentences",
    "eda": "nlpaug has none",
    "back-translation": "BackTranslationAug translates one text at a time, and calls what transformers 5 no longer has",
    "contextual": "ContextualWordEmbsAug calls a method that transformers 5 no longer has",
}
"""Why each other method is ours alone."""


def check_word_method(name: str) -> None:
    """Refuse a method that nlpaug does not have, or not for texts whose words alone may change.

    Raises:
        InputError: it is one; the message says why.
    """
    if name not in _AUGMENTERS:
        raise InputError(
            f"--engine nlpaug has no `{name}`: {WHY_NOT[name]}",
            f"it has {', '.join(_AUGMENTERS)}; --engine txt has all",
        )


def make_word_method(name: str) -> Method:
    """Return one of nlpaug's augmenters as a method.

    Raises:
        InputError: see `check_word_method`.
    """
    check_word_method(name)
    augmenter = _AUGMENTERS[name]()

    def edit(spans: Spans, draws: RowRng, rate: float) -> str | None:
        count, changed = spans.count_edits(rate), 0
        pieces = spans.pieces.copy()
        pool = [place for place in spans.free if len(pieces[place]) >= _SHORTEST]
        for place in draws.some(pool, count + _SPARE_TRIES):
            word = pieces[place]
            other = _augment(augmenter, word, draws.below(_SEEDS))
            if other in (None, word):
                continue
            pieces[place] = match_case(word, str(other)) if name == "spelling" else str(other)
            changed += 1
            if changed == count:
                break
        return "".join(pieces) if changed else None

    return edit


def _augment(augmenter: Any, word: str, seed: int) -> str | None:
    """Return what nlpaug makes of a word; the generators that it draws from are as they were afterwards."""
    import numpy as np

    before, before_numpy = random.getstate(), np.random.get_state()
    try:
        random.seed(seed)
        np.random.seed(seed)
        found = augmenter.augment(word)
    finally:
        random.setstate(before)
        np.random.set_state(before_numpy)
    made = found[0] if isinstance(found, list) and found else found
    return made if isinstance(made, str) and made.strip() else None


def _import(name: str) -> Any:
    """Import a module of nlpaug without the warnings about its own code, which a new Python compiles with some."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return import_module(name)


def _make_keyboard() -> Any:
    nac = _import("nlpaug.augmenter.char")

    return nac.KeyboardAug(
        aug_char_max=1,
        aug_word_p=1.0,
        min_char=_SHORTEST,
        include_special_char=False,
        include_numeric=False,
        include_upper_case=False,
    )


def _make_ocr() -> Any:
    nac = _import("nlpaug.augmenter.char")

    return nac.OcrAug(aug_char_max=1, aug_word_p=1.0, min_char=_SHORTEST)


def _make_spelling() -> Any:
    naw = _import("nlpaug.augmenter.word")

    return naw.SpellingAug(aug_p=1.0)


def _make_split() -> Any:
    naw = _import("nlpaug.augmenter.word")

    return naw.SplitAug(aug_p=1.0, min_char=_SHORTEST)


_AUGMENTERS: Mapping[str, Callable[[], Any]] = {
    "keyboard": _make_keyboard,
    "ocr": _make_ocr,
    "spelling": _make_spelling,
    "split": _make_split,
}
