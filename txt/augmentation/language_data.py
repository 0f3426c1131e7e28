"""Word lists and tables that come with nlpaug and textblob, read without the four seconds that importing them takes."""

import json
import re
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from txt.augmentation.spans import split_words
from txt.errors import InputError, TxtError

_FORM = re.compile(r'<word form="([^"]+)"[^>]*? pos="(\w+)"[^>]*? polarity="(-?[\d.]+)"')
_CLEAR = 0.3  # polarity from which on a word tells what its writer thinks


def list_keyboards() -> list[str]:
    """Return the languages whose keyboard is known."""
    return sorted(path.stem for path in _find_package_file("nlpaug", "res/char/keyboard").glob("*.json"))


@cache
def load_keyboard(language: str) -> dict[str, str]:
    """Return the letters beside each letter on the keyboard of a language, in lower case.

    Raises:
        InputError: the keyboard of that language is not known.
    """
    if language not in list_keyboards():
        raise InputError(f"there is no keyboard for --language {language}", f"known: {', '.join(list_keyboards())}")
    path = _find_package_file("nlpaug", f"res/char/keyboard/{language}.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    beside = {
        key: "".join(sorted({near for near in keys if near.isalpha() and near == near.lower() and near != key}))
        for key, keys in table.items()
        if len(key) == 1 and key.isalpha() and key == key.lower()
    }
    return {key: keys for key, keys in beside.items() if keys}


@cache
def load_misreadings() -> dict[str, str]:
    """Return the letters for which a scanner takes each letter; digits and signs are left out."""
    table = json.loads(_find_package_file("nlpaug", "res/char/ocr/en.json").read_text(encoding="utf-8"))
    both: dict[str, set[str]] = {}
    for key, values in table.items():
        for value in values:
            both.setdefault(key, set()).add(value)
            both.setdefault(value, set()).add(key)
    return {key: "".join(sorted(values)) for key, values in both.items() if key.isalpha()}


@cache
def load_misspellings(language: str) -> dict[str, tuple[str, ...]]:
    """Return how each word is often misspelt, in lower case.

    Raises:
        InputError: there is no list for that language.
    """
    path = _find_package_file("nlpaug", f"res/word/spelling/spelling_{language}.txt")
    if not path.is_file():
        raise InputError(f"there is no list of misspellings for --language {language}", "there is one for: en")
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        right, *wrong = line.split()
        usable = tuple(word for word in wrong if word.isalpha() and word.lower() != right.lower())
        if right.isalpha() and usable:
            found[right.lower()] = usable
    return found


@cache
def load_opinion_words() -> dict[str, int]:
    """Return the English words that tell what their writer thinks: 1 for praise, -1 for blame."""
    content = _find_package_file("textblob", "en/en-sentiment.xml").read_text(encoding="utf-8")
    sums: dict[str, list[float]] = {}
    for form, _, polarity in _FORM.findall(content):
        sums.setdefault(form, []).append(float(polarity))
    means = {form: sum(values) / len(values) for form, values in sums.items()}
    return {form: 1 if mean > 0 else -1 for form, mean in means.items() if abs(mean) >= _CLEAR}


@cache
def load_usual_tags() -> dict[str, str]:
    """Return the commonest Penn tag of each English word, as Brill's lexicon has it."""
    content = _find_package_file("textblob", "en/en-lexicon.txt").read_text(encoding="utf-8")
    pairs = (line.split(" ")[:2] for line in content.splitlines() if line and not line.startswith(";;;"))
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _find_package_file(package: str, name: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise TxtError(f"the package `{package}` is not installed", "pip install txt-toolkit again")
    return Path(next(iter(spec.submodule_search_locations))) / name


_COMMON = {
    "en": "the and of to is in that it for was with this are you have be on not as but they at i we what",
    "de": "der die und das nicht ist ein zu ich es mit den von auf für sich eine dem auch wie wir nur noch dass",
    "fr": "le la les et de des un une est pas que qui dans pour sur avec je vous nous il elle ce sont mais ne au",
    "es": "el la los las de que y en un una es no por con para se lo su como más pero muy está me fue",
    "it": "il la che di e un una non è per in con si sono ma come del della anche mi più questo i gli ho",
    "nl": "de het een en van is dat niet in op te zijn voor met ik je maar er ook aan wat heb dit naar",
    "pl": "i w nie na się z do to że jest o jak ale po co za tak od być mnie już tylko dla",
    "tr": "bir ve bu da de için çok ne ile ben o var daha gibi kadar ama en her olarak değil",
}
_FEWEST = 0.05  # of the words; fewer are accidents


def find_language(texts: Iterable[str]) -> str | None:
    """Return the language's two letters, or None where no known language's commonest words stand out."""
    words = [word for text in texts for word in text.lower().split()]
    shares = {language: _measure_share(words, split_words(common)) for language, common in _COMMON.items()}
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= _FEWEST else None


def list_common_words(languages: Iterable[str]) -> frozenset[str]:
    """Return the commonest words of some languages, in lower case; none of those that are not known here."""
    return frozenset(word for language in languages for word in _COMMON.get(language, "").split())


def _measure_share(words: list[str], common: frozenset[str]) -> float:
    return sum(word in common for word in words) / max(len(words), 1)
