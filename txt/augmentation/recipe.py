"""Turns options into a recipe: which methods can work on these texts, and what is protected in them."""

import re
from collections.abc import Sequence
from pathlib import Path

from txt.augmentation.engine import LabelCheck, Recipe
from txt.augmentation.language_data import find_language, load_opinion_words
from txt.augmentation.methods import Setup, parse_methods
from txt.augmentation.nlpaug_engine import check_word_method
from txt.augmentation.spans import Protection
from txt.augmentation.wordnet import MissingWordNetError, find_wordnet
from txt.config import AugmentConfig
from txt.errors import InputError

UNKNOWN = "unknown"
"""The language of texts in which no known language's commonest words stand out."""


def make_recipe(
    config: AugmentConfig, texts: Sequence[str], originals: Path | None = None, check: LabelCheck | None = None
) -> tuple[Recipe, list[str]]:
    """Return the recipe for texts of which some are given, and what the user should know about it.

    Methods that the user did not ask for by name are left out where they cannot work.

    Raises:
        InputError: an option makes no sense, or a method cannot work in the language.
        MissingWordNetError: a method was asked for that needs WordNet.
    """
    language = config.language or find_language(texts) or UNKNOWN
    methods = parse_methods([config.methods], config.allow_label_flips)
    if config.engine == "nlpaug":
        for name, _ in methods:
            check_word_method(name)
    notes = []
    asked = config.methods != type(config).methods
    if not asked and (why := _explain_no_synonyms(config, language)):
        methods = tuple((name, weight) for name, weight in methods if name != "synonym")
        notes.append(f"left `synonym` out: {why}")
    setup = Setup(
        language,
        config.wordnet,
        _parse_pair(config.translators),
        config.masked_model,
        config.sampled,
        config.device,
        config.engine,
    )
    return (
        Recipe(
            methods, config.chain, config.rate, config.seed, setup, make_protection(config, language), originals, check
        ),
        notes,
    )


def make_protection(config: AugmentConfig, language: str) -> Protection:
    """Return what must stay as it is: words of opinion, and what `--keep` and `--stopwords` name.

    Raises:
        InputError: `--keep` is not a regular expression, or the file of `--stopwords` cannot be read.
    """
    words = frozenset(load_opinion_words()) if language == "en" else frozenset()
    if config.stopwords is not None:
        words |= _read_stopwords(config.stopwords)
    try:
        return Protection(words, re.compile(config.keep) if config.keep else None)
    except re.error as error:
        raise InputError(f"--keep `{config.keep}` is not a regular expression: {error}") from None


def _explain_no_synonyms(config: AugmentConfig, language: str) -> str | None:
    """Return why there are no synonyms for these texts, if so."""
    if language != "en":
        name = "in a language that is not known" if language == UNKNOWN else f"in --language {language}"
        return f"WordNet is English, and the texts are {name}"
    try:
        find_wordnet(config.wordnet)
    except MissingWordNetError as error:
        return f"{error.message}; {error.hint}"
    return None


def _read_stopwords(written: str) -> frozenset[str]:
    path = Path(written)
    try:
        content = path.read_text(encoding="utf-8").split("\n") if path.is_file() else written.split(",")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"cannot read the words in `{written}`", "a text file with one word a line") from None
    return frozenset(word.strip().lower() for word in content if word.strip())


def _parse_pair(written: str) -> tuple[str, str]:
    names = [name.strip() for name in written.split(",")]
    if len(names) != 2 or not all(names):
        raise InputError(f"--translators `{written}` does not name two models", "there and back: MODEL,MODEL")
    return names[0], names[1]
