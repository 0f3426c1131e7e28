"""Small files and sessions on them, as most labeling tests need."""

import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.task import Task

Open = Callable[..., LabelSession]


def write_csv(path: Path, texts: Sequence[str], **columns: Sequence[str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", *columns])
        writer.writerows(zip(texts, *columns.values(), strict=True))
    return path


@pytest.fixture
def open_session(tmp_path: Path) -> Iterator[Open]:
    """Return a function that opens a session on texts or a file; all of them end with the test."""
    opened: list[LabelSession] = []

    def session(
        texts: Sequence[str] | Path, annotator: str = "anna", label_column: str | None = None, **options
    ) -> LabelSession:
        path = texts if isinstance(texts, Path) else write_csv(tmp_path / "data.csv", texts)
        options = {"labels": ("neg", "neu", "pos"), **options}
        rows = open_rows(path, ReadingOptions("text", label_column), path.with_suffix(".index"))
        made = LabelSession(rows, Journal.open(store_path(path)), Task(annotator, **options))
        opened.append(made)
        return made

    yield session
    for each in opened:
        each.journal.close()
