"""Takes rows out of the lines of a delimited file; every command that reads one does it here.

What is no row is left out and counted: lines above the header, the header, which comes again where files were put
together, further header rows, blank lines, the mark at the end of old files (ctrl-Z), and a footer. A row that a
spreadsheet has cut behind its last filled cell gets its empty cells back.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

from txt.data.reading.how_read import ONE_CELL, Dialect
from txt.data.reading.raw_lines import END_MARK, clean_lines, restore_escaped
from txt.data.reading.source import MAX_CELL
from txt.errors import InputError

_FOOTER = re.compile(
    r"\W*(total|sum|summe|somme|suma|count|rows?|records?|\d+ (rows|records|lines)|generated|created|exported|report"
    r"|source|end of|page|copyright|©|#)",
    re.IGNORECASE,
)
_MOST_FOOTERS = 5  # lines behind the rows
_GUARD_ROWS = 5000  # rows whose values are remembered, to know again a cell that a quote has swallowed
_FEW_VALUES = 200


@dataclass(frozen=True)
class RowRules:
    """What `parse_delimited` must know about a file: see `Dialect` for each."""

    csv_options: dict[str, Any]
    width: int
    escape: str | None = None
    skip_lines: int = 0
    has_header: bool = True
    header: tuple[str, ...] = ()
    extra_headers: int = 0
    quoting_given: bool = False
    footer: tuple[str, ...] = ()
    padded: bool = False

    @classmethod
    def of(cls, dialect: Dialect) -> "RowRules":
        """Return the rules of a delimited file's dialect."""
        return cls(
            dialect.csv_options(),
            len(dialect.columns),
            dialect.escape,
            dialect.skip_lines,
            dialect.has_header,
            dialect.header,
            dialect.extra_headers,
            dialect.quoting_given,
            dialect.footer,
            dialect.padded,
        )

    @property
    def delimiter(self) -> str:
        """The delimiter, ONE_CELL where there is none."""
        return str(self.csv_options.get("delimiter", ","))


@dataclass
class RowTally:
    """What was left out or filled up, by how many rows it was."""

    repeated_headers: int = 0
    filled: int = 0
    footers: list[str] = field(default_factory=list)

    def notes(self, source: str) -> list[str]:
        """Return what the user should be told."""
        notes = []
        if self.repeated_headers:
            again = "once more" if self.repeated_headers == 1 else f"{self.repeated_headers:,} times more"
            notes.append(f"the header of `{source}` stands there {again}, and was left out there")
        if self.filled:
            rows = "1 row" if self.filled == 1 else f"{self.filled:,} rows"
            notes.append(
                f"{rows} of `{source}` end early: the columns behind, which are empty elsewhere too, are empty"
            )
        notes += [f"the last line of `{source}` was left out as a footer: {footer}" for footer in self.footers]
        return notes


class BadRowError(ValueError):
    """A row that cannot be taken; it begins in line `line`, from 1, of the lines given."""

    def __init__(
        self, line: int, cells: Sequence[str] = (), reason: str = "", lines: int = 1, another_table: bool = False
    ) -> None:
        super().__init__(reason or f"it has {len(cells)} cells")
        self.line = line
        self.cells = cells
        self.reason = reason
        self.lines = lines
        self.another_table = another_table

    def explain(self, source: object, rules: RowRules, line: int | None = None) -> InputError:
        """Return the error for the user; `line` is where the row begins in the file, if that is another line."""
        line = self.line if line is None else line
        if self.another_table:
            shown = ", ".join(f"`{cell[:40]}`" for cell in self.cells[:3]) + (" …" if len(self.cells) > 3 else "")
            return InputError(
                f"another table seems to begin behind a blank line, in line {line} of `{source}`: {shown}",
                "write each table to a file of its own",
            )
        if self.lines > 1:
            return InputError(
                f"quotes in `{source}` can be read in two ways: the {self.lines} lines from line {line} on look like "
                "rows of their own, and are one row if quotes surround cells",
                "--quoting none takes quotes as letters, --quoting minimal keeps that row",
            )
        if self.reason:
            return _explain_malformed_row(source, rules, line, self.reason)
        return _explain_ragged_row(source, rules, line, self.cells)


def _explain_ragged_row(source: object, rules: RowRules, line: int, cells: Sequence[str]) -> InputError:
    above = "the header" if rules.has_header else "the first row"
    spoken = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}.get(rules.delimiter, "delimiter")
    count = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
    hint = f"a text that holds a {spoken} needs quotes around it" if len(cells) > rules.width else None
    return InputError(
        f"line {line} of `{source}` has {count}, {above} has {rules.width}",
        hint or "a cell is missing, or the delimiter is another one: --delimiter",
    )


def _explain_malformed_row(source: object, rules: RowRules, line: int, reason: str) -> InputError:
    if "field limit" in reason:
        return InputError(
            f"line {line} of `{source}` begins a cell of more than {MAX_CELL:,} characters",
            "is a quote left open there? otherwise cut that text into smaller ones",
        )
    if "end of data" in reason or "expected after" in reason:
        quote = str(rules.csv_options.get("quotechar", '"'))
        return InputError(
            f"a quote in the row that begins in line {line} of `{source}` is not closed, or has letters after it",
            f"a quote inside a quoted cell is written twice: {2 * quote}; --quoting none takes all quotes as letters",
        )
    return InputError(f"line {line} of `{source}` is malformed: {reason}")


def parse_delimited(
    lines: Iterable[str], rules: RowRules, tally: RowTally | None = None, from_start: bool = True
) -> Iterator[list[str] | None]:
    """Yield the cells of each row, as many as there are columns; None for what is no row.

    With `from_start` False the lines come from the middle of a file.

    Raises:
        BadRowError: a row has another number of cells, or its quotes make no sense.
    """
    tally = tally if tally is not None else RowTally()
    lines, width = iter(lines), rules.width
    if from_start:
        lines = chain([next(lines, "").lstrip("\ufeff")], lines)  # some programs write two byte order marks
    skipped = sum(1 for _ in islice(lines, rules.skip_lines)) if from_start else 0
    reader = csv.reader(clean_lines(lines, rules.csv_options, rules.escape, rules.padded), **rules.csv_options)
    headers = (rules.has_header + rules.extra_headers) if from_start else 0
    first_name = rules.header[0] if len(rules.header) > 1 and rules.has_header else None
    names = frozenset(filter(None, rules.header)) if first_name is not None else frozenset()
    guard = _QuoteGuard(rules) if rules.csv_options.get("quoting") != csv.QUOTE_NONE and from_start else None
    footer = list(rules.footer) if rules.footer else None
    held: list[BadRowError] = []
    optional = width if not from_start else 0  # so many cells at the end of a row may be missing
    line, blank_before = 0, False
    try:
        for cells in reader:
            before, line = line, reader.line_num
            if rules.escape:
                cells = restore_escaped(cells, rules.csv_options)
            count = len(cells)
            if blank_before and count > 1 and not headers and _begins_table(cells, names, rules.header):
                raise BadRowError(before + skipped + 1, cells, another_table=True)
            if count == width and not headers and not held and (count > 1 or cells[0] != END_MARK):
                if cells[0].lstrip("\ufeff") == first_name and _repeats_header(cells, rules.header):
                    tally.repeated_headers += 1
                    yield None
                    continue
                if not cells[-1]:
                    optional = max(optional, _count_empty_at_end(cells))
                if footer is not None and cells == footer:
                    tally.footers.append(" ".join(filter(None, cells)))
                    yield None
                    continue
                if guard is not None:
                    guard.check(cells, before + skipped + 1, line - before)
                yield cells
                blank_before = False
                continue
            if count == 0 or (count == 1 and cells[0].strip() in ("", END_MARK)):
                blank_before = True
                yield None
                continue
            if headers:
                headers -= 1
                yield None
                continue
            if footer is not None and cells == footer:
                tally.footers.append(" ".join(filter(None, cells)))
                yield None
                continue
            if held and not (count == 1 < width):
                raise held[0]
            if first_name is not None and count > 1 and _repeats_header(cells, rules.header):
                tally.repeated_headers += 1
                yield None
            elif count > width and not any(cells[width:]):
                yield cells[:width]
            elif width - optional <= count < width:
                tally.filled += 1
                yield cells + [""] * (width - count)
            elif count == 1 < width and (blank_before or held or _FOOTER.match(cells[0])):
                held.append(BadRowError(before + skipped + 1, cells))
                yield None
            else:
                raise BadRowError(before + skipped + 1, cells)
            blank_before = False
    except csv.Error as error:
        raise BadRowError(line + skipped + 1, reason=str(error)) from None
    if len(held) > _MOST_FOOTERS:
        raise held[0]
    tally.footers += [row.cells[0] for row in held]


def parse_cells(lines: Iterable[str], rules: RowRules) -> Iterator[list[str]]:
    """Yield the cells of each row behind the skipped lines, whatever their number, the header's too.

    Raises:
        csv.Error: a row cannot be read.
    """
    lines = iter(lines)
    for _ in islice(lines, rules.skip_lines):
        pass
    for cells in csv.reader(clean_lines(lines, rules.csv_options, rules.escape, rules.padded), **rules.csv_options):
        yield restore_escaped(cells, rules.csv_options) if rules.escape else cells


def _repeats_header(cells: Sequence[str], header: Sequence[str]) -> bool:
    return [cell.lstrip("\ufeff").strip() for cell in cells] == list(header[: len(cells)])


def _begins_table(cells: Sequence[str], names: frozenset[str], header: Sequence[str]) -> bool:
    """Tell whether a row names columns, one of them as the table above does, and is not its header once more."""
    named = [cell.strip() for cell in cells if cell.strip()]
    return (
        not names.isdisjoint(named)
        and len(set(named)) == len(named) > 1
        and not any(map(str.isdigit, named))
        and not _repeats_header(cells, header)
    )


def _count_empty_at_end(cells: Sequence[str]) -> int:
    count = 0
    for cell in reversed(cells):
        if cell:
            break
        count += 1
    return min(count, len(cells) - 1)


class _QuoteGuard:
    """Notices where a lone quote and the next one have made one row of several.

    A text between quotes may hold line breaks and delimiters. But where each of its lines has exactly the delimiters of
    a row, and the pieces where other columns would be are values that these columns have, they are rows.
    """

    def __init__(self, rules: RowRules) -> None:
        self._delimiter = rules.delimiter
        self._width = rules.width
        self._active = not rules.quoting_given and rules.width > 1 and self._delimiter != ONE_CELL
        self._values: list[set[str]] = [set() for _ in range(rules.width)] if self._active and rules.width < 100 else []
        self._rows = 0

    def check(self, cells: Sequence[str], line: int, lines: int) -> None:
        """Raise an error if a row of several lines is several rows."""
        if not self._values:
            return
        if lines > 1:
            for place, cell in enumerate(cells):
                if "\n" in cell and self._delimiter in cell and self._is_merged(cell, place):
                    raise BadRowError(line, cells, lines=lines)
        elif self._rows < _GUARD_ROWS:
            self._rows += 1
            for values, cell in zip(self._values, cells, strict=True):
                if len(values) <= _FEW_VALUES:
                    values.add(cell)

    def _is_merged(self, cell: str, place: int) -> bool:
        pieces = [piece.split(self._delimiter) for piece in cell.split("\n")]
        inside = all(len(piece) == self._width for piece in pieces[1:-1])
        if not (inside and len(pieces[0]) == self._width - place and len(pieces[-1]) == place + 1):
            return False
        ends = [(column, value) for column, value in enumerate(pieces[0], start=place)][1:]
        ends += list(enumerate(pieces[-1][:-1]))
        few = [(column, value) for column, value in ends if 0 < len(self._values[column]) <= _FEW_VALUES]
        return bool(few) and all(value.strip() in self._values[column] for column, value in few)
