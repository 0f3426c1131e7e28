"""What there is to see of one entry of the folder: a file's columns and texts, a study's ranking, a store's classes."""

import csv
import io
import sqlite3
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from txt.errors import InputError, TxtError
from txt.files import open_plain
from txt.folder.file_preview import preview_file, read_first_rows
from txt.labeling.store.journal import Journal

_MOST_TEXTS = 12
_MOST_TRIALS = 30


@dataclass(frozen=True)
class FileDetail:
    """The first rows of a data file: its columns with an example each, the classes, the lengths of the texts in words.

    `rows` is how many rows were looked at. `longest` is the length that one text in twenty exceeds.
    """

    columns: Sequence[tuple[str, str]]
    rows: int
    text: str | None
    label: str | None
    classes: Mapping[str, int] = field(default_factory=dict)
    usual: float = 0.0
    longest: int = 0
    texts: Sequence[str] = ()


@dataclass(frozen=True)
class Trial:
    """A trial as the table of a study has it: its values are those of the ranking's options."""

    number: str
    state: str
    score: str
    values: Sequence[str]
    run: str


@dataclass(frozen=True)
class Ranking:
    """The best trials of `total` of a study, the best first, and the options in which they differ."""

    metric: str
    options: Sequence[str]
    trials: Sequence[Trial]
    total: int


def describe_file(path: Path) -> FileDetail:
    """Look at the first rows of a data file.

    Raises:
        InputError: it cannot be read.
    """
    seen = preview_file(path)
    try:
        sample = read_first_rows(path)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"it cannot be read: {error}") from None
    columns = [(name, next((value for value in values if value), "")) for name, values in sample.items()]
    rows = max(map(len, sample.values()), default=0)
    texts = [value for value in sample.get(seen.text or "", []) if value]
    lengths = sorted(len(value.split()) for value in texts)
    labels = Counter(value for value in sample.get(seen.label or "", []) if value)
    return FileDetail(
        columns,
        rows,
        seen.text,
        seen.label,
        dict(labels.most_common()),
        float(median(lengths)) if lengths else 0.0,
        lengths[int(0.95 * (len(lengths) - 1))] if lengths else 0,
        texts[:_MOST_TEXTS],
    )


def count_stored_classes(store: Path) -> dict[str, int]:
    """Return the labels of a store with the rows that have them, the most frequent first; empty if it is damaged."""
    with suppress(TxtError, sqlite3.Error), Journal.open(store, write=False) as journal:
        rows = journal.connection.execute(
            "SELECT label, count(*) FROM current WHERE kind = 'label' GROUP BY label ORDER BY 2 DESC LIMIT 100"
        )
        return {str(label): count for label, count in rows}
    return {}


def rank_trials(study: Path) -> Ranking | None:
    """Return the trials of a study from its table; None where there is none yet, or it cannot be read."""
    try:
        with io.TextIOWrapper(open_plain(study / "results.csv"), encoding="utf-8", newline="") as file:
            head, *rows = [row for row in csv.reader(file) if len(row) > 2]
    except (InputError, OSError, csv.Error, UnicodeDecodeError, ValueError):
        return None
    if head[3:4] != ["half_width"] or "runs" not in head:
        return None
    rows = [row for row in rows if len(row) == len(head)]
    runs = head.index("runs")
    options = [place for place in range(4, head.index("steps")) if len({row[place] for row in rows}) > 1]
    trials = [
        Trial(row[0], row[1], row[2], [row[place] for place in options], next(iter(row[runs].split()), ""))
        for row in rows[:_MOST_TRIALS]
    ]
    return Ranking(head[2], [head[place] for place in options], trials, len(rows))
