"""Splits a text into words that may be changed and everything else, which stays as it is.

What may not be changed: addresses, mentions, hashtags, emoji, numbers, entities and anything with a digit or `_` in it;
negations, the words that they govern and words of opinion, since labels depend on them; scripts written without spaces;
what `--keep` and `--stopwords` name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from txt.errors import InputError
from txt.sanitize import clip
from txt.time_limit import TooSlowError, time_limit

_MOST_SECONDS = 2.0  # of processor time for the matches of `--keep` in a text: some regular expressions never end
_SHOWN_CHARACTERS = 40


def split_words(spaced: str) -> frozenset[str]:
    """Return the words of a string."""
    return frozenset(spaced.split())


SEPARATOR, WORD, FIXED, NEGATION, END = range(5)
"""Kinds of pieces: END is punctuation that ends a clause, and with it what a negation governs."""

_GOVERNED = 3  # words after a negation: "not a very good film"
_CACHED_CHUNKS = 100_000

# Vowel signs and accents of other scripts are no letters to `re`, and must not be torn off their letters.
_MARKS = "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0900-\u0dff\u200c\u200d"
_LETTER = rf"(?:[^\W\d_]|[{_MARKS}])"
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_ADDRESS = re.compile(
    r"""(?:https?://|www\.)\S+                     # web addresses
    |   (?<![\w.+-])[\w.+-]+@[\w-]+\.[\w.-]+       # mail addresses
    |   [@#]\w[\w'’-]*                             # mentions and hashtags
    |   &\#?\w+;                                   # entities
    |   [:;=8xX][-o*']?[()\[\]dDpP/\\|](?!\w)      # emoticons
    |   (?<![\w.-])[\w.-]+\.(?:com|org|net|de|io|co|uk|gov|edu)\b\S*
    |   <[^<>\s]*>                                 # markup
    """,
    re.VERBOSE,
)
_RUN = re.compile(rf"(?:[\w{_MARKS}]|(?<=\w)['’](?=\w)|(?<=[^\W\d_])-(?=[^\W\d_]))+")
_WORD = re.compile(rf"[^\W\d_]{_LETTER}*(?:['’]{_LETTER}+)*")
_END = re.compile(r"[.,;:!?…。！？，()\n]")

NEGATIONS = split_words(
    "not no never none nothing nobody nowhere neither nor cannot without hardly barely scarcely rarely "
    "lack lacks lacking cant dont doesnt didnt isnt wasnt arent werent wont wouldnt couldnt shouldnt aint hasnt "
    "havent hadnt n't "
    "nicht kein keine keinen keinem keiner keines nie niemals nichts niemand ohne kaum weder nirgends "
    "ne pas jamais rien aucun aucune sans nunca nada nadie ninguno ninguna sin ni nessuno mai niente senza"
)
"""Negations in English, German, French, Spanish and Italian; contractions in n't are known by their ending."""

Parts = tuple[tuple[str, ...], tuple[int, ...]]
"""The pieces of a chunk, and the kind of each."""


@dataclass(frozen=True)
class Protection:
    """What stays as it is besides what always does: `words` in lower case, `pattern` anywhere in the text."""

    words: frozenset[str] = frozenset()
    pattern: re.Pattern[str] | None = None


@dataclass(eq=False)
class Spans:
    """The pieces of a text; joined they are the text, byte for byte.

    `words` are the places of all words, `free` those of the words that may be changed.
    """

    pieces: list[str]
    words: list[int]
    free: list[int]

    def count_edits(self, rate: float) -> int:
        """Return how many words to change at this rate: at least one, at most all that may be."""
        return min(max(1, int(rate * len(self.words) + 0.5)), len(self.free))


@dataclass
class Splitter:
    """Splits texts into spans; the result for each chunk between two spaces is cached."""

    protection: Protection = field(default_factory=Protection)
    _known: dict[str, Parts | int] = field(default_factory=dict)

    def split(self, text: str) -> Spans:
        """Return the spans of a text."""
        pieces: list[str] = []
        words: list[int] = []
        free: list[int] = []
        known, governed = self._known, 0
        for chunk in text.split(" "):
            found = known.get(chunk)
            if found is None:
                found = self._examine_chunk(chunk)
            if found.__class__ is int:
                place = len(pieces)
                if found == WORD:
                    words.append(place)
                    if governed:
                        governed -= 1
                    else:
                        free.append(place)
                elif found == FIXED:
                    words.append(place)
                    governed -= governed > 0
                elif found == NEGATION:
                    words.append(place)
                    governed = _GOVERNED
                elif found == END:
                    governed = 0
                pieces.append(chunk)
            else:
                governed = _add_parts(found, pieces, words, free, governed)  # type: ignore[arg-type]
            pieces.append(" ")
        pieces.pop()
        spans = Spans(pieces, words, free)
        if self.protection.pattern is not None:
            spans.free = _find_outside(spans, text, self.protection.pattern)
        return spans

    def _examine_chunk(self, chunk: str) -> Parts | int:
        found: Parts | int = _split_chunk(chunk, self.protection.words)
        if not isinstance(found, int) and len(found[0]) == 1:
            found = found[1][0]
        if len(self._known) >= _CACHED_CHUNKS:
            self._known.clear()
        if len(chunk) < 100:
            self._known[chunk] = found
        return found


def _add_parts(found: Parts, pieces: list[str], words: list[int], free: list[int], governed: int) -> int:
    for part, kind in zip(*found, strict=True):
        if kind in (WORD, FIXED, NEGATION):
            words.append(len(pieces))
            if kind == WORD and not governed:
                free.append(len(pieces))
            governed = _GOVERNED if kind == NEGATION else max(0, governed - 1)
        elif kind == END:
            governed = 0
        pieces.append(part)
    return governed


def _split_chunk(chunk: str, protected: frozenset[str]) -> Parts | int:
    """Return the pieces of a chunk without spaces (newlines and tabs may be in it), or its kind if it is one piece."""
    if not chunk:
        return SEPARATOR
    if chunk.isalpha() and chunk.isascii():
        return _classify_run(chunk, protected)
    parts: list[str] = []
    kinds: list[int] = []
    for text, is_address in _find_addresses(chunk):
        if is_address:
            parts.append(text)
            kinds.append(FIXED)
        else:
            _add_runs(text, protected, parts, kinds)
    return tuple(parts), tuple(kinds)


def _find_addresses(chunk: str) -> Iterable[tuple[str, bool]]:
    end = 0
    for match in _ADDRESS.finditer(chunk):
        if match.start() and chunk[match.start() - 1].isalnum():
            continue
        if match.start() > end:
            yield chunk[end : match.start()], False
        yield match.group(), True
        end = match.end()
    if end < len(chunk):
        yield chunk[end:], False


def _add_runs(text: str, protected: frozenset[str], parts: list[str], kinds: list[int]) -> None:
    """Add the runs of letters, digits, apostrophes and inner hyphens, and what stands between them."""
    end = 0
    for match in _RUN.finditer(text):
        if match.start() > end:
            _add_between(text[end : match.start()], parts, kinds)
        parts.append(match.group())
        kinds.append(_classify_run(match.group(), protected))
        end = match.end()
    if end < len(text):
        _add_between(text[end:], parts, kinds)


def _add_between(text: str, parts: list[str], kinds: list[int]) -> None:
    parts.append(text)
    kinds.append(END if _END.search(text) else SEPARATOR)


def _classify_run(run: str, protected: frozenset[str]) -> int:
    lower = run.lower()
    if lower in NEGATIONS or lower.endswith(("n't", "n’t")):
        return NEGATION
    if not any(map(str.isalnum, run)):  # a joiner between two emoji
        return SEPARATOR
    if lower in protected or not _WORD.fullmatch(run) or _UNSPACED.search(run):
        return FIXED
    return WORD


def _find_outside(spans: Spans, text: str, pattern: re.Pattern[str]) -> list[int]:
    """Return the places of free words that no match of the pattern touches."""
    try:
        with time_limit(_MOST_SECONDS):
            matches = [match.span() for match in pattern.finditer(text) if match.end() > match.start()]
    except TooSlowError:
        raise InputError(
            f"--keep `{pattern.pattern}` takes too long on the text `{clip(text, _SHOWN_CHARACTERS)}`",
            "a repetition inside of a repetition, as (a+)+, may take for ever: leave one out",
        ) from None
    if not matches:
        return spans.free
    starts, position = [], 0
    for piece in spans.pieces:
        starts.append(position)
        position += len(piece)
    return [
        place
        for place in spans.free
        if not any(start < starts[place] + len(spans.pieces[place]) and starts[place] < end for start, end in matches)
    ]


def is_one_word(text: str) -> bool:
    """Tell whether a text is a single word; one in a script without spaces may be many."""
    return len(text.split()) < 2 and not _UNSPACED.search(text)
