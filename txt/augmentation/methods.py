"""The methods by name, and what `--method` may say."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from txt.augmentation import back_translation, contextual, synonyms, typos, words
from txt.augmentation.rewriting import Rewriter
from txt.augmentation.rng import Draws
from txt.augmentation.spans import Spans
from txt.augmentation.wordnet import MissingWordNetError, WordNet, load
from txt.errors import InputError, did_you_mean

Method = Callable[[Spans, Draws, float], str | None]
"""Returns the text with an edit at the given rate, or None where there is nothing to edit."""

DEFAULT_METHODS = ("synonym", "swap", "delete")
_EDA_RATE = 0.1  # of Wei and Zou (2019), whatever --rate says


@dataclass(frozen=True)
class Setup:
    """What methods are made of."""

    language: str = "en"
    wordnet: Path | None = None
    translators: tuple[str, str] = back_translation.DEFAULT
    language_model: str = contextual.DEFAULT
    sampled: bool = False
    device: str = "auto"

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
        return load(self.wordnet)


def _insert(setup: Setup) -> Method:
    """Return the insertion of synonyms, or of the text's own words where there is no WordNet for them."""
    try:
        return synonyms.inserting(synonyms.finder(setup.tables.synonyms))
    except (MissingWordNetError, InputError):
        if setup.wordnet is not None:
            raise
        return words.repeat


def _eda(setup: Setup) -> Method:
    """Return the mix of Wei and Zou (2019): replace, insert, swap or delete at their rates."""
    find = synonyms.finder(setup.tables.synonyms)
    four = (synonyms.replacing(find), synonyms.inserting(find), words.swap, words.delete)

    def eda(spans: Spans, draws: Draws, _rate: float) -> str | None:
        return draws.pick(four)(spans, draws, _EDA_RATE)

    return eda


AUGMENTERS: Mapping[str, Callable[[Setup], Method]] = {
    "synonym": lambda setup: synonyms.replacing(synonyms.finder(setup.tables.synonyms)),
    "swap": lambda _: words.swap,
    "delete": lambda _: words.delete,
    "insert": _insert,
    "split": lambda _: words.split,
    "keyboard": lambda setup: typos.slips(setup.language),
    "ocr": lambda setup: typos.scans(setup.language),
    "spelling": lambda setup: typos.spellings(setup.language),
    "punctuation": lambda _: words.punctuation,
    "sentence": lambda _: words.sentence,
    "eda": _eda,
    "antonym": lambda setup: synonyms.replacing(synonyms.finder(setup.tables.antonyms)),
}
"""The methods that edit one text at a time."""

REWRITERS: Mapping[str, Callable[[Setup], Rewriter]] = {
    "back-translation": lambda setup: back_translation.load(setup.translators, setup.device, setup.sampled),
    "contextual": lambda setup: contextual.load(setup.language_model, setup.device),
}
"""The methods that take many texts at a time, through a model."""

FLIP_LABELS = frozenset({"antonym"})
METHODS = (*AUGMENTERS, *REWRITERS)


def parse_methods(written: Sequence[str], allow_label_flips: bool = False) -> tuple[tuple[str, int], ...]:
    """Return methods with their weights from `synonym:2`, `swap,delete` and the like.

    Raises:
        InputError: a method does not exist (all are listed), its weight is none, or it flips labels and may not.
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
                f"`{name}` turns texts into their opposite, so their labels would lie",
                "--allow-label-flips if the label has nothing to do with that",
            )
        chosen[name] = chosen.get(name, 0) + int(weight or 1)
    return tuple(chosen.items())


def one_of(methods: Sequence[tuple[str, int]]) -> Callable[[Draws], list[str]]:
    """Return a function that draws a method by weight, and behind it the others in the order to try them in."""
    names = [name for name, weight in methods for _ in range(weight)]
    return partial(_drawn, names) if len(methods) > 1 else lambda _draws: names[:1]


def _drawn(names: list[str], draws: Draws) -> list[str]:
    first = names[draws.below(len(names))]
    return [first, *(name for name in dict.fromkeys(names) if name != first)]
