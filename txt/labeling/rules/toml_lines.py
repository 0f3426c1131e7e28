"""In which line of a rules file each rule and each of its keys stands; Python's TOML reader does not tell."""

import re
from collections.abc import Iterator

_HEADER = re.compile(r"\s*\[(\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*["']?([\w-]+)["']?\s*=""")
_QUOTES = re.compile(r"\"\"\"|'''")


class TomlLines:
    """Line numbers, from 1, of a TOML text whose tables have headers of their own."""

    def __init__(self, source: str) -> None:
        self._lines: dict[tuple[str, ...], int] = {}
        self._rules = 0
        where: tuple[str, ...] = ()
        for number, line in _outside_strings(source):
            if header := _HEADER.match(line):
                where = self._enter(header[1] == "[", header[2])
                self._lines.setdefault(where, number)
            elif key := _KEY.match(line):
                self._lines.setdefault((*where, key[1]), number)

    def find(self, *path: str | int) -> int:
        """Return the line of a key, or of what it is in: `find("rule", 2, "regex")`, rules counted from 0."""
        parts = tuple(map(str, path))
        return next((self._lines[parts[:end]] for end in range(len(parts), 0, -1) if parts[:end] in self._lines), 1)

    def _enter(self, is_array: bool, name: str) -> tuple[str, ...]:
        """Return the path of a table by its header; `[[rule]]` begins the next rule, `[rule.unless]` is in the last."""
        parts = tuple(part.strip("\"' ") for part in name.split("."))
        if parts[0] != "rule":
            return parts
        self._rules += is_array and len(parts) == 1
        return ("rule", str(self._rules - 1), *parts[1:])


def _outside_strings(source: str) -> Iterator[tuple[int, str]]:
    """Yield the lines that do not begin inside a string of several lines."""
    inside = ""
    for number, line in enumerate(source.split("\n"), 1):
        if not inside:
            yield number, line
        for quotes in _QUOTES.findall(line):
            inside = quotes if not inside else "" if inside == quotes else inside
