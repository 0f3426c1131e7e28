"""Keys that are equal for texts which differ only by case, spaces, punctuation, links and mentions.

A tweet that was sent twice comes with another link, or to another account: such rows belong in one split.
"""

import re
import string
import unicodedata
from collections.abc import Sequence

from txt.data.split import Hashes, hash_contents

# Each pattern begins with plain letters, which the regular expression engine finds quickly.
_LINKS = ((b"://", re.compile(rb"https?://[^\s\0]+")), (b"www.", re.compile(rb"www\.[^\s\0]+")))
_MENTION = re.compile(rb"@(?<![\w.]@)\w+")  # not the @ of an e-mail address
_PART = b"\0"
_DROPPED = (string.punctuation + string.whitespace).encode()
_CATEGORIES = "PZC"  # punctuation, spaces and control characters, as Unicode has them


def make_text_key(text: bytes) -> bytes:
    """Return what is left of a text in UTF-8 without all that does not make it another one; the text if nothing is."""
    plain = text.lower()
    for sign, pattern in _LINKS:
        if sign in plain:
            plain = pattern.sub(b" ", plain)
    if b"@" in plain:
        plain = _MENTION.sub(b" ", plain)
    if not plain.isascii():
        plain = _fold(plain)
    return plain.translate(None, _DROPPED) or text


def make_text_keys(texts: Sequence[bytes]) -> list[bytes]:
    """Return the key of each text, as `make_text_key` does, in one go over all texts, which takes less time.

    The texts are joined by NUL bytes, which every step leaves where they are, and parted again.
    """
    joined = _PART.join(texts)
    if joined.count(_PART) != len(texts) - 1:  # a text has a NUL byte itself
        return list(map(make_text_key, texts))
    joined = joined.lower()
    for sign, pattern in _LINKS:
        if sign in joined:
            joined = pattern.sub(b" ", joined)
    if b"@" in joined:
        joined = _MENTION.sub(b" ", joined)
    if joined.isascii():
        parts = joined.translate(None, _DROPPED).split(_PART)
    else:
        parts = joined.split(_PART)
        other = [place for place, part in enumerate(parts) if not part.isascii()]
        plain = _fold(_PART.join(parts[place] for place in other)).split(_PART)
        for place, part in zip(other, plain, strict=True):
            parts[place] = part
        parts = _PART.join(parts).translate(None, _DROPPED).split(_PART)
    return [part or text for part, text in zip(parts, texts, strict=True)]


def hash_text_keys(texts: Sequence[bytes]) -> Hashes:
    """Return the hash of the key of each text, (N,)."""
    return hash_contents(make_text_keys(texts))


def _fold(text: bytes) -> bytes:
    """Return a text in UTF-8 without case, signs and spaces of any script; NUL bytes stay."""
    folded = unicodedata.normalize("NFKC", text.decode("utf-8", "replace")).casefold()
    return folded.translate(_WITHOUT_SIGNS).encode("utf-8", "replace")


class _CharacterTable(dict[int, int | None]):
    """Maps a character to nothing if it is punctuation, a space or a control character but NUL; filled as met."""

    def __missing__(self, code: int) -> int | None:
        self[code] = None if code and unicodedata.category(chr(code))[0] in _CATEGORIES else code
        return self[code]


_WITHOUT_SIGNS = _CharacterTable()
