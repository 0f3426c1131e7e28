"""Writes a data file with edited copies of its rows, as a stream that can be stopped and resumed."""

import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from txt.augmentation.engine import Copy, CopyBatch, Engine, LabelCheck, Row
from txt.augmentation.label_check import TFIDF, Examples
from txt.augmentation.output import finish, make_line_encoder, refuse_loss
from txt.augmentation.plan import CopyPlan, plan_copies
from txt.augmentation.processes import CHUNK_ROWS, count_workers, make_in_order
from txt.augmentation.recipe import make_recipe
from txt.augmentation.survey import ADDED, Columns, find_columns, read_rows, survey_file
from txt.config import AugmentConfig, PrepareConfig
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.reading.json_layout import open_nested
from txt.data.reading.json_records import read_raw_records
from txt.data.reading.source import choose_output_format
from txt.data.reading.table import Table, open_table
from txt.errors import InputError, Interrupted
from txt.files import FORMAT, claim_folder, explain_os_errors, open_own, read_json, refuse_link, write_json
from txt.json_input import load_json
from txt.version import __version__

_SAVED_EVERY = 2.0  # seconds


@dataclass
class AugmentSummary:
    """What was made. `classes` has the train rows of each class before and after; the counters go by reason."""

    path: str
    rows: int
    wanted: int
    methods: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    flips: int = 0
    classes: dict[str, tuple[int, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    resumed_at: int = 0
    has_split: bool = False
    seconds: float = 0.0

    @property
    def copies(self) -> int:
        """The number of copies made."""
        return self.methods.total()

    def to_json(self) -> dict[str, Any]:
        """Return the summary as a JSON object."""
        return {"format": FORMAT, **vars(self), "copies": self.copies}


@dataclass
class _AugmentState:
    """How far the lines in the work folder go: so many rows of the source, and what was counted on the way."""

    rows: int = 0
    size: int = 0
    methods: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    by_class: Counter[str] = field(default_factory=Counter)
    flips: int = 0

    @classmethod
    def load(cls, path: Path, fingerprint: str, part: Path) -> "_AugmentState":
        """Return the state of work that stopped, if it was the same and its lines are there; else the beginning."""
        try:
            found = read_json(path)
        except InputError:
            return cls()
        if found.pop("fingerprint", None) != fingerprint or not part.exists() or part.stat().st_size < found["size"]:
            return cls()
        counters = {name: Counter(found[name]) for name in ("methods", "missing", "by_class")}
        return cls(**{**{name: found[name] for name in ("rows", "size", "flips")}, **counters})

    def save(self, path: Path, fingerprint: str) -> None:
        write_json(path, {"format": FORMAT, "fingerprint": fingerprint, **vars(self)})


def augment(
    source: Path | str,
    out: Path,
    config: AugmentConfig,
    reading: PrepareConfig | None = None,
    *,
    check: LabelCheck | None = None,
    accept: Callable[[CopyPlan], None] = lambda _: None,
    progress: ProgressWatcher = lambda _: None,
    stop: Callable[[], bool] = lambda: False,
    force: bool = False,
) -> AugmentSummary:
    """Write the rows of a data file to `out`, each followed by its copies, with where these are from.

    Stopped work resumes when it is called again with the same arguments. Copies do not depend on the number of
    processes.

    Args:
        source: a data file, or `-` for standard input.
        out: CSV, JSONL, JSON or Parquet by its ending, also .gz; it is written whole or not at all.
        config: which copies of which rows.
        reading: options that settle columns, encoding and delimiter.
        check: predicts labels; copies whose label flips are dropped. `config.check` may say `tfidf` instead.
        accept: is called with the plan before the work begins, and may raise an error to refuse it.
        progress: is called with how far the work has come.
        stop: is asked after each chunk whether to stop.
        force: replace a file that was not made here.

    Raises:
        InputError: the file cannot be used as it is, an option makes no sense, or `out` must not be replaced.
        MissingWordNetError: a method that was asked for needs WordNet.
        Interrupted: it was stopped; the same call goes on.
        TxtError: a model is not there, the disk is full, or may not be written to.
    """
    started = time.monotonic()
    reading = reading or PrepareConfig()
    with open_table(source, reading) as table, explain_os_errors(f"writing `{out}`"):
        refuse_loss(out, table.source, force)
        choose_output_format(out, table.dialect.format, table.source.name)  # refuses a name of another kind early
        columns = find_columns(table, reading)
        work = out.parent / f".{out.name}.augmenting"
        refuse_link(work)
        with claim_folder(work):
            try:
                summary = _AugmentJob(table, columns, reading, out, work, config, progress, stop).run(check, accept)
            except BaseException:
                if not (work / "state.json").exists():  # else earlier work may still go on
                    shutil.rmtree(work, ignore_errors=True)
                raise
            shutil.rmtree(work, ignore_errors=True)
    summary.seconds = round(time.monotonic() - started, 3)
    return summary


@dataclass
class _AugmentJob:
    """One piece of work: what is read, where it goes, and how."""

    table: Table
    columns: Columns
    reading: PrepareConfig
    out: Path
    work: Path
    config: AugmentConfig
    progress: ProgressWatcher
    stop: Callable[[], bool]

    @property
    def _part(self) -> Path:
        return self.work / "rows.part"

    def run(self, check: LabelCheck | None, accept: Callable[[CopyPlan], None]) -> AugmentSummary:
        examples = Examples(self.columns.text, self.columns.label, self.reading) if self.config.check == TFIDF else None
        found = survey_file(
            self.table,
            self.columns,
            self.config.split,
            self.work / "keys.npy",
            examples.see if examples else lambda _: None,
            lambda rows: self.progress(RowProgress("reading", rows, None)),
        )
        planned = plan_copies(found, self.config)
        accept(planned)
        recipe, notes = make_recipe(
            self.config, found.sample, self.work / "keys.npy", examples.fit_check() if examples else check
        )
        engine = Engine(recipe)
        workers = count_workers(self.config.workers, planned.total, recipe.needs_model or (check is not None))
        fingerprint = self._compute_fingerprint(recipe.methods)
        state = _AugmentState.load(self.work / "state.json", fingerprint, self._part)
        resumed_at = state.rows
        names = [*found.names, *(name for name in ADDED if name not in found.names)]
        chunks = self._iterate_chunks(planned, state.rows)
        self._write(make_in_order(engine, recipe, chunks, workers), state, found.rows, names, fingerprint)
        return AugmentSummary(
            str(self.out),
            found.rows,
            planned.total,
            state.methods,
            found.passed,
            state.missing,
            state.flips,
            {label: (rows, rows + state.by_class[label]) for label, rows in sorted(found.classes.items())},
            [*self.table.dialect.warnings, *notes],
            resumed_at,
            self.columns.split is not None,
        )

    def _compute_fingerprint(self, methods: tuple[tuple[str, int], ...]) -> str:
        """Return what must be the same for stopped work to go on; the number of processes need not."""
        options = self.config.with_options(workers=0).to_json()
        facts = [__version__, self.table.source.checksum(), options, methods, asdict(self.columns), str(self.out)]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def _iterate_chunks(self, planned: CopyPlan, done: int) -> Iterator[tuple[list["_Source"], list[Row]]]:
        """Yield the rows behind the first `done` ones in chunks: as they are written, and what to make of each."""
        for records in _cut_chunks(self._read_sources(), CHUNK_ROWS):
            rows = [
                Row(each.number, each.record.get(self.columns.text) or "", self._count_copies(each, planned))
                for each in records
            ]
            if records[-1].number > done:
                kept = [place for place, each in enumerate(records) if each.number > done]
                yield [records[place] for place in kept], [rows[place] for place in kept]

    def _count_copies(self, each: "_Source", planned: CopyPlan) -> int:
        if self.columns.why_not(each.record, self.config.split) is not None:
            return 0
        return planned.copies((each.record.get(self.columns.label) or "") if self.columns.label else "")

    def _read_sources(self) -> Iterator["_Source"]:
        objects = self._read_objects()
        for number, record in enumerate(chain.from_iterable(read_rows(self.table)), start=1):
            yield _Source(number, record, next(objects) if objects else record)

    def _read_objects(self) -> Iterator[Mapping[str, Any]] | None:
        """Return the JSON objects of the source, where numbers are still numbers, if they go to JSON again."""
        source, kinds = self.table.source, (self.table.dialect.format, self._choose_format())
        if kinds[1] not in ("json", "jsonl") or kinds[0] not in ("json", "jsonl"):
            return None
        return _read_json_objects(self.table) if source.path.exists() else None

    def _choose_format(self) -> str:
        """Return the format that the output's ending stands for, or that of the data."""
        return choose_output_format(self.out, self.table.dialect.format, self.table.source.name)

    def _write(
        self,
        made: Iterator[tuple[list["_Source"], CopyBatch]],
        state: _AugmentState,
        total: int,
        names: Sequence[str],
        fingerprint: str,
    ) -> None:
        """Append the lines of each chunk, note now and then how far they go, and put the file in its place."""
        kind = self._choose_format()
        head, encode = make_line_encoder(kind, names, self.table.dialect, self.out)
        saved = time.monotonic()
        with os.fdopen(open_own(self._part, os.O_WRONLY | os.O_CREAT | os.O_APPEND), "ab") as file:
            file.truncate(state.size)
            if not state.rows:
                file.write(head)
            try:
                for sources, chunk in made:
                    file.write(encode(list(self._make_lines(sources, chunk.copies))))
                    self._count(state, sources, chunk)
                    self.progress(RowProgress("copying", state.rows, total))
                    if self.stop():
                        raise Interrupted(
                            f"stopped after {state.rows:,} of {total:,} rows", "the same command goes on from here"
                        )
                    if time.monotonic() - saved > _SAVED_EVERY:
                        self._save(file, state, fingerprint)
                        saved = time.monotonic()
            except (Interrupted, KeyboardInterrupt):
                self._save(file, state, fingerprint)
                raise
        types = pq.read_schema(self.table.source.place) if _is_plain_parquet(self.table) else None
        finish(self._part, self.out, kind, names, types)

    def _save(self, file: Any, state: _AugmentState, fingerprint: str) -> None:
        file.flush()
        os.fsync(file.fileno())
        state.size = file.tell()
        state.save(self.work / "state.json", fingerprint)

    def _make_lines(self, sources: list["_Source"], copies: list[list[Copy]]) -> Iterator[Mapping[str, Any]]:
        for each, made in zip(sources, copies, strict=True):
            source_id = self.columns.source_id(each.record, each.number)
            marked = each.values.get(ADDED[0]) or False
            yield {**each.values, ADDED[0]: marked, ADDED[1]: each.values.get(ADDED[1]) or "", ADDED[2]: source_id}
            for number, copy in enumerate(made, start=1):
                row = {**each.values, self.columns.text: copy.text}
                if self.columns.row_id:
                    row[self.columns.row_id] = f"{each.record[self.columns.row_id]}-{number}"
                yield {**row, ADDED[0]: True, ADDED[1]: copy.method, ADDED[2]: source_id}

    def _count(self, state: _AugmentState, sources: list["_Source"], chunk: CopyBatch) -> None:
        state.rows = sources[-1].number
        state.missing.update(chunk.missing)
        state.flips += chunk.flips
        for each, copies in zip(sources, chunk.copies, strict=True):
            state.methods.update(copy.method for copy in copies)
            if copies and self.columns.label:
                state.by_class[each.record.get(self.columns.label) or ""] += len(copies)


@dataclass(frozen=True)
class _Source:
    """A row: its number from 1, its cells as text, and its values as they are written again."""

    number: int
    record: dict[str, str | None]
    values: Mapping[str, Any]


def _cut_chunks(sources: Iterator[_Source], size: int) -> Iterator[list[_Source]]:
    while chunk := list(islice(sources, size)):
        yield chunk


def _read_json_objects(table: Table) -> Iterator[Mapping[str, Any]]:
    for written in read_raw_records(table.source, table.dialect):
        record = load_json(written)
        yield open_nested(record, table.dialect.paths) if table.dialect.paths else record


def _is_plain_parquet(table: Table) -> bool:
    return table.dialect.format == "parquet" and not table.dialect.compressed
