"""The classes to choose from, and the key of each: digits first, then letters, or those the user chose."""

import json
import string
from collections.abc import Collection, Iterable, Mapping, Sequence

from txt.errors import InputError, did_you_mean
from txt.labeling.store.decision import SEPARATOR

MOST_KEYS = 20
"""Up to so many classes each have a key; with more none has, and the name is typed and completed instead."""

ACTION_LETTERS = "bfgmnpqrstuwz"
"""Letters that mean something else while labeling (`r` is kept for rules); every action has another key as well."""

_LABEL_KEYS = "123456789" + "".join(letter for letter in string.ascii_lowercase if letter not in ACTION_LETTERS)
_DIGITS = frozenset(string.digits)
_ACTION_SIGNS = "/?+#!*%|<>."
_ACTION_KEYS = frozenset(ACTION_LETTERS) | frozenset(_ACTION_SIGNS) | {"U"}


def assign_keys(
    names: Sequence[str], chosen: Mapping[str, str] | None = None, added: Collection[str] = ()
) -> dict[str, str]:
    """Return the key of each class, the chosen ones first; classes beyond the last key have none.

    A class whose name is a digit gets that digit, so that no key stands for one class and names another. Those `added`
    while labeling come last, and take no key from the others.
    """
    keys = {name: key for name, key in (chosen or {}).items() if name in names}
    for group in ([name for name in names if name not in added], [name for name in names if name in added]):
        digits = {name for name in group if name in _DIGITS and name not in keys and name not in keys.values()}
        keys |= {name: name for name in digits}
        free = (key for key in _LABEL_KEYS if key not in keys.values())
        for name in group:
            if name not in keys and (key := next(free, None)):
                keys[name] = key
    return {name: keys[name] for name in names if name in keys}


def find_class(typed: str, names: Sequence[str], keys: Mapping[str, str]) -> str | None:
    """Return the class that a typed key or name means: a key first, since it is the key that is shown.

    With more than MOST_KEYS classes there are no keys, and some letters of a name are enough. A letter that means an
    action is never the name of a class.
    """
    if len(names) > MOST_KEYS:
        if typed in names:
            return typed
        found = match_classes(typed, names) if len(typed) > 1 else []
        return found[0] if len(found) == 1 else None
    by_key = {key: name for name, key in keys.items()}
    if typed in by_key:
        return by_key[typed]
    return typed if typed in names and typed not in _ACTION_KEYS else None


def assign_mnemonics(names: Sequence[str]) -> dict[str, str]:
    """Return for each class a letter of its name, the first that is still free."""
    keys: dict[str, str] = {}
    for name in names:
        letters = [letter for letter in name.lower() if letter.isascii() and letter.isalpha()]
        key = next((letter for letter in letters if letter not in keys.values()), None)
        if key:
            keys[name] = key
    return keys


def parse_keys(value: str, names: Sequence[str]) -> dict[str, str]:
    """Return the keys that `pos=p,neg=n` assigns, or mnemonic ones for `mnemonic`.

    Raises:
        InputError: a class is unknown, a key is not one letter or digit, or two classes share one.
    """
    if value == "mnemonic":
        return assign_mnemonics(names)
    keys: dict[str, str] = {}
    for pair in value.split(","):
        name, equals, key = (part.strip() for part in pair.rpartition("="))
        if not equals or len(key) != 1 or not key.isprintable() or key.isspace() or key in _ACTION_SIGNS:
            raise InputError(f"--keys `{pair}` is not CLASS=KEY with one letter or digit", "--keys pos=p,neg=n")
        if name not in names:
            hint = did_you_mean(name, names, f"the classes are {', '.join(names)}")
            raise InputError(f"--keys names a class `{name}` that is not there", hint)
        if key in keys.values():
            raise InputError(f"--keys gives `{key}` to two classes", "each class needs a key of its own")
        keys[name] = key
    return keys


def parse_labels(value: str) -> list[str]:
    """Return the classes of `pos,neg`.

    Raises:
        InputError: there is none, or one comes twice.
    """
    names = [name.strip() for name in value.split(",") if name.strip()]
    if not names:
        raise InputError("--labels names no class", "--labels pos,neg")
    again = next((name for name in names if names.count(name) > 1), None)
    if again:
        raise InputError(f"--labels names `{again}` twice")
    return names


def given_classes(declared: Sequence[str], settings: Mapping[str, str], in_file: Iterable[str]) -> list[str]:
    """Return the classes in an order that stays: those given now, those of earlier sittings, those in the file."""
    before = json.loads(settings.get("classes", "[]"))
    return list(dict.fromkeys([*declared, *before, *sorted(in_file)]))


def list_classes(given: Sequence[str], added: Mapping[int, str], taken_back: Collection[int]) -> list[str]:
    """Return all classes: the given ones, and those `added` by acts that were not undone."""
    return list(dict.fromkeys([*given, *(name for act, name in added.items() if act not in taken_back)]))


def check_new_class(name: str, names: Iterable[str], multi_label: bool) -> str:
    """Return the name of a class to be added.

    Raises:
        InputError: it is empty, there already, or could not be told apart in a list of several.
    """
    name = " ".join(name.split())
    if not name:
        raise InputError("a class needs a name")
    if name in names:
        raise InputError(f"there is a class `{name}` already")
    if multi_label and SEPARATOR in name:
        raise InputError(f"a class name cannot have `{SEPARATOR}`, which stands between several labels of a row")
    return name


def parse_first_classes(typed: str, multi_label: bool) -> list[str]:
    """Return the classes of `pos,neg`, typed where there are none yet.

    Raises:
        InputError: there is none, or one cannot be a class.
    """
    names = dict.fromkeys(name for part in typed.split(",") if (name := " ".join(part.split())))
    return [check_new_class(name, (), multi_label) for name in names or [""]]


def match_classes(typed: str, names: Sequence[str]) -> list[str]:
    """Return the classes whose name has the letters typed in this order, the best fit first."""
    scores = {name: _score_match(typed.casefold(), name.casefold()) for name in names}
    return sorted((name for name in names if scores[name] > 0), key=lambda name: -scores[name])


def _score_match(typed: str, name: str) -> float:
    """Return how well the typed letters match a name; 0 if the name does not contain them in this order."""
    if not typed:
        return 1.0
    if typed == name:
        return 1000.0
    score, place, before = 0.0, 0, -2
    whole = name.find(typed)
    if whole >= 0:
        score += 100.0 + (50.0 if whole == 0 or not name[whole - 1].isalnum() else 0.0)
    for letter in typed:
        place = name.find(letter, place)
        if place < 0:
            return 0.0
        starts_word = place == 0 or not name[place - 1].isalnum()
        score += 1.0 + 3.0 * (place == before + 1) + 4.0 * starts_word
        before, place = place, place + 1
    return score - 0.01 * len(name)
