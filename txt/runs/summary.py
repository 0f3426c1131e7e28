"""What each folder under `runs/` comes to, a line each: read in a fraction of a millisecond, whatever it holds.

Nothing is left out: a folder that is no run, or half of one, is listed with what is wrong with it.
"""

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from txt.config import TrainConfig
from txt.errors import InputError
from txt.files import read_json
from txt.runs.folder import REMOVED, RUNS, Run
from txt.runs.notes import Notes, read_notes
from txt.runs.options_summary import changed_options, spoken_options
from txt.runs.state import STATES, State, alive, read_tail, state_of
from txt.runs.status import read_status

HALF_WRITTEN, FOREIGN, UNREADABLE = "half-written", "foreign", "unreadable"
ALL_STATES = (*STATES, HALF_WRITTEN, FOREIGN, UNREADABLE)

OURS = {"prepared", "config.json", "events.jsonl", "status.json", "control", "checkpoints", "model", "notes.json"}
"""What a run holds from the first; a folder without config.json that holds anything else is not one of ours."""

_DEFAULTS = {item.name: item.default for item in fields(TrainConfig)}
_HEAD = 16384  # bytes of a report.json that hold its scores; the texts of its mistakes come after


@dataclass(frozen=True)
class Summary:
    """A folder under `runs/`: a run, or what else it is.

    `data` is the file it was trained on and `fingerprint` that data's; `options` are all it was trained with, those of
    another version of `txt` too; `best` is the best score on val by `metric`,
    `test` the score on the test split by the same metric (by accuracy where that is the loss) with the bounds of its
    interval; `size` is in bytes; `problem` says why it is no whole run.
    """

    path: Path
    state: State
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
        return self.options["metric"] if self.options else None

    @property
    def changed(self) -> dict[str, Any]:
        """The options that differ from the defaults of such a training."""
        return changed_options(self.options or {})

    @property
    def spoken(self) -> list[str]:
        """The changed options, as short as they can be typed."""
        return spoken_options(self.options or {})

    @property
    def is_run(self) -> bool:
        """Whether it is a run that this program can read."""
        return self.options is not None

    @property
    def rank(self) -> float | None:
        """The best score on val, turned so that higher is better."""
        return -self.best if self.best is not None and self.metric == "loss" else self.best

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
class _Sources:
    """The names of the data behind prepared folders; many runs share one."""

    names: dict[Path, str | None] = field(default_factory=dict)

    def of(self, prepared: Path) -> str | None:
        if prepared not in self.names:
            self.names[prepared] = _source(prepared)
        return self.names[prepared]


def summaries(folder: Path = RUNS) -> list[Summary]:
    """Summarise every folder under `runs/`, the newest first."""
    sources = _Sources()
    found = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.is_dir():
            with suppress(FileNotFoundError):  # removed this moment
                found.append(_summary(path, sources))
    return sorted(found, key=lambda summary: (summary.created, summary.name), reverse=True)


def summarize(path: Path) -> Summary:
    """Summarise one folder."""
    return _summary(path, _Sources())


def find(name_or_path: str) -> Summary:
    """Summarise the folder of this name, be it a whole run or not, or the run at this path.

    Raises:
        InputError: there is none.
    """
    path = RUNS / name_or_path
    if Path(name_or_path).name == name_or_path and path.is_dir() and name_or_path not in ("", ".", ".."):
        return summarize(path)
    return summarize(Run.open(name_or_path).path)


def report_of(path: Path) -> dict[str, Any] | None:
    """Return the report on a run's own data, as report.json has it; None where there is none."""
    try:
        report = read_json(path / "report.json")
        return report if report["metrics"]["accuracy"] and report["split"] and report["rows"] else None
    except (InputError, KeyError, TypeError):
        return None


def best_runs(runs: Iterable[Summary]) -> dict[tuple[str | None, str | None], list[Summary]]:
    """Return the runs of each (data fingerprint, metric), the best first, those without a score last.

    Scores on other data, or by another metric, say nothing about each other.
    """
    groups: dict[tuple[str | None, str | None], list[Summary]] = {}
    for run in runs:
        if run.is_run:
            groups.setdefault((run.fingerprint, run.metric), []).append(run)
    return {key: sorted(group, key=_by_score) for key, group in groups.items()}


def leaders(runs: Iterable[Summary]) -> frozenset[str]:
    """Return the names of the runs that are the best of several."""
    groups = best_runs(runs).values()
    return frozenset(group[0].name for group in groups if len(group) > 1 and group[0].rank is not None)


def _by_score(run: Summary) -> tuple[bool, float, float]:
    return run.rank is None, -(run.rank or 0.0), -run.created.timestamp()


def _summary(path: Path, sources: _Sources) -> Summary:
    run = Run(path)
    if path.name.endswith(REMOVED):
        problem = "what is left of a removed run: the next `txt runs rm` takes it along"
        return _other(path, HALF_WRITTEN, problem)
    try:
        record = run.record()
        prepared, fingerprint = Path(os.path.normpath(path / record["prepared"])), str(record["fingerprint"])
        created = datetime.fromisoformat(record["created"])
        options = {**_DEFAULTS, **record["config"]}
    except (InputError, KeyError, TypeError, ValueError, AttributeError) as error:
        return _not_a_run(path, error)
    notes, note_problem = _notes(path)
    tail = read_tail(run)
    return Summary(
        path=path,
        state=state_of(run, tail),
        created=created.astimezone(),
        size=folder_size(path),
        notes=notes,
        data=sources.of(prepared),
        fingerprint=fingerprint,
        options=options,
        best=tail.best_score,
        test=_test_score(path / "report.json", options["metric"]),
        seconds=tail.seconds,
        problem=note_problem,
    )


def _not_a_run(path: Path, error: Exception) -> Summary:
    """Say what a folder is that is not a run: half of one, someone else's, or one that cannot be read."""
    try:
        names = sorted(os.listdir(path))
    except PermissionError:
        return _other(path, UNREADABLE, "the folder cannot be read")
    if "config.json" in names:
        message = error.message if isinstance(error, InputError) else f"`{path}/config.json` is not that of a run"
        return _other(path, UNREADABLE, message)
    foreign = [name for name in names if name not in OURS and not name.startswith(".")]
    if foreign:
        return _other(path, FOREIGN, f"not a run: it holds {', '.join(foreign[:3])}" + " …" * (len(foreign) > 3))
    living = alive(Run(path), read_status(Run(path)))
    if living:
        return _other(path, living, "its data is being prepared")
    return _other(path, HALF_WRITTEN, "no config.json: the preparation of its data was killed")


def _other(path: Path, kind: str, problem: str) -> Summary:
    changed_at = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    return Summary(path, State(kind), changed_at, folder_size(path), _notes(path)[0], problem=problem)


def _notes(path: Path) -> tuple[Notes, str | None]:
    try:
        return read_notes(path), None
    except InputError as error:
        return Notes(), error.message


def folder_size(path: Path) -> int:
    """Return the bytes of all files in a folder; what vanishes meanwhile counts nothing."""
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


def _source(prepared: Path) -> str | None:
    """Return the name of the first file that was prepared, or the folder's where that is not known any more."""
    try:
        sources = [Path(name).name for name in read_json(prepared / "manifest.json")["sources"]]
    except (InputError, KeyError, TypeError):
        return None
    return sources[0] + (f" +{len(sources) - 1}" if len(sources) > 1 else "")


def _test_score(path: Path, metric: str) -> tuple[float, float, float] | None:
    """Return a score and its interval from the report on the run's own test split."""
    try:
        report = _head(path)
        if report["split"] != "test" or report["data"] is not None:
            return None
        score = report["metrics"]["accuracy" if metric == "loss" else metric]
        return float(score["value"]), float(score["low"]), float(score["high"])
    except (OSError, InputError, KeyError, TypeError, ValueError):
        return None


def _head(path: Path) -> Mapping[str, Any]:
    """Return the entries of report.json up to `metrics`, without reading the long rest where that can be spared."""
    with path.open(encoding="utf-8", errors="replace") as file:
        head = file.read(_HEAD)
    begin = head.find('\n  "metrics": ')  # a line end inside a string is written \n, so this is the key itself
    if begin < 0:
        return read_json(path)
    value, _ = json.JSONDecoder().raw_decode(head, begin + len('\n  "metrics": '))
    return {**json.loads(head[:begin].rstrip().removesuffix(",") + "}"), "metrics": value}
