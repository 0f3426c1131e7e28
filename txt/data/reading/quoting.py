"""Finds out what quotes are in a delimited file: around cells, and how they are escaped there, or letters.

Cells that begin or end with a quote show it. Quotes in pairs surround; a lone one is a letter, if every line has all
its cells without any quoting.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from txt.data.reading.columns import is_usual_name
from txt.data.reading.delimited_rows import BadRowError, RowRules, parse_cells, parse_delimited
from txt.data.reading.how_read import BACKSLASH, ONE_CELL, Dialect, Guess
from txt.data.reading.source import CHUNK_BYTES, Source

_FEWEST_LINES = 20  # whole lines that make an unclosed quote a letter and no mistake; tabs need no such sign
_LONGEST_CELL = 100  # lines of a cell that the end of the text may cut
_TAIL = 1 << 14  # bytes at the end of a file, of any encoding whole letters
_DRAWN = (",", ";", "|")  # delimiters that people and programs draw tables with, spaces around them
_FEWEST_DRAWN = 3  # lines
_SPOKEN = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
_REGION = 1 << 18  # bytes looked at around the first quote that stands behind the file's head


@dataclass(frozen=True)
class Quoting:
    """What surrounds cells, and how it is escaped; `guess` says why, where it may surprise."""

    quote: str | None = '"'
    escape: str | None = None
    skip_spaces: bool = False
    guess: Guess | None = None
    padded: bool = False

    def apply(self, dialect: Dialect) -> Dialect:
        """Return the dialect with this quoting."""
        return replace(dialect, quote=self.quote, escape=self.escape, skip_spaces=self.skip_spaces, padded=self.padded)


@dataclass(frozen=True)
class _Evidence:
    paired: int  # cells that begin and end with a quote, and have only doubled or escaped ones inside
    unpaired: int  # cells that begin or end with one, and are not paired
    wrapped: int  # of these, cells that begin and end with one, as programs write that double no quotes inside
    partial: int  # lines with quotes whose number of cells is wrong if quotes are letters


def choose_quoting(text: str, delimiter: str, asked: str | None = None, cut: bool = False) -> Quoting:
    """Return the quoting that the lines of `text` show, for a delimiter.

    `asked` is `none`, `minimal` or `backslash`, if that is settled; `cut` says that the text goes on.
    """
    between = re.escape(delimiter)
    if asked != BACKSLASH and (delimiter == "|" or '"' not in text) and _is_padded(text, delimiter):
        guess = Guess("spaces", "those around the delimiters left out", "every one has them", None, told=True)
        return Quoting(None if delimiter == "|" or asked == "none" else '"', padded=True, guess=guess)
    if asked in ("none", BACKSLASH):
        return Quoting(None, None if asked == "none" else "\\")
    if asked is None and (sign := find_escapes(text, delimiter)):
        guess = Guess("backslashes", "they escape what follows", sign, "--quoting none", told=True)
        return Quoting(None, "\\", guess=guess)
    if '"' not in text and "'" not in text:
        return Quoting()
    if _has_single_quotes(text, between):
        return Quoting("'", _find_escape(text, "'", between), _has_spaces_before(text, "'", between))
    if '"' not in text:
        return Quoting()
    spaces = _has_spaces_before(text, '"', between)
    quoting = Quoting('"', _find_escape(text, '"', between), spaces, _tell_spaces(spaces))
    if asked is None and delimiter != ONE_CELL and (sign := _find_lone_quotes(text, delimiter, quoting, cut)):
        return Quoting(None, guess=Guess("quotes", "letters, not around cells", sign, "--quoting minimal", told=True))
    return quoting


def find_escapes(text: str, delimiter: str) -> str | None:
    r"""Return the sign that a backslash escapes what follows in cells without quotes, as databases write them.

    It stands at the end of a line or before a delimiter, or `\N` is a cell; and nowhere else than where it escapes.
    """
    if "\\" not in text or delimiter == ONE_CELL:
        return None
    between = re.escape(delimiter)
    whole = text[: text.rindex("\n") + 1] if "\n" in text else text
    letters = set(re.findall(r"\\(.|\r\n|\r|\n)", whole, re.DOTALL))
    undone = letters - {"N", '"', "'"}
    if not undone or not letters <= {*"\\nrtbfv0ZN\"'", delimiter, "\r\n", "\r", "\n"}:
        return None
    if re.search(rf'(?:^|{between})"[^"\r\n]*"(?:$|{between})', whole, re.MULTILINE):
        return None
    plain = whole.replace("\\\\", "")
    if delimiter in undone and f"\\{delimiter}" in plain:
        return f"one stands before a {_SPOKEN.get(delimiter, delimiter)}, and all before what can be escaped"
    if re.search(r"\\[\r\n]", plain):
        return "one stands at the end of a line, and all before what can be escaped"
    if "N" in letters and re.search(rf"(?:^|{between})\\N(?:$|\r|{between})", plain, re.MULTILINE):
        return "`\\N` is a cell, as databases write one that is missing, and all stand before what can be escaped"
    return None


def tell_letters(text: str, delimiter: str, quoting: Quoting) -> Guess | None:
    r"""Return what to tell of a table with tabs that has `\n` in its cells and is read as it stands."""
    if delimiter != "\t" or quoting.escape or "\\n" not in text:
        return None
    letters = set(re.findall(r"\\(.)", text))
    if not letters <= {"n", "t", "r", "\\"}:
        return None
    sign = "nothing shows that one stands for a line break"
    return Guess("backslashes", "letters, as in `\\n`", sign, f"--quoting {BACKSLASH}", told=True)


def read_late_region(source: Source, head_bytes: int, needle: bytes, codec: str) -> str:
    """Return the text around the first place behind the head where `needle` stands, "" where it does not."""
    width = 4 if codec.startswith("utf-32") else 2 if codec.startswith("utf-16") else 1
    before, place = b"", 0
    region = b""
    with source.open() as file:
        while piece := file.read(CHUNK_BYTES):
            block = before + piece
            found = block.find(needle, max(head_bytes - (place - len(before)), 0))
            if found >= 0:
                start = max(block.rfind(b"\n", 0, found), 0)
                region = block[start - start % width : found] + block[found:] + file.read(_REGION)
                break
            place += len(piece)
            before = block[-_REGION:]
    codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)
    text = region[: 2 * _REGION].decode(codec, "ignore")
    first, last = text.find("\n"), text.rfind("\n")
    return text[first + 1 : last + 1] if 0 <= first < last else ""


def read_last_lines(source: Source, codec: str) -> str:
    """Return the last lines of a file, whole but for the first of them."""
    if source.is_compressed():
        piece = b""
        for each in source.chunks():
            piece = (piece + each)[-_TAIL:]
    else:
        with source.open() as file:
            end = file.seek(0, 2)
            file.seek(max(end - _TAIL, 0) // 4 * 4)
            piece = file.read()
    codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)
    return piece.decode(codec, "ignore")


def _is_padded(text: str, delimiter: str) -> bool:
    """Tell whether every delimiter has a space or the end of its line on both sides, in most lines at least one."""
    if delimiter not in _DRAWN:
        return False
    lines = [line for line in text.splitlines() if line.strip()]
    drawn = [line for line in lines if delimiter in line]
    if len(drawn) < max(_FEWEST_DRAWN, 0.8 * len(lines)):
        return False
    between = re.escape(delimiter)
    padded = re.compile(rf"(?:^|(?<= )){between}(?= |$)")
    rule = re.compile(rf"[-=:+\s{between}]*")
    return all(len(padded.findall(line)) == line.count(delimiter) or rule.fullmatch(line) for line in drawn)


def _has_single_quotes(text: str, between: str) -> bool:
    """Tell whether single quotes surround cells in most lines, and double ones in none."""
    if "'" not in text or re.search(rf'(?:^|[\r\n]|{between}) ?"(?:[^"]|"")*"(?:$|[\r\n]|{between})', text):
        return False
    cell = rf"(?:^|[\r\n]|{between}) ?'(?:[^'\r\n\\]|\\.|'')*'(?=$|[\r\n]|{between})"
    lines = [line for line in text.splitlines() if line.strip()]
    return 2 * sum(1 for line in lines if re.search(cell, line)) > len(lines)


def _find_escape(text: str, quote: str, between: str) -> str | None:
    """Return the backslash where it stands before quotes inside of cells, and not only at their end."""
    if "\\" + quote not in text:
        return None
    inside = rf"\\{quote}(?![{quote}\r\n]|{between}|$)|\\{quote}{quote}(?=[\r\n]|{between}|$)"
    return "\\" if re.search(inside, text) else None


def _has_spaces_before(text: str, quote: str, between: str) -> bool:
    """Tell whether quotes that surround cells have a space before them."""
    return re.search(rf"{between} +{quote}[^{quote}\r\n]*{quote} *(?:$|[\r\n]|{between})", text) is not None


def _tell_spaces(spaces: bool) -> Guess | None:
    if not spaces:
        return None
    return Guess("spaces", "spaces before cells were left out", "quotes follow them", None, told=True)


def _find_lone_quotes(text: str, delimiter: str, quoting: Quoting, cut: bool) -> str | None:
    """Return the sign that quotes are letters, None where they surround cells."""
    lines = list(io.StringIO(text, newline=""))
    if quoting.escape or quoting.skip_spaces:
        return None
    width = _find_width(lines, delimiter)
    seen = _weigh_quotes(lines, delimiter, width)
    whole = sum(1 for line in lines if line.strip())
    if delimiter != "\t" and whole < _FEWEST_LINES:
        return None
    if width < 2 or not seen.unpaired or seen.partial or seen.paired > seen.unpaired:
        return None
    if seen.paired + seen.wrapped > max(seen.unpaired - seen.wrapped, whole // 2):
        return None
    if not _is_broken(text, delimiter, width, cut):
        return None
    return f"{seen.unpaired} cells begin or end with a lone one, and every line is whole without them"


def _find_width(lines: Sequence[str], delimiter: str) -> int:
    """Return how many cells most lines have if quotes are letters, 0 where the first below a title has others.

    So a column on its own, whose quoted texts hold delimiters below a header without any, is not taken for several.
    """
    widths = [line.count(delimiter) + 1 for line in lines if line.strip()]
    usual = max(set(widths), key=widths.count) if widths else 0
    if widths[:2] == [1, usual] and usual > 1:  # a title may stand above the names of the columns
        second = [line for line in lines if line.strip()][1]
        return usual if all(map(is_usual_name, second.strip().split(delimiter))) else 0
    return usual if widths[:1] == [usual] else 0


def _weigh_quotes(lines: Sequence[str], delimiter: str, width: int) -> _Evidence:
    paired = unpaired = wrapped = partial = 0
    for line in lines:
        if '"' not in line:
            partial += bool(line.strip()) and line.count(delimiter) + 1 > width
            continue
        cells = line.rstrip("\r\n").split(delimiter)
        partial += len(cells) != width
        for cell in cells:
            starts, ends = cell.startswith('"'), cell.endswith('"')
            if starts and ends and len(cell) > 1 and '"' not in cell[1:-1].replace('""', ""):
                paired += 1
            else:
                unpaired += starts or ends
                wrapped += starts and ends and len(cell) > 1
    return _Evidence(paired, unpaired, wrapped, partial)


def _is_broken(text: str, delimiter: str, width: int, cut: bool) -> bool:
    """Tell whether quotes around cells would make no sense: one stays open, or swallows rows."""
    lines = list(io.StringIO(text, newline=""))
    rules = RowRules({"delimiter": delimiter, "quoting": csv.QUOTE_MINIMAL, "strict": True}, width, has_header=False)
    if _has_one_width(lines, rules):
        return False
    try:
        return any(row is not None and _has_rows_inside(row, delimiter, width) for row in parse_delimited(lines, rules))
    except BadRowError as error:
        return not (cut and "end of data" in error.reason and len(lines) - error.line < _LONGEST_CELL)


def _has_one_width(lines: Sequence[str], rules: RowRules) -> bool:
    """Tell whether all rows have as many cells, and not as many as without quotes: then quotes surround delimiters."""
    widths: set[int] = set()
    with suppress(csv.Error):  # the last row may be cut
        widths.update(len(cells) for cells in parse_cells(lines, rules) if cells)
    return len(widths) == 1 and widths.isdisjoint({1, rules.width})


def _has_rows_inside(row: Sequence[str], delimiter: str, width: int) -> bool:
    return any(
        cell.count("\n") > 1 and all(line.count(delimiter) == width - 1 for line in cell.split("\n")[1:-1])
        for cell in row
    )


def list_lines(text: str) -> Iterator[str]:
    """Yield the lines of a text with their ends, as a file has them."""
    yield from io.StringIO(text, newline="")
