"""The augmentation methods by name, and the values that `--method` accepts."""

from collections import ChainMap
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from txt.augmentation import back_translation, contextual, synonyms, typos, words
from txt.augmentation.rewriting import Rewriter
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans
from txt.augmentation.wordnet import MissingWordNetError, WordNet, load_wordnet
from txt.errors import InputError, did_you_mean

Method = Callable[[Spans, RowRng, float], str | None]
"""Returns the text with an edit at the given rate, or None where there is nothing to edit."""

_EDA_RATE = 0.1  # of Wei and Zou (2019), whatever --rate says


@dataclass(frozen=True)
class Setup:
    """The settings that methods are made from."""

    language: str = "en"
    wordnet: Path | None = None
    translators: tuple[str, str] = back_translation.DEFAULT
    language_model: str = contextual.DEFAULT
    sampled: bool = False
    device: str = "auto"
    engine: str = "txt"

    @cached_property
    def tables(self) -> WordNet:
        """The synonyms and antonyms.

        Raises:
            InputError: WordNet is of another language.
            MissingWordNetError: it is not on this machine.
        """
        if self.language != "en":
            raise InputError(
                f"WordNet is English, and the texts are --language {self.language}",
                "methods for any language: swap, delete, split, punctuation, sentence",
            )
        return load_wordnet(self.wordnet)


def _make_insert(setup: Setup) -> Method:
    """Return the insertion of synonyms, or of the text's own words where there is no WordNet for them."""
    try:
        return synonyms.make_insert(synonyms.make_finder(setup.tables.synonyms))
    except (MissingWordNetError, InputError):
        if setup.wordnet is not None:
            raise
        return words.repeat


def _make_eda(setup: Setup) -> Method:
    """Return the mix of Wei and Zou (2019): replace, insert, swap or delete at their rates."""
    find = synonyms.make_finder(setup.tables.synonyms)
    four = (synonyms.make_replace(find), synonyms.make_insert(find), words.swap, words.delete)

    def eda(spans: Spans, draws: RowRng, _rate: float) -> str | None:
        return draws.pick(four)(spans, draws, _EDA_RATE)

    return eda


AUGMENTERS: Mapping[str, Callable[[Setup], Method]] = {
    "synonym": lambda setup: synonyms.make_replace(synonyms.make_finder(setup.tables.synonyms)),
    "swap": lambda _: words.swap,
    "delete": lambda _: words.delete,
    "insert": _make_insert,
    "split": lambda _: words.split,
    "keyboard": lambda setup: typos.make_keyboard_slips(setup.language),
    "ocr": lambda setup: typos.make_scan_errors(setup.language),
    "spelling": lambda setup: typos.make_misspell(setup.language),
    "punctuation": lambda _: words.add_punctuation,
    "sentence": lambda _: words.edit_sentences,
    "eda": _make_eda,
    "antonym": lambda setup: synonyms.make_replace(synonyms.make_finder(setup.tables.antonyms)),
}
"""The methods that edit one text at a time."""


def make_method(name: str, setup: Setup) -> Method:
    """Return a method that edits one text at a time, by the engine of the setup.

    Raises:
        InputError: the engine does not have it.
    """
    if setup.engine == "nlpaug":
        from txt.augmentation.nlpaug_engine import make_word_method  # imports nlpaug, which takes seconds

        return make_word_method(name)
    return AUGMENTERS[name](setup)


REWRITERS: Mapping[str, Callable[[Setup], Rewriter]] = {
    "back-translation": lambda setup: back_translation.load(setup.translators, setup.device, setup.sampled),
    "contextual": lambda setup: contextual.load(setup.language_model, setup.device),
}
"""The methods that take many texts at a time, through a model."""

FLIP_LABELS = frozenset({"antonym"})
METHODS: Collection[str] = ChainMap[str, object](REWRITERS, AUGMENTERS)  # type: ignore[arg-type]
"""The names of all methods."""


def parse_methods(written: Sequence[str], allow_label_flips: bool = False) -> tuple[tuple[str, int], ...]:
    """Return methods with their weights from `synonym:2`, `swap,delete` and the like.

    Raises:
        InputError: a method does not exist (all are listed), its weight is not valid, or it would flip labels.
    """
    chosen: dict[str, int] = {}
    for item in (item.strip() for part in written for item in part.split(",")):
        name, _, weight = item.partition(":")
        if name not in METHODS:
            close = did_you_mean(name, METHODS) or ""
            raise InputError(f"there is no method `{name}`", f"{close} methods: {', '.join(METHODS)}".lstrip())
        if weight and not (weight.isdecimal() and 0 < int(weight) <= 1000):
            raise InputError(f"the weight of `{item}` must be a whole number from 1 to 1000", f"for example {name}:2")
        if name in FLIP_LABELS and not allow_label_flips:
            raise InputError(
                f"`{name}` turns texts into their opposite, so their labels would be wrong",
                "--allow-label-flips if the label does not depend on that",
            )
        chosen[name] = chosen.get(name, 0) + int(weight or 1)
    return tuple(chosen.items())


def make_method_order(methods: Sequence[tuple[str, int]]) -> Callable[[RowRng], list[str]]:
    """Return a function that draws a method by weight, followed by the others in the order in which to try them."""
    names = [name for name, weight in methods for _ in range(weight)]
    return partial(_draw_order, names) if len(methods) > 1 else lambda _draws: names[:1]


def _draw_order(names: list[str], draws: RowRng) -> list[str]:
    first = names[draws.below(len(names))]
    return [first, *(name for name in dict.fromkeys(names) if name != first)]
