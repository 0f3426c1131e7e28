"""Small files and sessions on them, as most labeling tests need."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from txt.data.dialect import detect
from txt.data.rows import Rows, form_of, scan
from txt.labeling.journal import Journal, store_path
from txt.labeling.session import LabelSession, Task

Open = Callable[..., LabelSession]


def write_csv(path: Path, texts: Sequence[str], **columns: Sequence[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *columns])
        writer.writerows(zip(texts, *columns.values(), strict=True))
    return path


def open_rows(path: Path, text_column: str = "text", label_column: str | None = None) -> Rows:
    dialect = detect(path)
    form = form_of(path, dialect, text_column, label_column, dialect.columns)
    *_, last = scan(path, form)
    return Rows(path, form, last.index)


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a session on texts or a file; all of them end with the test."""
    opened: list[LabelSession] = []

    def session(
        texts: Sequence[str] | Path, annotator: str = "anna", label_column: str | None = None, **options
    ) -> LabelSession:
        path = texts if isinstance(texts, Path) else write_csv(tmp_path / "data.csv", texts)
        options = {"labels": ("neg", "neu", "pos"), **options}
        rows = open_rows(path, label_column=label_column)
        made = LabelSession(rows, Journal.open(store_path(path)), Task(annotator, **options))
        opened.append(made)
        return made

    yield session
    for each in opened:
        each.journal.close()
