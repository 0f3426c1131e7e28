"""A one-line summary of each folder under `runs/`, read in a fraction of a millisecond.

Nothing is left out: a folder that is not a run, or is incomplete, is listed with what is wrong with it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from txt.config import TrainConfig
from txt.consent import may_use_data
from txt.errors import InputError
from txt.files import open_plain, read_json
from txt.json_input import take_field
from txt.metrics import LOSS, orient
from txt.option_schema import list_options
from txt.runs.events import describe_bad_lines
from txt.runs.folder import REMOVED, RUNS, Run
from txt.runs.notes import Notes, read_notes
from txt.runs.options_summary import changed_options, options_summary
from txt.runs.state import ALIVE, STATES, RunState, determine_state, read_tail

HALF_WRITTEN, FOREIGN, UNREADABLE = "half-written", "foreign", "unreadable"
ALL_STATES = (*STATES, HALF_WRITTEN, FOREIGN, UNREADABLE)

OURS = {"prepared", "config.json", "events.jsonl", "status.json", "control", "checkpoints", "model", "notes.json"}
"""Files that a run folder may hold before config.json; a folder with anything else was not made by txt."""

_DEFAULTS = {name: each.default for name, each in list_options(TrainConfig).items()}
_HEAD = 16384  # bytes of a report.json that hold its scores; the texts of its mistakes come after


@dataclass(frozen=True)
class RunSummary:
    """The summary of a folder under `runs/`, which may not be a run.

    `data` is the file it was trained on and `fingerprint` that data's; `options` are all it was trained with, those of
    another version of `txt` too; `best` is the best score on val by `metric`,
    `test` the score on the test split by the same metric (by accuracy where that is the loss) with the bounds of its
    interval; `size` is in bytes; `problem` says why it is not a complete run.
    """

    path: Path
    state: RunState
    created: datetime
    size: int
    notes: Notes = field(default_factory=Notes)
    data: str | None = None
    fingerprint: str | None = None
    options: Mapping[str, Any] | None = None
    best: float | None = None
    test: tuple[float, float, float] | None = None
    seconds: float | None = None
    problem: str | None = None

    @property
    def name(self) -> str:
        """The folder's name, by which commands take a run."""
        return self.path.name

    @property
    def metric(self) -> str | None:
        """The metric that chooses the best model."""
        return str(self.options["metric"]) if self.options else None

    @property
    def changed(self) -> dict[str, Any]:
        """The options that differ from the defaults of such a training."""
        return changed_options(self.options or {})

    @property
    def option_words(self) -> list[str]:
        """The changed options, as short as they can be typed."""
        return options_summary(self.options or {})

    @property
    def is_run(self) -> bool:
        """Whether it is a run that this program can read."""
        return self.options is not None

    @property
    def rank(self) -> float | None:
        """The best score on val, with the sign chosen so that higher is better."""
        return None if self.best is None else orient(self.metric or "", self.best)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        test = dict(zip(("value", "low", "high"), self.test, strict=True)) if self.test else None
        return {
            "name": self.name,
            "path": str(self.path),
            "state": self.state.kind,
            "step": self.state.step,
            "total_steps": self.state.total_steps,
            "created": self.created.isoformat(timespec="seconds"),
            "data": self.data,
            "fingerprint": self.fingerprint,
            "changed": self.changed,
            "metric": self.metric,
            "best": self.best,
            "test": test,
            "seconds": self.seconds,
            "bytes": self.size,
            "note": self.notes.note,
            "tags": list(self.notes.tags),
            "problem": self.problem,
        }


@dataclass
class _SourceNames:
    """The names of the data behind prepared folders; many runs share one."""

    names: dict[Path, str | None] = field(default_factory=dict)

    def of(self, prepared: Path, project: Path) -> str | None:
        if prepared not in self.names:
            self.names[prepared] = _read_source_name(prepared) if may_use_data(project, prepared) else None
        return self.names[prepared]


def summarize_runs(folder: Path = RUNS) -> list[RunSummary]:
    """Summarise every folder under `runs/`, the newest first."""
    sources = _SourceNames()
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            with suppress(FileNotFoundError):  # removed this moment
                try:
                    found.append(_summarize_folder(path, sources))
                except PermissionError:
                    found.append(_make_other_summary(path, UNREADABLE, "some of its files cannot be read"))
    return sorted(found, key=lambda summary: (summary.created, summary.name), reverse=True)


def summarize(path: Path) -> RunSummary:
    """Summarise one folder."""
    return _summarize_folder(path, _SourceNames())


def find(name_or_path: str) -> RunSummary:
    """Summarise the folder of this name, be it a whole run or not, or the run at this path.

    Raises:
        InputError: there is none.
    """
    path = RUNS / name_or_path
    if Path(name_or_path).name == name_or_path and path.is_dir() and name_or_path not in ("", ".", ".."):
        return summarize(path)
    return summarize(Run.open(name_or_path).path)


def load_report(path: Path) -> dict[str, Any] | None:
    """Return the report on a run's own data, as report.json has it; None where there is none."""
    try:
        report = read_json(path / "report.json")
        source = f"`{path / 'report.json'}`"
        take_field(report, "split", str, source)
        take_field(report, "rows", int, source)
        take_field(report, "verdict", str | None, source, None)
        for score in report["metrics"].values():
            for name in ("value", "low", "high"):
                take_field(score, name, float, source)
        return report if report["metrics"]["accuracy"] else None
    except (InputError, KeyError, TypeError, AttributeError):
        return None


def rank_runs(runs: Iterable[RunSummary]) -> dict[tuple[str | None, str | None], list[RunSummary]]:
    """Return the runs of each (data fingerprint, metric), the best first, those without a score last.

    Scores on other data, or by another metric, say nothing about each other.
    """
    groups: dict[tuple[str | None, str | None], list[RunSummary]] = {}
    for run in runs:
        if run.is_run:
            groups.setdefault((run.fingerprint, run.metric), []).append(run)
    return {key: sorted(group, key=_score_key) for key, group in groups.items()}


def find_leaders(runs: Iterable[RunSummary]) -> frozenset[str]:
    """Return the names of the runs that are the best of several."""
    groups = rank_runs(runs).values()
    return frozenset(group[0].name for group in groups if len(group) > 1 and group[0].rank is not None)


def _score_key(run: RunSummary) -> tuple[bool, float, float]:
    return run.rank is None, -(run.rank or 0.0), -run.created.timestamp()


def _summarize_folder(path: Path, sources: _SourceNames) -> RunSummary:
    run = Run(path)
    if path.name.endswith(REMOVED):
        problem = "the rest of a removed run: the next `txt runs rm` removes it"
        return _make_other_summary(path, HALF_WRITTEN, problem)
    try:
        prepared, fingerprint, created, options = _read_record(run)
    except InputError as error:
        return _summarize_other_folder(path, error)
    notes, note_problem = _read_notes_or_problem(path)
    tail = read_tail(run)
    return RunSummary(
        path=path,
        state=determine_state(run, tail),
        created=created,
        size=folder_size(path),
        notes=notes,
        data=sources.of(prepared, run.project),
        fingerprint=fingerprint,
        options=options,
        best=tail.best_score,
        test=_read_test_score(path / "report.json", options["metric"]),
        seconds=tail.seconds,
        problem=note_problem or (describe_bad_lines(tail.bad_lines) if tail.bad_lines else None),
    )


def _read_record(run: Run) -> tuple[Path, str, datetime, dict[str, Any]]:
    """Return what a run trains on, that data's fingerprint, when the run was made, and its options.

    Raises:
        InputError: a field is missing, or of another type; it names the file and the field.
    """
    source, record = f"`{run.path / 'config.json'}`", run.record()
    prepared = Path(os.path.normpath(run.path / take_field(record, "prepared", str, source)))
    fingerprint = take_field(record, "fingerprint", str, source)
    try:
        created = datetime.fromisoformat(take_field(record, "created", str, source)).astimezone()
        created.timestamp()
    except (ValueError, OverflowError, OSError):  # the years 1 and 9999 are none in every time zone
        raise InputError(f"{source}: `created` is not a time") from None
    options = {**_DEFAULTS, **take_field(record, "config", dict, source)}
    for name in options:
        take_field(options, name, str | int | float | bool | None, f"{source}, `config`")
    take_field(options, "metric", str, f"{source}, `config`")
    return prepared, fingerprint, created, options


def _summarize_other_folder(path: Path, error: InputError) -> RunSummary:
    """Say what a folder is that is not a run: half of one, someone else's, or one that cannot be read."""
    try:
        names = sorted(os.listdir(path))
    except PermissionError:
        return _make_other_summary(path, UNREADABLE, "the folder cannot be read")
    if "config.json" in names:
        return _make_other_summary(path, UNREADABLE, error.message)
    foreign = [name for name in names if name not in OURS and not name.startswith(".")]
    if foreign:
        return _make_other_summary(
            path, FOREIGN, f"not a run: it holds {', '.join(foreign[:3])}" + " …" * (len(foreign) > 3)
        )
    kind = determine_state(Run(path), read_tail(Run(path))).kind
    if kind in ALIVE:
        return _make_other_summary(path, kind, "its data is being prepared")
    return _make_other_summary(path, HALF_WRITTEN, "no config.json: the preparation of its data was killed")


def _make_other_summary(path: Path, kind: str, problem: str) -> RunSummary:
    changed_at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return RunSummary(
        path, RunState(kind), changed_at, folder_size(path), _read_notes_or_problem(path)[0], problem=problem
    )


def _read_notes_or_problem(path: Path) -> tuple[Notes, str | None]:
    try:
        return read_notes(path), None
    except InputError as error:
        return Notes(), error.message


def folder_size(path: Path) -> int:
    """Return the bytes of all files in a folder; files that disappear meanwhile are not counted."""
    total, folders = 0, [str(path)]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:
            continue
    return total


def _read_source_name(prepared: Path) -> str | None:
    """Return the name of the first file that was prepared, or the folder's where that is not known any more."""
    try:
        sources = [Path(name).name for name in read_json(prepared / "manifest.json")["sources"]]
        first = sources[0]
    except (InputError, LookupError, TypeError):
        return None
    return first + (f" +{len(sources) - 1}" if len(sources) > 1 else "")


def _read_test_score(path: Path, metric: str) -> tuple[float, float, float] | None:
    """Return a score and its interval from the report on the run's own test split."""
    try:
        report = _read_head(path)
        if report["split"] != "test" or report["data"] is not None:
            return None
        score = report["metrics"]["accuracy" if metric == LOSS else metric]
        values = tuple(take_field(score, name, float, f"`{path}`") for name in ("value", "low", "high"))
        return values if all(abs(value) <= 1 for value in values) else None
    except (OSError, InputError, LookupError, TypeError, AttributeError, ValueError, RecursionError):
        return None


def _read_head(path: Path) -> Mapping[str, Any]:
    """Return the entries of report.json up to `metrics`, without reading the long rest where that can be spared."""
    with open_plain(path) as file:
        head = file.read(_HEAD).decode("utf-8", "replace")
    begin = head.find('\n  "metrics": ')  # a line end inside a string is written \n, so this is the key itself
    if begin < 0:
        return read_json(path)
    value, _ = json.JSONDecoder().raw_decode(head, begin + len('\n  "metrics": '))
    return {**json.loads(head[:begin].rstrip().removesuffix(",") + "}"), "metrics": value}
