"""Detects the dialect of a data file from its content: format, encoding, delimiter, quoting, header."""

import csv
import io
import json
import re
import shlex
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from txt.data.formats.recognition import is_fasttext
from txt.data.reading.arrow_cells import find_opened, plan_cells
from txt.data.reading.character_encoding import find_encoding
from txt.data.reading.column_names import make_distinct
from txt.data.reading.columns import ends_usually, is_usual_name
from txt.data.reading.delimited_rows import RowRules, parse_cells
from txt.data.reading.fasttext_lines import COLUMNS
from txt.data.reading.header import count_extra_headers, find_top, has_row_names, is_total, judge_header
from txt.data.reading.how_read import (
    BACKSLASH,
    ONE_CELL,
    Dialect,
    Guess,
    ReadingOptions,
    list_asked,
    refuse_text_options,
)
from txt.data.reading.json_layout import find_layout
from txt.data.reading.kinds.detection import detect_kind
from txt.data.reading.line_formats import refuse_line_format
from txt.data.reading.parquet import explain_damage
from txt.data.reading.quoting import Quoting, choose_quoting, read_last_lines, read_late_region, tell_letters
from txt.data.reading.source import FORMATS, Source
from txt.data.reading.unreadable import refuse_unreadable
from txt.errors import InputError
from txt.json_input import load_json

_BY_CONTENT = ("json", "parquet", "arrow", "excel", "statistics", "documents", "sqlite")  # else the content decides
_END_MARK = "\x1a"
_HEAD_BYTES = 1 << 18
_DELIMITERS = (",", "\t", ";", "|")
_NO_DELIMITER = "none"
_DELIMITER_NAMES = {
    "tab": "\t",
    "\\t": "\t",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
    "space": " ",
    _NO_DELIMITER: ONE_CELL,
}
_SPOKEN = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar", " ": "space"}
_TOP_ROWS, _TOP_LINES = 26, 100  # of the head, in which what stands above the table is looked for
_LONGEST_NAME_LINES = 8  # of a row above the table, or of a header
_SIGNS_BETWEEN = re.compile(r"[^\w\s\"',;|.()\[\]-]+|[\x01-\x08\x1c-\x1f]")
_CELL = r'("([^"\\]|\\.|"")*"|[^\s"]*)'
_QUOTED_AND_SPACES = re.compile(rf'(?=.*" ){_CELL}( {_CELL})+')
_ALIKE = 0.95  # share of the lines that have an unusual delimiter as often as the first
_ENOUGH = 0.8  # share of rows with as many cells as the first, from which on a delimiter needs no other sign
_COMMA_AT_END = re.compile(r"\A\s*\{.*\}[ \t]*,[ \t]*\r?\n")
_SEPARATOR_LINE = re.compile(r'\ufeff*"?sep=(.)"?[ \t]*(\r\n|\n|\r)', re.IGNORECASE)


def detect_dialect(
    path: Path | Source,
    encoding: str | None = None,
    delimiter: str | None = None,
    options: ReadingOptions | None = None,
) -> Dialect:
    """Detect the dialect of a data file; all bytes of a text file are checked against its encoding.

    `options` are what the user settled, and stand in the place of `encoding` and `delimiter`.

    Raises:
        InputError: the file is missing, a directory, empty, binary, not in the encoding, or can be read in two ways
            that are equally likely; or an option makes no sense.
    """
    source = path if isinstance(path, Source) else Source(path, str(path))
    options = options or ReadingOptions(encoding=encoding, delimiter=delimiter)
    other = detect_kind(source, options)
    if other is not None:
        return replace(other, warnings=(*source.notes, *other.warnings))
    if source.kind == "excel":
        refuse_text_options(source, "a spreadsheet", options, but=("header", "header_rows", "skip_lines"))
        options = replace(options, delimiter=",", quoting="minimal")  # as the copy was written
    wanted = _parse_delimiter(options.delimiter)
    asked = list_asked(options)
    head = next(source.chunks(_HEAD_BYTES), b"")
    refuse_unreadable(source, head)
    if head.startswith(b"PAR1"):
        refuse_text_options(source, "Parquet", options)
        return _describe_parquet(source, asked)
    found = find_encoding(source, options.encoding)
    text = io.TextIOWrapper(io.BytesIO(head), encoding=found.name, errors="ignore", newline="").read().lstrip("\ufeff")
    if not text.strip():
        raise InputError(f"`{source}` is empty", "a data file has a header and a row for each text")
    if wanted is None:  # who names a delimiter knows that these are lines
        refuse_line_format(source, text)
    dialect = Dialect(
        _find_format(source, text),
        compressed=source.is_compressed(),
        encoding=found.name,
        line_end=_find_line_end(text),
        warnings=(*source.notes, *((found.warning,) if found.warning else ())),
        guesses=found.guesses,
    )
    if dialect.format == "csv" and is_fasttext(text):
        refuse_text_options(source, "fastText's lines", options, but=("encoding",))
        guess = Guess("format", "fastText's lines", "most begin with __label__", None)
        return replace(dialect, format="fasttext", columns=COLUMNS, guesses=(*dialect.guesses, guess))
    if dialect.format not in ("csv", "excel"):
        refuse_text_options(source, dialect.format.upper(), options, but=("encoding",))
        return find_layout(source, dialect, text, asked)
    return _DelimitedDetector(source, dialect, text, options, wanted, cut=len(head) == _HEAD_BYTES).detect()


def _parse_delimiter(delimiter: str | None) -> str | None:
    if delimiter is None or len(delimiter) == 1:
        return delimiter
    if delimiter.lower() in _DELIMITER_NAMES:
        return _DELIMITER_NAMES[delimiter.lower()]
    raise InputError(f"--delimiter `{delimiter}` is not one character", "for example `;`, `tab`, or `none`")


def _describe_parquet(source: Source, asked: tuple[str, ...]) -> Dialect:
    """Return the dialect of a Parquet file; its structs are opened where the text is inside, or a column asked for."""
    with explain_damage(source):
        with source.open() as file:
            schema = pq.read_schema(pa.PythonFile(file, mode="r"))
        opened = find_opened(schema, lambda: _read_first_rows(source), asked)
    columns = make_distinct(plan_cells(schema, opened).names)
    return Dialect("parquet", columns, source.is_compressed(), paths=opened)


def _read_first_rows(source: Source) -> pa.RecordBatch | None:
    with source.on_disk() as path, pq.ParquetFile(path) as file:
        return next(file.iter_batches(batch_size=100), None)


def _find_format(source: Source, text: str) -> str:
    """Return the format by the file's ending, or by its first character where the ending is not enough."""
    if source.kind is not None:
        return source.kind
    named = FORMATS.get(source.ending)
    start = text.lstrip()[0]
    if named == "jsonl" and (
        start == "[" or _COMMA_AT_END.search(text) or text.lstrip().split("\n", 1)[0].strip() == "{"
    ):
        return "json"  # a list, objects with commas between, or over several lines: what reads a document reads these
    if named is not None and named not in _BY_CONTENT:
        return named
    if start == "[":
        return "json"
    if start == "{":
        return (
            "jsonl"
            if not _COMMA_AT_END.search(text) and _is_object(text.lstrip().split("\n", 1)[0]) and _has_lines(text)
            else "json"
        )
    return named if named == "json" else "csv"


def _has_lines(text: str) -> bool:
    """Tell whether a text has several objects, or one that is plain: a document may be a single line, too."""
    lines = [line for line in text.split("\n") if line.strip()]
    return len(lines) > 1 or not any(isinstance(value, list | dict) for value in load_json(lines[0]).values())


def _is_object(line: str) -> bool:
    try:
        return isinstance(load_json(line), dict)
    except (json.JSONDecodeError, RecursionError):
        return False


def _find_line_end(text: str) -> str:
    found = re.search(r"\r\n|\n|\r", text)
    return found.group() if found else "\n"


@dataclass(frozen=True)
class _Candidate:
    """A way to take cells out of the head: its rows below what stands above the table, and how well they fit."""

    dialect: Dialect
    quoting: Quoting
    rows: list[list[str]]
    score: float
    broken: bool
    has_row_names: bool = False

    @property
    def width(self) -> int:
        return len(self.rows[0]) if self.rows else 0


class _DelimitedDetector:
    """Finds delimiter, quoting, beginning and header of a delimited file from its head."""

    def __init__(
        self, source: Source, dialect: Dialect, text: str, options: ReadingOptions, wanted: str | None, cut: bool
    ) -> None:
        self._source = source
        self._options = options
        self._wanted = wanted
        self._cut = cut
        self._guesses = list(dialect.guesses)
        self._warnings = list(dialect.warnings)
        self._dialect = replace(dialect, quoting_given=options.quoting is not None)
        self._text = text
        self._skipped = 0
        self._late: dict[bytes, str] = {}

    def detect(self) -> Dialect:
        self._leave_out_lines()
        if not self._options.to_json():
            self._refuse_wrapped_rows()
        chosen = self._choose()
        if not chosen.rows:
            raise InputError(f"`{self._source}` is empty", "a data file has a header and a row for each text")
        dialect = replace(chosen.dialect, skip_lines=self._skipped + chosen.dialect.skip_lines)
        self._tell_top(chosen.dialect.skip_lines)
        if chosen.quoting.guess is not None and chosen.dialect.quote == chosen.quoting.quote:
            self._add(chosen.quoting.guess)
        elif self._options.quoting is None and chosen.dialect.delimiter is not None:
            letters = tell_letters(self._text, chosen.dialect.delimiter, chosen.quoting)
            if letters:
                self._add(letters)
        if chosen.has_row_names:
            because = "each row has a cell more than the header, and begins with a number of its own"
            self._guesses.append(Guess("row names", "the first column", because, None))
        dialect = self._name_columns(dialect, chosen.rows)
        dialect = replace(dialect, footer=self._find_total(dialect))
        return replace(dialect, guesses=tuple(self._guesses), warnings=tuple(self._warnings))

    def _refuse_wrapped_rows(self) -> None:
        """Refuse a table whose every row is one quoted cell: it was saved as a table twice.

        Raises:
            InputError: it is.
        """
        lines = [line.rstrip() for line in self._text.splitlines()[: -1 if self._cut else None] if line.strip()]
        if len(lines) < 2 or not all(len(line) > 2 and line[0] == line[-1] == '"' for line in lines):
            return
        with suppress(csv.Error):
            inner = [row[0] for row in csv.reader(lines, strict=True) if len(row) == 1]
            delimiter = next((each for each in _DELIMITERS if inner and each in inner[0]), None)
            if len(inner) == len(lines) and delimiter:
                names = next(csv.reader(inner[:1], delimiter=delimiter))
                if all(is_usual_name(name) or ends_usually(name) for name in names):
                    raise InputError(
                        f"each row of `{self._source}` is one quoted cell, as if the table had been saved twice",
                        "in Python: open('once.csv', 'w').writelines(row[0] + '\\n' for row in "
                        f"csv.reader(open({str(self._source.path)!r})))",
                    )

    def _add(self, guess: Guess) -> None:
        self._guesses.append(guess)
        if guess.told:
            otherwise = f"; {guess.option} reads it otherwise" if guess.option else ""
            self._warnings.append(
                f"in `{self._source}`, {guess.what}: {guess.chosen}, because {guess.because}{otherwise}"
            )

    def _leave_out_lines(self) -> None:
        """Leave out what `--skip-lines` says, and a first line `sep=;`."""
        lines = list(io.StringIO(self._text, newline=""))
        asked = self._options.skip_lines or 0
        if asked >= len(lines):
            raise InputError(f"--skip-lines {asked} leaves no line of `{self._source}`", "give a smaller number")
        self._text, self._skipped = "".join(lines[asked:]), asked
        found = _SEPARATOR_LINE.match(self._text) if not asked else None
        if found:
            self._text, self._skipped = self._text[found.end() :], 1
            if self._wanted is None:
                self._wanted = found[1]
                self._add(
                    Guess("delimiter", _name_delimiter(found[1]), f"the first line is `sep={found[1]}`", "--delimiter")
                )

    def _choose(self) -> _Candidate:
        """Choose the delimiter under which most rows have as many cells as the first."""
        usual = "\t" if self._source.ending in (".tsv", ".tab") else ","
        unusual = () if self._wanted else self._find_unusual()
        delimiters = (
            [self._wanted] if self._wanted else [*unusual, *sorted(_DELIMITERS, key=lambda each: each != usual)]
        )
        candidates = [self._read(each) for each in delimiters if each in self._text]
        best = max(candidates, key=lambda each: each.score, default=None)
        if best is not None and best.score > 0:
            if self._wanted:
                return best
            best = self._break_tie([each for each in candidates if each.score == best.score])
            if best.score >= _ENOUGH or self._may_be_table(best):
                self._add(
                    Guess("delimiter", _name_delimiter(best.dialect.delimiter), self._explain(best), "--delimiter")
                )
                return best
        return self._read_one_column(usual, best)

    def _find_unusual(self) -> tuple[str, ...]:
        """Return a delimiter that few programs use: a sign between usual names, and as often in every line.

        Raises:
            InputError: it is of several characters.
        """
        lines = [line for line in self._text.splitlines()[: -1 if self._cut else None] if line.strip()]
        first = lines[0] if lines else ""
        if len(lines) > 1 and all(map(_QUOTED_AND_SPACES.fullmatch, lines[:_TOP_LINES])):
            return (" ",)  # as R's write.table has it
        for sign in dict.fromkeys(_SIGNS_BETWEEN.findall(first)):
            names = [name.strip().strip('"') for name in first.split(sign)]
            usual = len(names) > 1 and all(is_usual_name(name) or ends_usually(name) for name in names)
            alike = sum(line.count(sign) == first.count(sign) for line in lines)
            if not usual or alike < _ALIKE * len(lines) or sign in _DELIMITERS:
                continue
            if len(sign) > 1:
                path, escaped = self._source.path, re.sub(r"([.*^$/\\\[\]])", r"\\\1", sign)
                made = shlex.quote(path.with_suffix(".tsv").name)
                raise InputError(
                    f"`{self._source}` has `{sign}` between its cells, and a delimiter is one character",
                    f"sed 's/{escaped}/\\t/g' {shlex.quote(str(path))} > {made} makes a table with tabs",
                )
            return (sign,)
        return ()

    def _explain(self, best: _Candidate) -> str:
        return f"{best.score:.0%} of the rows have {best.width} cells, like the first"

    def _may_be_table(self, best: _Candidate) -> bool:
        """Tell whether rows of different lengths are a damaged table, which must be refused, and not lines of text."""
        if best.rows and all(map(is_usual_name, best.rows[0])):
            return True
        return self._source.ending != ".txt" and best.score >= 0.3

    def _break_tie(self, best: list[_Candidate]) -> _Candidate:
        """Return the likeliest of several delimiters under which every row has as many cells."""
        if len(best) == 1:
            return best[0]
        marks = [each for each in best if not _is_decimal_mark(self._text, each.dialect.delimiter)]
        best = marks or best
        whole = min(each.dialect.skip_lines for each in best)
        best = [each for each in best if each.dialect.skip_lines == whole]
        names = [sum(map(is_usual_name, each.rows[0])) for each in best]
        best = [each for each, count in zip(best, names, strict=True) if count == max(names)]
        if len(best) == 1 or best[0].score < _ENOUGH:
            return best[0]
        spaced = [each for each in best if self._text.count(f"{each.dialect.delimiter} ") == 0]
        if len(spaced) == 1:
            return spaced[0]
        usual = best[0]
        if usual.dialect.delimiter in (",", "\t") and len({each.width for each in best}) == 1:
            readings = " or ".join(
                f"at each {_name_delimiter(each.dialect.delimiter)} ({' | '.join(each.rows[0][:3])})"
                for each in best[:2]
            )
            hints = " or ".join(
                f"--delimiter {'tab' if each.dialect.delimiter == chr(9) else repr(each.dialect.delimiter)}"
                for each in best[:2]
            )
            raise InputError(f"the rows of `{self._source}` may be cut {readings}", hints)
        return usual

    def _read_one_column(self, usual: str, best: _Candidate | None) -> _Candidate:
        """Return the reading in which nothing separates cells."""
        wanted = self._wanted
        one = self._make_candidate(
            replace(self._dialect, delimiter=wanted or usual), self._choose_quoting(wanted or usual)
        )
        if wanted != ONE_CELL and (wanted or (not one.broken and all(len(row) == 1 for row in one.rows))):
            return one
        lines = self._make_candidate(replace(self._dialect, delimiter=None), Quoting(None))
        if best is not None and not wanted:
            name = _name_delimiter(best.dialect.delimiter)
            self._add(
                Guess(
                    "delimiter",
                    "none, one text a line",
                    f"lines have different numbers of {name}s",
                    f"--delimiter {name}",
                    True,
                )
            )
        return lines

    def _read(self, delimiter: str) -> _Candidate:
        return self._make_candidate(replace(self._dialect, delimiter=delimiter), self._choose_quoting(delimiter))

    def _choose_quoting(self, delimiter: str) -> Quoting:
        """Choose the quoting by the head, or by the place further down where the first quote stands."""
        asked = self._options.quoting
        quoting = choose_quoting(self._text, delimiter, asked, self._cut)
        if asked in ("none", BACKSLASH) or not self._cut or quoting.padded:
            return quoting
        if '"' not in self._text and quoting.quote == '"':
            quoting = choose_quoting(self._find_late('"'), delimiter, asked, cut=True)
        elif quoting.quote == '"' and quoting.escape is None and '\\"' not in self._text:
            late = choose_quoting(self._find_late('\\"'), delimiter, asked, cut=True)
            if late.escape and late.quote == '"':
                quoting = replace(quoting, escape=late.escape)
        return quoting

    def _find_late(self, needle: str) -> str:
        codec = self._dialect.encoding
        codec = {"utf-16": "utf-16-le", "utf-32": "utf-32-le", "utf-8-sig": "utf-8"}.get(codec, codec)
        written = needle.encode(codec)
        if written not in self._late:
            self._late[written] = read_late_region(self._source, _HEAD_BYTES, written, self._dialect.encoding)
        return self._late[written]

    def _make_candidate(self, dialect: Dialect, quoting: Quoting) -> _Candidate:
        dialect = quoting.apply(dialect)
        if dialect.delimiter == ONE_CELL:
            dialect = replace(dialect, delimiter=None)
        top = self._find_top(dialect)
        rows, broken = self._read_head_rows(replace(dialect, skip_lines=top))
        widths = [len(row) for row in rows]
        score = 0.0
        has_names = len(rows) > 1 and has_row_names(rows[0], rows[1:])
        if has_names:
            rows[0] = ["", *rows[0]]
            score = 1.0
        elif widths and widths[0] > 1:
            fits = widths.count(widths[0]) + sum(1 for row in rows if _can_be_filled(row, rows[0], rows))
            score = 0.01 + 0.99 * min(fits / (len(widths) + broken), 1)
        return _Candidate(replace(dialect, skip_lines=top), quoting, rows, score, broken, has_names)

    def _find_top(self, dialect: Dialect) -> int:
        """Return how many lines stand above the table."""
        if self._options.skip_lines is not None or dialect.delimiter is None:
            return 0
        rows: list[list[str]] = []
        ends: list[int] = []  # how many lines each row and those above it take
        lines = list(islice(io.StringIO(self._text, newline=""), _TOP_LINES))
        while len(rows) < _TOP_ROWS and (done := ends[-1] if ends else 0) < len(lines):
            row, taken = _take_row(lines[done:], dialect)
            rows.append(row)
            ends.append(done + taken)
        return ends[top - 1] if (top := find_top(rows)) else 0

    def _tell_top(self, top: int) -> None:
        if top:
            lines = list(io.StringIO(self._text, newline=""))[:top]
            shown = next((line.strip() for line in lines if line.strip()), "")
            if not shown:
                return
            what = "1 line" if top == 1 else f"{top} lines"
            self._add(
                Guess(
                    "lines above the table",
                    f"{what} left out",
                    f"`{shown[:60]}` has not the table's cells",
                    "--skip-lines 0",
                    True,
                )
            )

    def _read_head_rows(self, dialect: Dialect) -> tuple[list[list[str]], bool]:
        """Return the rows of the head, of any length, and whether some row could not be read.

        The head's cut end counts as neither.
        """
        csv.field_size_limit(max(csv.field_size_limit(), len(self._text) + 1))
        lines = io.StringIO(self._text, newline="")
        rules = RowRules.of(dialect)
        rows: list[list[str]] = []
        broken = False
        try:
            rows.extend(row for row in parse_cells(lines, rules) if row and row not in ([_END_MARK], [""]))
        except csv.Error:
            broken = not (self._cut and not lines.read(1))
        if self._cut and not broken and len(rows) > 1:
            rows.pop()
        return rows, broken

    def _name_columns(self, dialect: Dialect, rows: list[list[str]]) -> Dialect:
        """Add the columns' names: the first row, or numbers where that is data."""
        first = [cell.strip() for cell in rows[0]] if rows else []
        has_header = self._decide_header(first, rows[1:])
        if first and not has_header:
            if self._options.header_rows is not None:
                raise InputError(
                    f"--header-rows counts the rows of a header, and `{self._source}` is read as one without",
                    "--header",
                )
            names = tuple(f"column_{number}" for number in range(1, len(first) + 1))
            return replace(dialect, columns=names, has_header=False)
        if self._options.header_rows is not None:
            extra = self._options.header_rows - 1
        elif extra := count_extra_headers(rows[1:]):
            shown = next((cell for cell in rows[1] if cell.strip()), "")
            self._add(
                Guess(
                    "rows below the header",
                    f"{extra} left out",
                    f"`{shown[:60]}` is about the column",
                    "--header-rows 1",
                    told=True,
                )
            )
        again = [name for name, count in Counter(first).items() if name and count > 1]
        self._warnings += [f"`{self._source}` has two columns `{name}`: the later one is renamed" for name in again]
        return replace(dialect, columns=make_distinct(first), header=tuple(first), extra_headers=extra)

    def _find_total(self, dialect: Dialect) -> tuple[str, ...]:
        """Return the cells of the last row if it is a total of those above."""
        if len(dialect.columns) < 2 or dialect.delimiter is None:
            return ()
        text = self._text if not self._cut else read_last_lines(self._source, dialect.encoding)
        lines = [line for line in text.splitlines() if line.strip(f" \t{_END_MARK}")]
        if len(lines) < 3:
            return ()
        with suppress(csv.Error):
            cells = next(csv.reader(lines[-1:], **dialect.csv_options()), [])
            if len(cells) <= len(dialect.columns) and is_total(cells):
                return tuple(cells)
        return ()

    def _decide_header(self, first: list[str], below: list[list[str]]) -> bool:
        if self._options.header is not None:
            return self._options.header
        if not first:
            return True
        judged = judge_header(first, below)
        shown = ", ".join(f"`{cell[:40]}`" for cell in first[:3]) + (" …" if len(first) > 3 else "")
        if judged.is_header is None:
            raise InputError(
                f"the first row of `{self._source}` may be a header or data: {shown}",
                "--header takes it for the columns' names, --no-header for a row",
            )
        if judged.is_header:
            self._guesses.append(Guess("header", f"the first row: {shown}", judged.because, "--no-header"))
            return True
        self._guesses.append(Guess("header", "none", judged.because, "--header"))
        names = [f"column_{number}" for number in range(1, len(first) + 1)]
        called = ", ".join(names[:4]) + (" …" if len(names) > 4 else "")
        self._warnings.append(
            f"`{self._source}` has no header, because {judged.because}: its columns are called {called} (--header)"
        )
        return False


def _name_delimiter(delimiter: str | None) -> str:
    return _SPOKEN.get(delimiter or "", delimiter or "none")


def _take_row(lines: Sequence[str], dialect: Dialect) -> tuple[list[str], int]:
    """Return the cells of the row that begins in the first line, and its lines: one where a quote stays open."""
    options = {**dialect.csv_options(), "strict": False}
    if dialect.quote and dialect.quote in lines[0]:
        with suppress(csv.Error):
            reader = csv.reader(lines[:_LONGEST_NAME_LINES], **{**options, "strict": True})
            return next(reader, []), reader.line_num
    with suppress(csv.Error):
        return next(csv.reader(lines[:1], **options), []), 1
    return [lines[0]], 1


def _is_decimal_mark(text: str, mark: str | None) -> bool:
    """Tell whether a character stands between digits wherever it stands."""
    if mark != ",":
        return False
    between = len(re.findall(r"(?<=\d),(?=\d)", text))
    return between > 0 and between >= 0.9 * text.count(",")


def _can_be_filled(row: Sequence[str], first: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    """Tell whether a row with fewer cells than the first lacks only some that are empty elsewhere, too."""
    if not 1 < len(row) < len(first):
        return False
    return any(len(other) == len(first) and not any(other[len(row) :]) for other in rows[:200])
