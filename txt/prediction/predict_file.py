"""Predicts a data file as a stream: checked first, written atomically, resumed if it was stopped."""

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from txt.arrays import Floats
from txt.config import PredictConfig, PrepareConfig
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.reading.columns import find_label, find_text
from txt.data.reading.how_read import JOINT
from txt.data.reading.kinds.spreadsheet_copy import ENDINGS, find_losses
from txt.data.reading.source import check_file
from txt.data.reading.table import Table, open_table
from txt.errors import InputError, Interrupted
from txt.files import FORMAT, explain_os_errors
from txt.prediction.classifier import Prediction, Predictor
from txt.prediction.labeled_output import DIGITS, LABEL_SET, AnswerCells, CellKind, refuse_format, write_answers
from txt.prediction.output_place import refuse_taken_place
from txt.prediction.prediction_log import PredictionLog

COLUMNS = ("label", "confidence")
"""The columns that are added, and `probability_CLASS`; `predicted_` begins them where the file has one of them."""

SET_COLUMNS = ("labels",)
"""The column of several labels a row; one column a label where the training data had them so."""

NONE = "(none)"
"""What rows without any label are counted under."""

_FLAG: CellKind = "flag"
_NUMBER: CellKind = "number"
_NAME: CellKind = "name"
_PREFIX = "predicted_"
_STEP_ROWS = 1024  # answered and kept at a time: enough to group by length, and little to lose
_SHOWN = 3


@dataclass(frozen=True)
class UnsureRow:
    """A row that is left to a person: its text, and what the classifier would have said."""

    text: str
    label: str
    confidence: float


@dataclass
class PredictSummary:
    """Counts of a file's rows: of each label, left unlabeled as unsure, and without text."""

    path: str
    column: str
    rows: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    without_text: int = 0
    long: int = 0
    set_sizes: Counter[int] = field(default_factory=Counter)
    resumed_at: int = 0
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object."""
        return {"format": FORMAT, **vars(self)}


@dataclass(frozen=True)
class PredictRequest:
    """How to predict a file: how to read it, what to add, and where the output goes.

    `of` names the classifier's weights, and `trained_on` the column that it learned from, which is read where the file
    has it and the options name no other; `resume` requires earlier work to continue; `force` replaces `out`.
    """

    out: Path
    of: str
    config: PredictConfig
    reading: PrepareConfig = field(default_factory=PrepareConfig)
    resume: bool = False
    force: bool = False
    trained_on: str | None = None

    def reading_options(self) -> PrepareConfig:
        """Return the options of reading: several columns are joined as those that the classifier learned from."""
        joins = self.reading.text_column is None and self.trained_on is not None and JOINT in self.trained_on
        return self.reading.with_options(text_column=self.trained_on) if joins else self.reading


def predict_file(
    classifier: Predictor,
    source: Path | str,
    asked: PredictRequest,
    *,
    progress: ProgressWatcher = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    leave: Callable[[UnsureRow], None] = lambda _: None,
    see: Callable[[str, float], None] = lambda _text, _confidence: None,
) -> PredictSummary:
    """Write the rows of a data file with a label and a confidence each to `asked.out`, whole or not at all.

    Args:
        classifier: whose answers these are.
        source: CSV, TSV, JSONL, JSON or Parquet, also .gz; the output has the same format.
        asked: options.
        progress: called as the work proceeds.
        stop: is asked after each batch of rows whether to stop.
        leave: is given each row that is below the threshold.
        see: is given the text and the confidence of each row that has a text.

    Raises:
        InputError: the file cannot be read, the text's column is not clear, or `out` must not be replaced.
        Interrupted: it was stopped; the same call goes on.
        TxtError: the file has changed meanwhile, or the disk is full.
    """
    started = time.monotonic()
    with open_table(source, asked.reading_options()) as table, explain_os_errors(f"writing `{asked.out}`"):
        _refuse_loss(asked, table)
        work = _FilePredictor(classifier, table, asked, progress, stop, see)
        summary = work.run(leave)
    summary.seconds = round(time.monotonic() - started, 3)
    return summary


def check_request(source: Path, asked: PredictRequest) -> None:
    """Refuse what `predict_file` would refuse without a classifier, before seconds go into loading one.

    A pipe can be read once, and is not looked into.

    Raises:
        InputError: see `predict_file`.
    """
    check_file(source)
    if source.is_file():
        with open_table(source, asked.reading_options()) as table:
            _refuse_loss(asked, table)
            text_column(table, asked.reading, asked.trained_on)


def text_column(table: Table, reading: PrepareConfig, trained_on: str | None = None) -> str:
    """Return the column that holds the texts: the one that is named, or was trained on, or that looks like it.

    Raises:
        InputError: the file has no rows, or it is not clear.
    """
    sample = table.sample()
    known = trained_on if trained_on in sample else None
    return find_text(sample, table.text_column(reading.text_column) or known, str(table.source)).name


class _FilePredictor:
    def __init__(
        self,
        classifier: Predictor,
        table: Table,
        asked: PredictRequest,
        progress: ProgressWatcher,
        stop: Callable[[], bool],
        see: Callable[[str, float], None],
    ) -> None:
        self._classifier = classifier
        self._see = see
        self._table = table
        self._asked = asked
        self._progress = progress
        self._stop = stop
        self._column = text_column(table, asked.reading, asked.trained_on)
        self._columns: dict[str, None] = {}
        self._of = self._fingerprint()

    def run(self, leave: Callable[[UnsureRow], None]) -> PredictSummary:
        summary = PredictSummary(str(self._asked.out), self._column, notes=[*self._table.dialect.warnings])
        if self._classifier.decision is None:
            summary.notes += _note_unknown_classes(self._table, self._column, self._classifier.labels)
        summary.rows = self._check_file()
        summary.notes += self._table.notes
        with closing(self._open_log()) as log:
            summary.resumed_at = log.rows
            try:
                self._predict_rows(log, summary.rows)
                names, kinds = self._added_columns()
                write_answers(self._table, self._asked.out, names, self._make_answers(log, summary, leave), kinds)
            except BaseException:
                if not log.rows:
                    log.remove()
                raise
            log.remove()
        if self._table.dialect.format == "excel" and self._asked.out.suffix.lower() in ENDINGS:
            lost = find_losses(self._table.source)
            summary.notes += [f"{self._asked.out} lacks the {each} of {self._table.source.path}" for each in lost]
        return summary

    def _open_log(self) -> PredictionLog:
        """Open the log of predictions, new or existing; with `resume` an existing one is required."""
        out, path = self._asked.out, log_path(self._asked.out)
        if self._asked.resume and not path.exists():
            raise InputError(f"there is no work on `{out}` to go on with", "leave --resume out")
        if self._asked.resume and not PredictionLog.is_about(path, self._of):
            raise InputError(
                f"the unfinished work on `{out}` is for another file, model or options",
                "leave --resume out to start over",
            )
        out.parent.mkdir(parents=True, exist_ok=True)
        return PredictionLog(path, self._of, len(self._classifier.labels), self._classifier.decision is None)

    def _fingerprint(self) -> str:
        """Return what must be the same for answers to be the same."""
        config, classifier = self._asked.config, self._classifier
        facts = [
            self._table.source.checksum(),
            self._asked.of,
            self._column,
            config.stride,
            config.int8,
            classifier.decision is None,
            classifier.precision,
            classifier.temperature,
            *(["cascade"] if config.cascade else []),  # an unfinished work of before is still the same work
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def _check_file(self) -> int:
        """Read the whole file once, so that an error at its end shows before hours of work; returns its rows."""
        rows = 0
        for batch in self._table.batches():
            self._columns.update(dict.fromkeys(batch.schema.names))
            rows += len(batch)
            self._progress(RowProgress("reading", rows, None))
        return rows

    def _predict_rows(self, log: PredictionLog, total: int) -> None:
        """Add the answers that are not in the log yet."""
        self._progress(RowProgress("predicting", log.rows, total))
        for texts in self._read_texts(log.rows):
            kept = np.array([bool(text.strip()) for text in texts])
            probabilities = np.full((len(texts), len(self._classifier.labels)), np.nan)
            long = np.zeros(len(texts), np.bool_)
            if kept.any():
                done, chosen = log.rows, [text for text, keep in zip(texts, kept, strict=True) if keep]
                found = self._classifier.predict_probabilities(
                    chosen, stride=self._asked.config.stride, progress=self._make_counter(done, total)
                )
                probabilities[kept], long[kept] = found.probabilities, found.long
            log.append(probabilities, np.where(kept, long, np.nan))
            self._progress(RowProgress("predicting", log.rows, total))

    def _make_counter(self, done: int, total: int) -> Callable[[int], None]:
        """Return a callback that reports progress in pieces of text and raises Interrupted when asked to stop."""
        count = done

        def add(pieces: int) -> None:
            nonlocal count
            count = min(count + pieces, total)
            self._progress(RowProgress("predicting", count, total))
            if self._stop():
                raise Interrupted(
                    f"stopped after {done:,} of {total:,} rows", "the same command with --resume goes on from there"
                )

        return add

    def _read_texts(self, start: int) -> Iterator[list[str]]:
        """Yield the texts from a row on, some at a time."""
        begin = 0
        for batch in self._table.batches():
            skipped = min(max(start - begin, 0), len(batch))
            begin += len(batch)
            if skipped < len(batch):
                has_texts = self._column in batch.schema.names
                whole = batch.column(self._column).to_pylist() if has_texts else [None] * len(batch)
                values = whole[skipped:]
                for first in range(0, len(values), _STEP_ROWS):
                    yield [value or "" for value in values[first : first + _STEP_ROWS]]

    def _added_columns(self) -> tuple[tuple[str, ...], tuple[CellKind, ...]]:
        """Return the names of the new columns, and what each holds."""
        labels, several = self._classifier.labels, self._classifier.decision is not None
        own: tuple[str, ...] = COLUMNS[:1]
        kinds: tuple[CellKind, ...] = ("name",)
        if several and self._classifier.form.form == "columns":
            own, kinds = labels, (_FLAG,) * len(labels)
        elif several:
            own, kinds = SET_COLUMNS, ("list" if self._writes_lists() else "name",)
        names = own + COLUMNS[1:]
        kinds += (_NUMBER,)
        if self._asked.config.probabilities:
            names += tuple(f"probability_{label}" for label in labels)
            kinds += (_NUMBER,) * len(labels)
        if self._classifier.set_rule is not None:
            names += (LABEL_SET,)
            kinds += (_NAME,)
        while set(names) & self._columns.keys():
            names = tuple(_PREFIX + name for name in names)
        return names, kinds

    def _writes_lists(self) -> bool:
        """Tell whether several labels are a list of their own, as JSON and Parquet can hold it."""
        return self._classifier.form.form == "list" and self._table.dialect.format in ("json", "jsonl", "parquet")

    def _label_cells(self, prediction: Prediction) -> AnswerCells:
        """Return the cells of a row's labels in the form of the training data."""
        if self._classifier.decision is None:
            return (prediction.label,)
        if self._classifier.form.form == "columns":
            return tuple(int(label in prediction.labels) for label in self._classifier.labels)
        return (list(prediction.labels),) if self._writes_lists() else (prediction.label,)

    def _make_answers(
        self, log: PredictionLog, summary: PredictSummary, leave: Callable[[UnsureRow], None]
    ) -> Iterator[AnswerCells]:
        """Yield what is added to each row, count it, and hand on the rows that are left to a person."""
        texts = (text for batch in self._read_texts(0) for text in batch)
        width = len(self._added_columns()[0])
        for records in log.read():
            for record, text in zip(records.astype(np.float64), texts, strict=False):
                yield self._count_answer(record, text, width, summary, leave)

    def _count_answer(
        self, record: Floats, text: str, width: int, summary: PredictSummary, leave: Callable[[UnsureRow], None]
    ) -> AnswerCells:
        long = float(record[-1])
        if math.isnan(long):
            summary.without_text += 1
            return (None,) * width
        label_set = self._choose_set(record[:-1], summary)
        summary.long += int(long)
        prediction = self._classifier.prediction(record[:-1])
        rounded = np.round(record[:-1], DIGITS).tolist()
        added: AnswerCells = tuple(rounded) if self._asked.config.probabilities else ()
        if self._classifier.decision is not None:
            summary.labels.update(prediction.labels or (NONE,))
            return (*self._label_cells(prediction), round(prediction.confidence, DIGITS), *added, *label_set)
        confidence, threshold = round(prediction.confidence, DIGITS), self._asked.config.threshold
        self._see(text, confidence)
        if threshold is not None and confidence < threshold:
            summary.unsure += 1
            likeliest = self._classifier.labels[int(record[:-1].argmax())]  # a class, also where levels are answered
            leave(UnsureRow(text, likeliest, confidence))
            return (None, confidence, *added, *label_set)
        summary.labels[prediction.label] += 1
        return (prediction.label, confidence, *added, *label_set)

    def _choose_set(self, probabilities: Floats, summary: PredictSummary) -> tuple[str, ...]:
        """Return the cell of a row's set of classes, where one was asked for, and count its size."""
        chosen = self._classifier.choose_set(probabilities)
        if chosen is None:
            return ()
        summary.set_sizes[len(chosen)] += 1
        return (encode_set(chosen),)


def encode_set(labels: Sequence[str]) -> str:
    """Return a set of labels as a JSON list, which a cell of any format can hold."""
    return json.dumps(labels, ensure_ascii=False)


def log_path(out: Path) -> Path:
    """Return where the answers are kept until `out` is whole."""
    return out.with_name(f".{out.name}.predicting")


def _refuse_loss(asked: PredictRequest, table: Table) -> None:
    refuse_taken_place(asked.out, table.source, asked.force)
    refuse_format(asked.out, table)


def _note_unknown_classes(table: Table, text: str, labels: tuple[str, ...]) -> list[str]:
    """Note classes in a label column of the file that the model does not know."""
    sample = table.sample()
    try:
        column = find_label(sample, text, None, str(table.source), by_content=False)
    except InputError:  # several may be it; none is needed
        return []
    present = Counter(value for value in sample[column.name] if value and value.strip()) if column else Counter()
    unknown = [value for value, _ in present.most_common() if value not in labels]
    if column is None or not unknown:
        return []
    shown = ", ".join(f"`{value}`" for value in unknown[:_SHOWN]) + (" …" if len(unknown) > _SHOWN else "")
    known = ", ".join(f"`{label}`" for label in labels[:_SHOWN]) + (" …" if len(labels) > _SHOWN else "")
    return [f"column `{column.name}` has classes that the model does not know, {shown}; it knows {known}"]
