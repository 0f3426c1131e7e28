"""Personal data in texts: counted by kind, and put out of sight wherever a text is shown.

The patterns find what is written in usual ways. They are no proof that a file has none.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of personal data: its name and what is shown in its place; the pattern that finds it, and a closer check.

    Without one of the `signs` it cannot be there.
    """

    name: str
    tag: str
    pattern: re.Pattern[str]
    signs: str
    check: Callable[[str], bool] = lambda _found: True


@dataclass
class PersonalCount:
    """How many rows hold a kind of personal data, and how many times it was found."""

    rows: int = 0
    found: int = 0


_DIGITS = "0123456789"
_STREETS = "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Square|Sq"
_ENDINGS = (
    "pdf|docx?|xlsx?|pptx?|csv|tsv|txt|rtf|odt|ods|png|jpe?g|gif|heic|mp[34]|wav|mov|zip|rar|7z|eml|msg|json|xml|log"
)


_NO_PHONE = re.compile(r"\d{4}[-/.]\d\d[-/.]\d\d.*|\d\d[-/.]\d\d[-/.]\d{4}.*|\d+\.\d+")  # dates and decimal fractions


def _passes_luhn(found: str) -> bool:
    """Tell whether digits end in the check digit of payment cards (ISO/IEC 7812)."""
    digits = [int(each) for each in found if each.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0 and len(set(digits)) > 1


def _passes_iban(found: str) -> bool:
    """Tell whether an account number has the right check digits (ISO 13616)."""
    plain = found.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return moved.isascii() and int("".join(str(int(each, 36)) for each in moved)) % 97 == 1


def _is_address(found: str) -> bool:
    return all(int(part) < 256 for part in found.split("."))


def _is_phone(found: str) -> bool:
    """Tell whether a number is written as one to call: with a country's or an area's sign, or in groups."""
    digits = sum(each.isdigit() for each in found)
    if not 7 <= digits <= 15 or _NO_PHONE.fullmatch(found):
        return False
    return found.startswith(("+", "0", "(")) or (len(re.findall(r"\d{3,4}", found)) >= 2 and not found.isdigit())


KINDS = (
    Kind(
        "account numbers",
        "‹account›",
        re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
        _DIGITS,
        _passes_iban,
    ),
    Kind("card numbers", "‹card›", re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d])"), _DIGITS, _passes_luhn),
    Kind("links", "‹link›", re.compile(r"https?://\S+|\bwww\.\S+", re.IGNORECASE), ":."),
    Kind(
        "e-mail addresses",
        "‹e-mail›",
        re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"),
        "@",
    ),
    Kind("user names", "@…", re.compile(r"(?<![\w.])@\w{2,}"), "@"),
    Kind("network addresses", "‹network›", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"), ".", _is_address),
    Kind("phone numbers", "‹phone›", re.compile(r"(?<![\w+])(?:\+|\()?\d[\d ()/.-]{5,18}\d(?!\w)"), _DIGITS, _is_phone),
    Kind(
        "street addresses",
        "‹street›",
        re.compile(
            rf"\b\d{{1,5}}[a-z]? (?:[A-Z][\w'-]{{1,30}} ){{1,3}}(?:{_STREETS})\b"
            r"|\b[A-ZÄÖÜ][\w-]{1,30}(?:straße|strasse|str\.|weg|platz|gasse|allee) ?\d{1,4}\b"
        ),
        _DIGITS,
    ),
    Kind(
        "names of files",
        "‹file›",
        re.compile(
            rf"(?<!\w)(?:[A-Za-z]:\\|\\\\|~/|/)[\w.-]{{1,80}}(?:[/\\][\w.-]{{1,80}})+|\b[\w-]{{1,80}}\.(?:{_ENDINGS})\b",
            re.IGNORECASE,
        ),
        "./\\",
    ),
    Kind("long numbers", "‹number›", re.compile(r"(?<![\w.,])\d{6,}(?![\w,])"), _DIGITS),
)
"""The kinds, in the order in which they are looked for: what one has found, the next does not see."""


def hide_personal(text: str, put: Callable[[Kind], str] = lambda kind: kind.tag) -> str:
    """Return a text with the tag of its kind in the place of personal data, or what `put` makes of the kind."""
    return _replace(text, put, {})


def count_personal(texts: Iterable[str]) -> dict[str, PersonalCount]:
    """Return how much personal data of each kind there is; the data themselves are kept nowhere."""
    counts = {kind.name: PersonalCount() for kind in KINDS}
    for text in texts:
        found: dict[str, int] = {}
        _replace(text, lambda _kind: " ", found)
        for name, times in found.items():
            counts[name].rows += 1
            counts[name].found += times
    return counts


def _replace(text: str, put: Callable[[Kind], str], found: dict[str, int]) -> str:
    has_digit = any(digit in text for digit in _DIGITS)
    for kind in KINDS:
        if not (has_digit if kind.signs is _DIGITS else any(sign in text for sign in kind.signs)):
            continue

        def replace(match: re.Match[str], kind: Kind = kind) -> str:
            if not kind.check(match[0]):
                return match[0]
            found[kind.name] = found.get(kind.name, 0) + 1
            return put(kind)

        text = kind.pattern.sub(replace, text)
    return text
