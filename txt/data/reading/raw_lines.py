"""Makes the lines of a delimited file ready for the csv module, which knows only one of the ways to write a cell.

What a backslash escapes gets a stand-in while the module parses; spaces around the delimiters of a drawn table, byte
order marks where files were put together, and the mark at the end of old files (ctrl-Z) are taken out.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

END_MARK = "\x1a"
"""The end of a file on old computers: ctrl-Z."""

MARK = "\ufeff"
"""The byte order mark, which is a letter that nobody sees where files were put together."""

# Are assigned to no letter: they stand for what was escaped while csv parses.
_QUOTE, _BACKSLASH, _NEWLINE, _RETURN, _DELIMITER = "\ufdd0", "\ufdd1", "\ufdd2", "\ufdd3", "\ufdd4"
_ESCAPED_QUOTE = re.compile(r'\\([\\"\'])')
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS = {
    "n": _NEWLINE,
    "r": _RETURN,
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "Z": "\x1a",
    "0": "",
    "\n": _NEWLINE,
    "\r": _RETURN,
}
_OPEN_END = re.compile(r"(?<!\\)(?:\\\\)*\\(?:\r\n|\r|\n)\Z")


def clean_lines(
    lines: Iterable[str], csv_options: Mapping[str, Any], escape: str | None, padded: bool
) -> Iterator[str]:
    """Yield the lines as the csv module can read them with `csv_options`; `escape` and `padded` are as in `Dialect`."""
    quote, delimiter = _list_signs(csv_options)
    stand_ins = {"\\": _BACKSLASH, quote: _QUOTE}
    if escape and csv_options.get("quoting") == csv.QUOTE_NONE:
        lines, escape = _unescape_lines(lines, delimiter), None
    around = re.compile(rf" *{re.escape(delimiter)} *") if padded else None
    for line in lines:
        if line[-1:] == END_MARK:
            line = line.rstrip(END_MARK)
        if line[:1] == MARK:
            line = line.lstrip(MARK)
        if escape and "\\" in line:
            line = _ESCAPED_QUOTE.sub(lambda found: stand_ins.get(found[1], found[0]), line)
        if around is not None:
            content = line.rstrip("\r\n")
            line = around.sub(delimiter, content.strip(" ")) + line[len(content) :]
        yield line


def restore_escaped(cells: Sequence[str], csv_options: Mapping[str, Any]) -> list[str]:
    """Return cells with what was escaped in the place of its stand-ins."""
    quote, delimiter = _list_signs(csv_options)
    restored = [cell.replace(_QUOTE, quote).replace(_BACKSLASH, "\\") for cell in cells]
    if csv_options.get("quoting") != csv.QUOTE_NONE:
        return restored
    return [cell.replace(_NEWLINE, "\n").replace(_RETURN, "\r").replace(_DELIMITER, delimiter) for cell in restored]


def _list_signs(csv_options: Mapping[str, Any]) -> tuple[str, str]:
    return str(csv_options.get("quotechar", '"')), str(csv_options.get("delimiter", ","))


def _unescape_lines(lines: Iterable[str], delimiter: str) -> Iterator[str]:
    r"""Yield rows in which stand-ins are what a backslash escapes, `\n` and a line end too; `\N` stays as it is."""

    def put(found: re.Match[str]) -> str:
        letter = found[1]
        if letter == "N":
            return found[0]
        if letter == delimiter or (letter == "t" and delimiter == "\t"):
            return _DELIMITER
        if letter == "t":
            return "\t"
        return _BACKSLASH if letter == "\\" else _CONTROLS.get(letter, letter)

    rows = iter(lines)
    for line in rows:
        while _OPEN_END.search(line) and (more := next(rows, None)) is not None:
            line = line.replace("\\\r\n", "\\n") + more if line.endswith("\r\n") else line + more
        yield _ESCAPED.sub(put, line) if "\\" in line else line
