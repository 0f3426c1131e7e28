"""Recognises old encodings of Latin letters, by whether the decoded letters are those that one language uses."""

import re
import unicodedata
from dataclasses import dataclass

from txt.data.reading.scripts import Script

_LETTERS = {
    "cp1252": (
        ("German", "äöüß"),
        ("French", "àâçéèêëîïôùûüœæ"),
        ("Spanish", "áéíóúñü"),
        ("Portuguese", "ãõáâàéêíóôúç"),
        ("Italian", "àèéìòù"),
        ("Scandinavian", "åäöæøé"),
        ("Dutch", "éëïóöüè"),
        ("Icelandic", "áéíóúýþæðö"),
        ("Catalan", "àçèéíïòóúü"),
    ),
    "cp1250": (
        ("Polish", "ąćęłńóśźż"),
        ("Czech", "áčďéěíňóřšťúůýž"),
        ("Slovak", "áäčďéíľĺňóôŕšťúýž"),
        ("Hungarian", "áéíóöőúüű"),
        ("Croatian", "čćđšž"),
        ("Romanian", "ăâîşţ"),
    ),
    "cp1254": (("Turkish", "çğıöşüâ"),),
    "cp1257": (("Lithuanian", "ąčęėįšųūž"), ("Latvian", "āčēģīķļņšūž"), ("Estonian", "äõöüšž")),
}
_CODECS = (
    ("cp1252", "cp1252"),
    ("cp1250", "cp1250"),
    ("cp1254", "cp1254"),
    ("cp1257", "cp1257"),
    ("mac-roman", "cp1252"),
    ("iso8859-2", "cp1250"),
    ("cp850", "cp1252"),
    ("cp852", "cp1250"),
    ("mac-latin2", "cp1250"),
)
"""Each codec, and under which name its languages stand; where several fit equally well, the first is taken."""

_SIGNS = frozenset("’‘‚“”„–—…•€£§©®™°«»·¿¡ºª½¼¾²³±×\xa0")
_MARGIN = 0.1  # so much better than cp1252 another codec has to fit
_LEAST = 0.85  # share of the letters that one language explains
_WORDS = 20_000


@dataclass(frozen=True)
class _Fit:
    share: float
    language: str


def recognize_latin(sample: bytes) -> Script | None:
    """Return the codec of Latin letters that are not UTF-8; None where cp1252 fits, or nothing does."""
    fits = {codec: fit for codec, family in _CODECS if (fit := _measure_fit(sample, codec, _LETTERS[family]))}
    usual = fits["cp1252"].share if "cp1252" in fits else 0.0
    best = max(fits, key=lambda codec: fits[codec].share, default="cp1252")
    if best == "cp1252" or fits[best].share < max(_LEAST, usual + _MARGIN):
        return None
    return Script(best, f"its letters are {fits[best].language}")


def _measure_fit(sample: bytes, codec: str, languages: tuple[tuple[str, str], ...]) -> _Fit | None:
    """Return how many of the letters beyond ASCII belong to the likeliest language; None if the bytes do not fit."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return None
    words = re.findall(r"\S*[^\x00-\x7f]\S*", text)[:_WORDS]
    marks = [mark for word in words for mark in _list_marks(word)]
    if not marks:
        return None
    letters = [mark for mark in marks if mark not in _SIGNS]
    signs = len(marks) - len(letters)
    counts = ((sum(letter in set(own) for letter in letters), name) for name, own in languages)
    known, language = max(counts, key=lambda count: count[0])
    return _Fit((known + signs) / len(marks), language)


def _list_marks(word: str) -> list[str]:
    """Return the characters beyond ASCII, letters in lower case: "" for those that do not belong where they stand."""
    marks = []
    for place, mark in enumerate(word):
        if mark.isascii():
            continue
        before, after = word[place - 1 : place], word[place + 1 : place + 2]
        inside = before.isalpha() and after.isalpha()
        if mark.isalpha() and unicodedata.category(mark) != "Lo":
            odd = mark.isupper() and before.isalpha() and before.islower()
        else:
            odd = inside and mark not in "’-"
        marks.append("" if odd else mark.lower())
    return marks
