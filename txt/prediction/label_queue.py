"""Rows that a classifier is not sure of, flagged in a label store for a person, with what it would have said."""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from txt.data.reading.row_index import hash_content
from txt.errors import InputError
from txt.labeling.store.decision import Decision, format_row_id, now
from txt.labeling.store.journal import Journal
from txt.prediction.predict_file import UnsureRow

_BATCH = 5000


class LabelQueue:
    """Takes rows of a data file in their order, and flags them in its store; used as a context manager.

    `txt label` shows flagged rows under `/is:flagged`, with the classes of the classifier to choose from.

    Args:
        store: the label store, made if it is not there.
        text_column: the data file's column of texts.
        labels: the classes.
        who: the classifier's name, under which the flags are kept.

    Raises:
        InputError: the file is not a label store, or is for other classes or another column.
    """

    def __init__(self, store: Path, text_column: str, labels: Iterable[str], who: str) -> None:
        self.count = 0
        self._who = who
        self._seen: Counter[int] = Counter()
        self._waiting: list[Decision] = []
        self._journal = Journal.open(store)
        try:
            self._settings = self._check_settings(text_column, list(labels))
            self._act = self._journal.new_act()
        except BaseException:
            self._journal.close()
            raise

    def add(self, row: UnsureRow) -> None:
        """Flag a row."""
        text_hash = hash_content(row.text)
        name = format_row_id(text_hash, self._seen[text_hash])
        self._seen[text_hash] += 1
        self._waiting.append(
            Decision(
                act=self._act,
                kind="flag",
                row_id=name,
                value="1",
                annotator=self._who,
                time=now(),
                how="model",
                suggestion=row.label,
                score=row.confidence,
            )
        )
        self.count += 1
        if len(self._waiting) >= _BATCH:
            self._save()

    def __enter__(self) -> "LabelQueue":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._save()
        finally:
            self._journal.close()

    def _save(self) -> None:
        with self._journal.transaction():
            self._journal.set_settings(**self._settings)
            self._journal.append(self._waiting)
        self._waiting.clear()

    def _check_settings(self, text_column: str, labels: list[str]) -> dict[str, str]:
        """Return what the store does not know yet of the task."""
        known = self._journal.settings()
        column = known.get("text_column", text_column)
        if column != text_column:
            raise InputError(
                f"`{self._journal.path}` holds labels for column `{column}`, not `{text_column}`",
                "--to-label names another store",
            )
        classes = json.loads(known.get("classes", "[]"))
        if classes and set(classes) != set(labels):
            raise InputError(
                f"`{self._journal.path}` has other classes than the model: {', '.join(map(str, classes[:5]))}",
                "--to-label names another store",
            )
        return {} if classes else {"classes": json.dumps(labels, ensure_ascii=False), "text_column": text_column}


def refuse_unlabelable(data: Path, kind: str, compressed: bool) -> None:
    """Refuse a data file that `txt label` does not read.

    Raises:
        InputError: it is compressed, JSON, Parquet, or not a file.
    """
    if compressed or kind not in ("csv", "jsonl") or not data.is_file():
        raise InputError(
            f"--to-label needs a file that `txt label` reads, and `{data}` is not one",
            "CSV, TSV or JSON lines, uncompressed",
        )
