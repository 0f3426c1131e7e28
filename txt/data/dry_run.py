"""Shows how a data file would be read, without preparing it: rows, columns, classes, splits, and every guess."""

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from txt.config import PrepareConfig
from txt.data.division import Division, divide_rows
from txt.data.reading.how_read import Dialect, Guess
from txt.data.reading.roles import Roles
from txt.data.reading.table import open_table
from txt.data.row_facts import ROW
from txt.data.staging import DecidedLabels, StagedRows, stage_rows
from txt.errors import InputError
from txt.files import FORMAT

SHOWN_ROWS = 3
_MOST_ROWS = 4_000  # are looked at: a fraction of a second
_FLAGS = {
    "text": "--text-column",
    "label": "--label-column",
    "split": "--split-column",
    "group": "--group-column",
    "row_id": None,
}


@dataclass(frozen=True)
class DryRun:
    """How a file would be read.

    `classes` and `splits` count rows, of the whole file or, where `whole` is False, of its first `counted` rows.
    `problem` is the error with which preparing would end.
    """

    source: str
    dialect: Dialect
    rows: list[dict[str, str | None]]
    columns: dict[str, dict[str, str] | None] = field(default_factory=dict)
    metadata: tuple[str, ...] = ()
    classes: dict[str, int] = field(default_factory=dict)
    unlabeled: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    split_by: str = ""
    counted: int = 0
    whole: bool = True
    guesses: tuple[Guess, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: InputError | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the dry run as a JSON object."""
        shown = {name: value for name, value in vars(self).items() if name not in ("dialect", "problem", "guesses")}
        return {
            "format": FORMAT,
            **shown,
            "reading": describe_reading(self.dialect),
            "guesses": [guess.to_json() for guess in self.guesses],
            "problem": None if self.problem is None else {"error": self.problem.message, "hint": self.problem.hint},
        }


def describe_reading(dialect: Dialect) -> dict[str, Any]:
    """Return how a file was read as a JSON object, with the options that read it so again."""
    return {**dialect.to_json(), "options": dialect.settle().to_json()}


def look_ahead(source: Path | str, config: PrepareConfig, decided: DecidedLabels | None = None) -> DryRun:
    """Read the head of a data file as `prepare` would, and return what it would make of it.

    Raises:
        InputError: the file cannot be read at all; other problems are in the result.
    """
    with open_table(source, config) as table:
        name, dialect = str(table.source), table.dialect
        first = next(table.batches(), None)
        rows = [] if first is None else first.slice(0, SHOWN_ROWS).to_pylist()
        if first is None:
            table.sample()  # says that there are none
    known = DryRun(name, dialect, rows, guesses=dialect.guesses, warnings=dialect.warnings)
    if str(source) == "-":
        return known  # it can be read once, and was
    with TemporaryDirectory(prefix="txt-") as folder:
        try:
            staged = stage_rows(source, config, Path(folder), lambda _: None, decided, most_rows=_MOST_ROWS)
        except InputError as error:
            return _replace(known, problem=error)
        return _describe(known, staged, config, decided)


def _describe(known: DryRun, staged: StagedRows, config: PrepareConfig, decided: DecidedLabels | None) -> DryRun:
    batch = next(staged.batches(), None)
    # labels that were decided elsewhere are in what was put aside
    rows = known.rows if decided is None or batch is None else batch.slice(0, SHOWN_ROWS).to_pylist()
    rows = [{name: value for name, value in row.items() if name != ROW} for row in rows]
    first = _replace(
        known,
        rows=rows,
        columns=staged.roles.to_json(),
        metadata=tuple(staged.metadata()),
        guesses=(*known.guesses, *list_column_guesses(staged.roles)),
        warnings=tuple(staged.warnings),
        counted=staged.rows_read,
        whole=not staged.cut,
    )
    try:
        division = divide_rows(staged, config)
    except InputError as error:
        return _replace(first, problem=error)
    classes = _count_classes(division)
    return _replace(
        first,
        classes=classes,
        unlabeled=int((division.labels < 0).sum()),
        splits={name: sum(counts.values()) for name, counts in division.class_counts.items()},
        split_by=division.split_by,
        warnings=(*first.warnings, *division.warnings()),
    )


def list_column_guesses(roles: Roles) -> list[Guess]:
    """Return the columns that were not named by the user, with the signs that they were chosen by."""
    guesses = []
    for role, column in roles.to_json().items():
        if column is not None and not column["why"].startswith("as --"):
            name = role.replace("row_id", "row id")
            because = column["why"].replace("by its name", "of its name")
            guesses.append(Guess(f"{name} column", f"`{column['name']}`", because, _FLAGS[role]))
    return guesses


def _count_classes(division: Division) -> dict[str, int]:
    counts = dict.fromkeys(division.names, 0)
    for label in division.labels[division.labels >= 0].tolist():
        for each in (label,) if division.sets is None else division.sets[label]:
            counts[division.names[each]] += 1
    return counts


def _replace(known: DryRun, **values: Any) -> DryRun:
    return DryRun(**{**vars(known), **values})
