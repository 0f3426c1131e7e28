"""Reads a rules file; each error names the line, the rule and the fix."""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from txt.errors import InputError, did_you_mean
from txt.files import read_small_file
from txt.labeling.rules.conditions import CONDITIONS, Condition, ConditionContext, NumberRange, Sentiment
from txt.labeling.rules.rule import COMBINATIONS, Rule, RuleSet

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
_QUOTES = re.compile(r"\"\"\"|'''")


class TomlLines:
    """Line numbers, from 1, of a TOML text whose tables have headers of their own; `array` is its list of tables."""

    def __init__(self, source: str, array: str = "rule") -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        self._array, self._read_tables = array, 0
        where: tuple[str, ...] = ()
        for number, line in _skip_strings(source):
            if header := _HEADER.match(line):
                where = self._enter_table(header[1] == "[", header[2])
                self._lines.setdefault(where, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*where, key[1]), number)

    def find(self, *path: str | int) -> int:
        """Return the line of a key, or of what it is in: `find("rule", 2, "regex")`, rules counted from 0."""
        parts = tuple(map(str, path))
        return next((self._lines[parts[:end]] for end in range(len(parts), 0, -1) if parts[:end] in self._lines), 1)

    def _enter_table(self, is_array: bool, name: str) -> tuple[str, ...]:
        """Return the path of a table by its header; `[[rule]]` begins the next rule, `[rule.unless]` is in the last."""
        parts = tuple(part.strip("\"' ") for part in name.split("."))
        if parts[0] != self._array:
            return parts
        self._read_tables += is_array and len(parts) == 1
        return (self._array, str(self._read_tables - 1), *parts[1:])


def _skip_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that do not begin inside a string of several lines."""
    inside = ""
    for number, line in enumerate(source.split("\n"), 1):
        if not inside:
            yield number, line
        for quotes in _QUOTES.findall(line):
            inside = quotes if not inside else "" if inside == quotes else inside


_TOP = ("combine", "labels", "rule", "sentiment")
_OF_A_RULE = ("name", "label", "unless", "priority", "weight")
_OF_SENTIMENT = ("positive", "negative", "neutral", "threshold", "priority", "weight")
_THRESHOLD = 0.1  # as in the course guide that this project follows
_MOST_BYTES = 16 << 20  # of a file of rules
_SYNTAX_PLACE = re.compile(r" \(at line (\d+), column \d+\)")


def read_rules(path: Path, classes: Sequence[str] = (), columns: Sequence[str] = ()) -> RuleSet:
    """Read a rules file for data with these classes (empty: any label goes) and columns.

    Raises:
        InputError: it cannot be read, or something in it is wrong: told with its rule, its line and the fix.
    """
    return parse_rules(read_toml_text(path, "the rules"), path.name, classes, columns)


def read_declared_labels(path: Path) -> tuple[str, ...]:
    """Return the classes that a rules file declares with `labels = […]`, whatever else is in it.

    Raises:
        InputError: it cannot be read or is not valid TOML.
    """
    labels = parse_toml_text(read_toml_text(path, "the rules"), path.name).get("labels", [])
    return tuple(label for label in labels if isinstance(label, str)) if isinstance(labels, list) else ()


def parse_rules(source: str, name: str, classes: Sequence[str] = (), columns: Sequence[str] = ()) -> RuleSet:
    """Return the rules that a TOML text holds; `name` is the file's, for messages.

    Raises:
        InputError: something in it is wrong.
    """
    return _Reader(name, TomlLines(source), parse_toml_text(source, name), classes, columns).read_rule_set()


def read_toml_text(path: Path, what: str) -> str:
    """Return the text of a TOML file; `what` names it in errors.

    Raises:
        InputError: it cannot be read, is too large, or is not UTF-8.
    """
    try:
        return read_small_file(path, _MOST_BYTES).decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except InputError as error:
        raise InputError(f"cannot read {what}: {error.message}") from None
    except UnicodeDecodeError:
        raise InputError(f"`{path}` is not UTF-8 text", "save it as UTF-8") from None


def parse_toml_text(source: str, name: str) -> dict[str, Any]:
    """Return the table that a TOML text holds.

    Raises:
        InputError: it is not valid TOML; the message has its line.
    """
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        raise _make_syntax_error(name, source, error) from None
    except (ValueError, RecursionError):  # a number of thousands of digits, thousands of brackets
        raise InputError(f"`{name}` is not valid TOML: a number is too long, or it is nested too deeply") from None


def _make_syntax_error(name: str, source: str, error: tomllib.TOMLDecodeError) -> InputError:
    place = _SYNTAX_PLACE.search(str(error))
    line = int(place[1]) if place else source.count("\n") + 1
    message = _SYNTAX_PLACE.sub("", str(error)).removesuffix(" (at end of document)")
    escaped = "backslash" in message.lower() or "escape" in message.lower() or "'\\\\'" in message
    hint = "single quotes keep backslashes as they are: regex = '\\d+'" if escaped else "see https://toml.io"
    return InputError(f"`{name}` line {line}: {message[:1].lower()}{message[1:]}", hint)


class _Reader:
    """Goes through a parsed file; each method returns what it makes of a part, or raises InputError."""

    def __init__(
        self, name: str, lines: TomlLines, table: Mapping[str, Any], classes: Sequence[str], columns: Sequence[str]
    ) -> None:
        self._name, self._lines, self._table, self._classes = name, lines, table, list(classes)
        self._known = ConditionContext(columns)

    def read_rule_set(self) -> RuleSet:
        table = self._table
        self._check_keys(table, _TOP, (), "")
        declared = self._read_labels(table.get("labels", []))
        self._classes = list(dict.fromkeys([*self._classes, *declared]))
        rules = [*self._make_sentiment_rules(table.get("sentiment")), *self._read_rules(table.get("rule", []))]
        if not rules:
            raise InputError(f"`{self._name}` has no rules", 'begin one with [[rule]], name = "…", label = "…"')
        combine = table.get("combine", "majority")
        if combine not in COMBINATIONS:
            self._fail(("combine",), "", f"combine is {combine!r}", f"choose from {', '.join(COMBINATIONS)}")
        return RuleSet(tuple(rules), combine, declared)

    def _read_labels(self, labels: Any) -> tuple[str, ...]:
        if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
            self._fail(("labels",), "", "labels is not a list of classes", 'labels = ["negative", "positive"]')
        return tuple(dict.fromkeys(labels))

    def _read_rules(self, entries: Any) -> list[Rule]:
        if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            self._fail(("rule",), "", "`rule` is not a list of tables", "begin each rule with [[rule]] in two brackets")
        rules: list[Rule] = []
        for place, entry in enumerate(entries):
            rule = self._read_rule(place, entry)
            if rule.name in [other.name for other in rules]:
                self._fail(("rule", place, "name"), rule.name, "another rule has this name", "give it one of its own")
            rules.append(rule)
        return rules

    def _read_rule(self, place: int, entry: Mapping[str, Any]) -> Rule:
        path = ("rule", place)
        name = entry.get("name")
        if not isinstance(name, str) or not name.strip():
            self._fail((*path, "name"), f"number {place + 1}", "it has no name", 'add name = "…" below [[rule]]')
        self._check_keys(entry, (*_OF_A_RULE, *CONDITIONS), path, name)
        return Rule(
            name=name.strip(),
            label=self._read_label(entry.get("label"), (*path, "label"), name),
            when=self._read_condition(entry, path, name),
            unless=self._read_unless(entry.get("unless"), (*path, "unless"), name),
            **self._read_rank(entry, path, name),
        )

    def _read_label(self, label: Any, path: tuple[str | int, ...], name: str) -> str:
        if not isinstance(label, str) or not label.strip():
            self._fail(path, name, "it has no label", 'add label = "…"')
        if self._classes and label not in self._classes:
            fix = did_you_mean(label, self._classes, f"the classes are {', '.join(self._classes)}")
            self._fail(path, name, f"unknown label `{label}`", fix)
        return label

    def _read_condition(self, entry: Mapping[str, Any], path: tuple[str | int, ...], name: str) -> Condition:
        kinds = [key for key in entry if key in CONDITIONS]
        if not kinds:
            self._fail(path, name, "it has no condition", f"add one of {', '.join(CONDITIONS)}")
        if len(kinds) > 1:
            fix = "make two rules of it, or move one into `unless`"
            self._fail((*path, kinds[1]), name, f"it has two conditions, `{kinds[0]}` and `{kinds[1]}`", fix)
        try:
            return CONDITIONS[kinds[0]](entry[kinds[0]], self._known)
        except ValueError as error:
            self._fail((*path, kinds[0]), name, f"`{kinds[0]}` is wrong", str(error))

    def _read_unless(self, entry: Any, path: tuple[str | int, ...], name: str) -> Condition | None:
        if entry is None:
            return None
        if not isinstance(entry, dict):
            self._fail(path, name, "`unless` is wrong", 'write a condition: unless = { keywords = ["not"] }')
        self._check_keys(entry, tuple(CONDITIONS), path, name)
        return self._read_condition(entry, path, name)

    def _read_rank(self, entry: Mapping[str, Any], path: tuple[str | int, ...], name: str) -> dict[str, Any]:
        priority, weight = entry.get("priority", 0), entry.get("weight")
        if not isinstance(priority, int) or isinstance(priority, bool):
            self._fail((*path, "priority"), name, "`priority` is not a whole number", "higher is first: priority = 10")
        if weight is not None and (not isinstance(weight, int | float) or not 0 < weight < float("inf")):
            self._fail((*path, "weight"), name, "`weight` is not a number above 0", "weight = 1.5")
        return {"priority": priority, "weight": None if weight is None else float(weight)}

    def _make_sentiment_rules(self, entry: Any) -> list[Rule]:
        """Return rules on TextBlob's polarity, by default: above 0.1 positive, below -0.1 negative, else neutral."""
        if entry is None:
            return []
        path, name = ("sentiment",), "sentiment"
        if not isinstance(entry, dict):
            self._fail(path, name, "it is not a table", '[sentiment], then positive = "…", negative = "…"')
        self._check_keys(entry, _OF_SENTIMENT, path, name)
        threshold = entry.get("threshold", _THRESHOLD)
        if not isinstance(threshold, int | float) or isinstance(threshold, bool) or not 0 <= threshold <= 1:
            self._fail((*path, "threshold"), name, "`threshold` is not a number from 0 to 1", "the default is 0.1")
        ranges = {
            "positive": NumberRange(low=threshold, low_open=True),
            "negative": NumberRange(high=-threshold, high_open=True),
            "neutral": NumberRange(-threshold, threshold),
        }
        sides = [side for side in ranges if side in entry]
        if not sides:
            self._fail(path, name, "it gives no labels", 'positive = "…", negative = "…", perhaps neutral = "…"')
        return [
            Rule(
                f"sentiment-{side}",
                self._read_label(entry[side], (*path, side), name),
                Sentiment("polarity", ranges[side]),
                **self._read_rank(entry, path, name),
            )
            for side in sides
        ]

    def _check_keys(
        self, entry: Mapping[str, Any], allowed: Sequence[str], path: tuple[str | int, ...], name: str
    ) -> None:
        for key in entry:
            if key not in allowed:
                fix = did_you_mean(key, allowed, f"there are {', '.join(allowed)}")
                self._fail((*path, key), name, f"unknown key `{key}`", fix)

    def _fail(self, path: tuple[str | int, ...], rule: str, what: str, fix: str | None) -> NoReturn:
        about = f", rule `{rule}`" if rule else ""
        raise InputError(f"`{self._name}` line {self._lines.find(*path)}{about}: {what}", fix)
