"""The guide to labeling: each class with what belongs to it, what does not, and examples; from TOML or Markdown.

    task = "What does the customer want?"

    [[class]]
    name = "refund"
    belongs = "The customer wants money back."
    not = "A question about prices."
    examples = ["I want my money back"]

In Markdown the text before the first class is the task, and `## refund` begins a class. Its paragraph says what
belongs, one that begins with `Not:` what does not, and the items of a list are examples.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from txt.errors import InputError, did_you_mean
from txt.labeling.rules.parse import TomlLines, parse_toml_text, read_toml_text

FILE = "labels.toml"
"""The name of the guide that is found beside a data file."""

_OF_A_CLASS = ("name", "belongs", "not", "examples")
_TOP = ("task", "class")
_MARKDOWN = (".md", ".markdown")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_ITEM = re.compile(r"\s*[-*+]\s+(.*\S)\s*$")
_NOT = re.compile(r"not\s*:\s*", re.IGNORECASE)


@dataclass(frozen=True)
class ClassGuide:
    """What is known of a class: what belongs to it, what does not, and texts that do; any of them may be empty."""

    name: str
    belongs: str = ""
    excludes: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guide:
    """A guide to labeling; `task` says in a sentence what is asked."""

    classes: tuple[ClassGuide, ...]
    task: str = ""
    source: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The classes, in the guide's order."""
        return tuple(each.name for each in self.classes)

    def find(self, name: str) -> ClassGuide:
        """Return what is known of a class; nothing but its name where the guide does not have it."""
        return next((each for each in self.classes if each.name == name), ClassGuide(name))


def read_guide(path: Path, classes: Sequence[str] = ()) -> Guide:
    """Read a guide, from Markdown by the name's ending, else from TOML; `classes` are those there may be (empty: any).

    Raises:
        InputError: it cannot be read, or something in it is wrong: told with its line and the fix.
    """
    text = read_toml_text(path, "the guide")
    parse = parse_markdown_guide if path.suffix.lower() in _MARKDOWN else parse_toml_guide
    return parse(text, path.name, classes)


def parse_toml_guide(source: str, name: str, classes: Sequence[str] = ()) -> Guide:
    """Return the guide that a TOML text holds; `name` is the file's, for messages.

    Raises:
        InputError: something in it is wrong.
    """
    return _TomlReader(name, TomlLines(source, "class"), classes).read_guide(parse_toml_text(source, name))


def parse_markdown_guide(source: str, name: str, classes: Sequence[str] = ()) -> Guide:
    """Return the guide that a Markdown text holds; `name` is the file's, for messages.

    Raises:
        InputError: it has no class, or one comes twice, is empty or unknown.
    """
    task: list[str] = []
    found: list[tuple[int, str, list[str]]] = []  # where a class begins, its name, the lines below it
    for number, line in enumerate(source.split("\n"), 1):
        heading = _HEADING.match(line)
        if heading is not None and len(heading[1]) > 1:
            found.append((number, heading[2], []))
        elif heading is None:
            (found[-1][2] if found else task).append(line)
    if not found:
        raise InputError(f"`{name}` has no classes", "begin each with a heading of two: ## refund")
    names: list[str] = []
    for number, written, _ in found:
        _check_name(written, names, classes, f"`{name}` line {number}", f"## {classes[0] if classes else 'refund'}")
        names.append(written)
    return Guide(tuple(_read_section(written, lines) for _, written, lines in found), _join_words(task), name)


def _read_section(name: str, lines: Sequence[str]) -> ClassGuide:
    """Return what the lines below a class's heading say."""
    paragraphs: list[list[str]] = [[]]
    examples: list[str] = []
    for line in lines:
        if item := _ITEM.match(line):
            examples.append(item[1])
            paragraphs.append([])
        elif not line.strip() or _NOT.match(line.strip()):
            paragraphs.append([line])
        else:
            paragraphs[-1].append(line)
    texts = [text for each in paragraphs if (text := _join_words(each))]
    excluded = [_NOT.sub("", text, count=1) for text in texts if _NOT.match(text)]
    belongs = [text for text in texts if not _NOT.match(text)]
    return ClassGuide(name, " ".join(belongs), " ".join(excluded), tuple(examples))


class _TomlReader:
    """Goes through the parsed table of a guide; what is wrong raises InputError with its line."""

    def __init__(self, name: str, lines: TomlLines, classes: Sequence[str]) -> None:
        self._name, self._lines, self._classes = name, lines, classes

    def read_guide(self, table: Mapping[str, Any]) -> Guide:
        self._check_keys(table, _TOP, ())
        entries = table.get("class", [])
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._fail(("class",), "`class` is not a list of tables", "begin each class with [[class]] in two brackets")
        if not entries:
            raise InputError(f"`{self._name}` has no classes", 'begin one with [[class]], name = "…", belongs = "…"')
        found: list[ClassGuide] = []
        for place, entry in enumerate(entries):
            found.append(self._read_class(place, entry, [each.name for each in found]))
        return Guide(tuple(found), self._read_text(table, "task", ()), self._name)

    def _read_class(self, place: int, entry: Mapping[str, Any], before: Sequence[str]) -> ClassGuide:
        path = ("class", place)
        self._check_keys(entry, _OF_A_CLASS, path)
        name = self._read_text(entry, "name", path)
        where = f"`{self._name}` line {self._lines.find(*path, 'name')}"
        _check_name(name, before, self._classes, where, 'add name = "…" below [[class]]')
        examples = entry.get("examples", [])
        if not isinstance(examples, list) or not all(isinstance(each, str) and each.strip() for each in examples):
            self._fail((*path, "examples"), "`examples` is not a list of texts", 'examples = ["I want my money back"]')
        return ClassGuide(
            name, self._read_text(entry, "belongs", path), self._read_text(entry, "not", path), tuple(examples)
        )

    def _read_text(self, entry: Mapping[str, Any], key: str, path: tuple[str | int, ...]) -> str:
        found = entry.get(key, "")
        if not isinstance(found, str):
            self._fail((*path, key), f"`{key}` is not a text", f'{key} = "…"')
        return _join_words([found])

    def _check_keys(self, entry: Mapping[str, Any], allowed: Sequence[str], path: tuple[str | int, ...]) -> None:
        for key in entry:
            if key not in allowed:
                fix = did_you_mean(key, allowed, f"there are {', '.join(allowed)}")
                self._fail((*path, key), f"unknown key `{key}`", fix)

    def _fail(self, path: tuple[str | int, ...], what: str, fix: str | None) -> NoReturn:
        raise InputError(f"`{self._name}` line {self._lines.find(*path)}: {what}", fix)


def _check_name(name: str, before: Sequence[str], classes: Sequence[str], where: str, fix: str) -> None:
    """Refuse a class without a name, one that was there before, and one that is none of the classes."""
    if not name:
        raise InputError(f"{where}: a class has no name", fix)
    if name in before:
        raise InputError(f"{where}: the class `{name}` was there before", "leave one of them out")
    if classes and name not in classes:
        hint = did_you_mean(name, classes, f"the classes are {', '.join(classes)}; --labels adds others")
        raise InputError(f"{where}: unknown class `{name}`", hint)


def _join_words(lines: Sequence[str]) -> str:
    return " ".join(" ".join(lines).split())
