"""How a data file is read: what the user asked for, what was found out, and every guess with its sign.

All of it is plain values that convert to JSON, so that a manifest and a label store can remember it. Nothing here
imports pyarrow: a file whose index is kept opens without it.
"""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Self

from txt.errors import InputError

if TYPE_CHECKING:
    from txt.data.reading.source import Source

ONE_CELL = "\x1f"
"""The delimiter given to the csv module where nothing separates cells; it occurs in no text."""

BACKSLASH = "backslash"
"""What `--quoting` takes for cells without quotes in which a backslash escapes delimiters and line ends."""

JOINT = ","
"""Stands between the names of several text columns: `title,body`."""


@dataclass(frozen=True)
class Guess:
    """Something that was not told and had to be found out.

    `because` is the sign that it was chosen by, `option` what settles it otherwise; what is `told` may surprise, so
    that every command prints it.
    """

    what: str
    chosen: str
    because: str
    option: str | None = None
    told: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the guess as a JSON object."""
        return asdict(self)

    def __str__(self) -> str:
        how = f" ({self.option})" if self.option else ""
        return f"{self.what}: {self.chosen}, because {self.because}{how}"


@dataclass(frozen=True)
class ReadingOptions:
    """The user's options for reading a file; None is found out."""

    text_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quoting: str | None = None
    header: bool | None = None
    skip_lines: int | None = None
    header_rows: int | None = None

    @classmethod
    def of(cls, options: Any) -> Self:
        """Return the reading options among the fields of a configuration, or among the keys of a mapping."""
        get = options.get if isinstance(options, Mapping) else lambda name: getattr(options, name, None)
        return cls(**{item.name: get(item.name) for item in fields(cls)})

    def to_json(self) -> dict[str, Any]:
        """Return the options as a JSON object, without those that were not given."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Make options of what `to_json` returned; names of a later version are left out."""
        known = {item.name for item in fields(cls)}
        return cls(**{name: each for name, each in value.items() if name in known})

    def fill_in(self, below: "ReadingOptions") -> "ReadingOptions":
        """Return these options, completed by those of `below` where nothing was given."""
        return type(self)(
            **{name: getattr(below, name) if value is None else value for name, value in asdict(self).items()}
        )


@dataclass(frozen=True)
class Dialect:
    """How to read a data file, and how to write one like it.

    `format` is a key of READERS. `columns` are the names in the file's order, made distinct; JSON has none,
    its rows bring their own. `delimiter` is None where each line is one cell; `quote` is None where quotes are
    ordinary characters; `escape` is the backslash where `\\"` and `\\\\` stand for a quote and a backslash, and without
    quotes `\\n`, too, for a line end.

    `skip_lines` lines stand above the header or the first row; `header` are its cells as they are written, and
    `extra_headers` rows below it say more about the columns; `footer` is a last row that sums them up. `skip_spaces`
    says that spaces follow the delimiters, `padded` that they surround them and are no part of the cells, and
    `quoting_given` that the user settled what quotes are. `paths` are the nested objects that are opened into columns:
    `data` gives `data.title`. `records` says where the records of a JSON document are, see `json_layout`. `coded` is a
    column of numbers and the names of the classes that they stand for, which are elsewhere in the document.
    """

    format: str
    columns: tuple[str, ...] = ()
    compressed: bool = False
    encoding: str = "utf-8"
    delimiter: str | None = ","
    quote: str | None = '"'
    escape: str | None = None
    line_end: str = "\n"
    has_header: bool = True
    warnings: tuple[str, ...] = ()
    skip_lines: int = 0
    header: tuple[str, ...] = ()
    extra_headers: int = 0
    footer: tuple[str, ...] = ()
    skip_spaces: bool = False
    padded: bool = False
    quoting_given: bool = False
    paths: tuple[str, ...] = ()
    records: str = ""
    coded: tuple[str, ...] = ()
    guesses: tuple[Guess, ...] = ()
    parts: tuple[tuple["Source", "Dialect"], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return the dialect as a JSON object."""
        parts = [[str(source), how.to_json()] for source, how in self.parts]
        return {**asdict(replace(self, parts=())), "parts": parts}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Dialect":
        """Make a dialect of what `to_json` returned."""
        known = {item.name for item in fields(cls)}
        taken: dict[str, Any] = {
            name: tuple(each) if isinstance(each, list) else each for name, each in value.items() if name in known
        }
        taken.pop("parts", None)  # the files are found again by their names
        taken["guesses"] = tuple(Guess(**each) for each in value.get("guesses", ()))
        return cls(**taken)

    def csv_options(self) -> dict[str, Any]:
        """Return the arguments with which the csv module reads and writes this dialect.

        They know nothing of `escape`: a backslash before other letters must stay, which the csv module would drop.
        """
        return {
            "delimiter": self.delimiter or ONE_CELL,
            "quotechar": self.quote or '"',
            "quoting": csv.QUOTE_MINIMAL if self.quote else csv.QUOTE_NONE,
            "skipinitialspace": self.skip_spaces,
            "lineterminator": self.line_end,
            "strict": True,
        }

    def settle(self, text_column: str | None = None, label_column: str | None = None) -> ReadingOptions:
        """Return the options that read the file in this way again, whatever its content becomes."""
        if self.format == "excel":
            return ReadingOptions(
                text_column,
                label_column,
                header=self.has_header,
                skip_lines=self.skip_lines,
                header_rows=self._header_rows(),
            )
        if self.format != "csv":
            known = self.encoding if self.format in ("jsonl", "json", "fasttext") else None
            return ReadingOptions(text_column, label_column, known)
        quoting = "minimal" if self.quote else BACKSLASH if self.escape else "none"
        delimiter = "none" if self.delimiter is None else self.delimiter
        return ReadingOptions(
            text_column,
            label_column,
            self.encoding,
            delimiter,
            quoting,
            self.has_header,
            self.skip_lines,
            self._header_rows(),
        )

    def _header_rows(self) -> int | None:
        return 1 + self.extra_headers if self.has_header else None


def join_texts(parts: Sequence[str | None]) -> str:
    """Return the texts of several columns as one, a line for each; missing parts are left out."""
    return "\n".join(part for part in parts if part and part.strip())


def list_asked(options: ReadingOptions) -> tuple[str, ...]:
    """Return the columns that the user named."""
    named = [each for each in (options.text_column, options.label_column) if each]
    return tuple(name.strip() for each in named for name in each.split(JOINT))


def refuse_text_options(source: "Source", kind: str, options: ReadingOptions, but: Sequence[str] = ()) -> None:
    """Refuse options that say nothing about a kind of files.

    Raises:
        InputError: one was given.
    """
    for name in ("encoding", "delimiter", "quoting", "header", "header_rows", "skip_lines"):
        if getattr(options, name) is not None and name not in but:
            raise InputError(f"--{name.replace('_', '-')} is for text tables, and `{source}` is {kind}", "leave it out")
