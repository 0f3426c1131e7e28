"""Labels: what `txt label` keeps about a data file, as a table."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from txt.config import LabelConfig
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.label_columns import choose_column_names
from txt.data.reading.open_rows import read_to_end
from txt.labeling.answers import RowAnswer, answers
from txt.labeling.open_labels import OpenLabels, open_labels
from txt.labeling.summary import StoreSummary, summarize
from txt.library.explained import explain_in_python
from txt.library.results import render_html, render_text

_SHOWN = 10


class Labels:
    """The rows of a data file with their labels, as they stand in its store; nothing is changed.

    Args:
        data: the data file.
        store: the label store, `DATA.labels.db` without one.
        text_column: the column of the text.

    Raises:
        BadInputError: the file cannot be read, or the store is damaged.
    """

    def __init__(self, data: str | Path, store: str | Path | None = None, *, text_column: str | None = None) -> None:
        self.data = Path(data)
        self.store = None if store is None else Path(store)
        self.text_column = text_column
        with self._open() as opened:
            states, classes = opened.states()
            self.classes = tuple(classes)
            self._rows = len(opened.rows)
            self._summary = summarize(opened.rows.path, opened.journal, states, classes)

    @property
    def summary(self) -> StoreSummary:
        """Counts of rows by class, person and way, as `txt label --stats` prints them."""
        return self._summary

    def to_arrow(self) -> pa.Table:
        """Return every row with the columns of the file and those that `txt label --export` adds."""
        with self._open() as opened:
            states, _ = opened.states()
            rows, given = opened.rows, list(answers(states, opened.journal))
            names = rows.form.columns
            cells = [rows.cells(row) for row in range(len(rows))]
            columns = {name: pa.array([row[place] for row in cells], pa.string()) for place, name in enumerate(names)}
            for name, (read, kind) in zip(choose_column_names(names), _PARTS, strict=True):
                columns[name] = pa.array([read(answer) for answer in given], kind)
            return pa.table(columns)

    def to_pandas(self) -> Any:
        """Return the table as a DataFrame of pandas."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """Return the table as a DataFrame of polars."""
        import polars

        return polars.from_arrow(self.to_arrow())

    def __len__(self) -> int:
        return self._rows

    def __repr__(self) -> str:
        told = self._summary
        return (
            f"Labels({str(self.data)!r}, rows={self._rows:,}, labeled={told.labeled:,}, classes={list(self.classes)})"
        )

    def __str__(self) -> str:
        head = self.to_arrow().slice(0, _SHOWN)
        return f"{self!r}\n\n{render_text(head.column_names, _cells(head))}"

    def _repr_html_(self) -> str:
        head = self.to_arrow().slice(0, _SHOWN)
        return f"<p>{self._summary.labeled:,} of {self._rows:,} rows have a label</p>" + render_html(
            head.column_names, _cells(head)
        )

    @contextmanager
    def _open(self) -> Iterator[OpenLabels]:
        with explain_in_python():
            config = LabelConfig(store=self.store)
            asked = ReadingOptions(text_column=self.text_column)
            opened = open_labels(self.data, config, asked, write=False, need_store=self.store is not None)
            with closing(opened):
                for _ in read_to_end(opened.rows, opened.asked, opened.kept):
                    pass
                yield opened


_PARTS: tuple[tuple[Callable[[RowAnswer], Any], pa.DataType], ...] = (
    (lambda answer: answer.label, pa.string()),
    (lambda answer: answer.status, pa.string()),
    (lambda answer: answer.by or None, pa.string()),
    (lambda answer: answer.time or None, pa.string()),
    (lambda answer: answer.how or None, pa.string()),
    (lambda answer: answer.confidence, pa.float64()),
    (lambda answer: answer.flagged, pa.bool_()),
    (lambda answer: answer.note or None, pa.string()),
)
"""How each of the columns that `txt label --export` adds is read off an answer, and its type."""


def _cells(table: pa.Table) -> list[list[str]]:
    return [["" if value is None else str(value)[:80] for value in row.values()] for row in table.to_pylist()]
