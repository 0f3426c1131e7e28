"""What is in a folder and what to do next with each: data files, prepared folders, label stores, runs, studies."""

import csv
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.errors import InputError, TxtError
from txt.files import read_json
from txt.folder.data_file import Glance, glance, is_data_name
from txt.folder.entry import BEGIN, DATA, LABELS, PREPARED, RUN, STUDY, Entry, Step, argument
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.store.store_file import DamagedStoreError
from txt.runs.folder import RUNS, STUDIES
from txt.runs.summary import Summary, summaries

_MANIFEST = "manifest.json"  # as in data.prepared, which loads tokenizers
_STORE_ENDING = ".labels.db"
_SPLITS = {"val": ("val", "valid", "validation", "dev"), "test": ("test",)}
_MOST_NAMES = 20_000
_MOST_SHOWN = 50
_ENOUGH_LABELS = 50


@dataclass(frozen=True)
class _Stored:
    """What is in a label store."""

    labeled: int = 0
    skipped: int = 0
    people: int = 0
    problem: str | None = None
    is_damaged: bool = False


@dataclass(frozen=True)
class _Known:
    """What the steps of one thing depend on: the others."""

    prepared: dict[str, str]
    """The newest prepared folder of each data file."""
    models: Sequence[Summary]
    """Finished runs, the newest first."""
    splits: dict[str, dict[str, str]]
    """The val and test files that lie beside a train file."""

    def split_of(self, name: str) -> tuple[str, str] | None:
        """Return which split of which train file a file is, if any."""
        found = (
            (split, train) for train, files in self.splits.items() for split, file in files.items() if file == name
        )
        return next(found, None)


def survey(folder: Path = Path()) -> list[Entry]:
    """Return what is in a folder, kind by kind, the newest of each first; an empty folder has steps to begin with.

    Whatever lies there is survived: what is damaged, half-written or foreign is shown with what is wrong with it.
    """
    names = _names(folder)
    manifests = _manifests(folder, names)
    runs = summaries(folder / RUNS)
    files = [name for name in names if is_data_name(name) and not _is_others_json(folder / name)]
    models = [run for run in runs if run.state.kind in ("finished", "early-stopped")]
    known = _Known(_prepared_of(manifests), models, _split_files(files))
    files.sort(key=lambda name: known.split_of(name) is not None)
    entries = [
        *(_data(folder, name, known) for name in files[:_MOST_SHOWN]),
        *(_prepared(name, manifest, runs) for name, manifest in manifests.items()),
        *(_labels(folder, name) for name in names if name.endswith(_STORE_ENDING)),
        *(_run(run) for run in runs[:_MOST_SHOWN]),
        *_studies(folder),
    ]
    if len(runs) > _MOST_SHOWN:
        entries.append(Entry(RUN, f"{len(runs) - _MOST_SHOWN:,} more", "", (Step(("runs", "-i"), "look through all"),)))
    return entries or _beginnings()


def _names(folder: Path) -> list[str]:
    """Return the names in a folder, the newest first; of very many, some."""
    found: list[tuple[float, str]] = []
    with suppress(OSError), os.scandir(folder) as inside:
        for entry in inside:
            if len(found) >= _MOST_NAMES:
                break
            with suppress(OSError):
                if entry.is_file() or entry.is_dir():
                    found.append((entry.stat().st_mtime, entry.name))
    return [name for _, name in sorted(found, reverse=True)]


def _is_others_json(path: Path) -> bool:
    """Tell whether a file is JSON of some other kind than a list of records, as most are."""
    return path.suffix.lower() == ".json" and path.is_file() and glance(path).rows < 2


def _beginnings() -> list[Entry]:
    """Return how to begin where there is nothing yet."""
    told = "train on the sample reviews and see how good it is: a minute"
    return [Entry(BEGIN, "txt demo", told, (Step(("demo",), "try it"),))]


# Data files


def _split_files(names: Sequence[str]) -> dict[str, dict[str, str]]:
    """Return for each file called train the val and test files of the same kind beside it, where there are some."""
    found: dict[str, dict[str, str]] = {}
    for train in names:
        stem, _, ending = train.partition(".")
        if stem.lower() == "train":
            others = {split: [f"{each}.{ending}" for each in stems] for split, stems in _SPLITS.items()}
            files = {split: name for split, called in others.items() for name in names if name.lower() in called}
            if files:
                found[train] = files
    return found


def _data(folder: Path, name: str, known: _Known) -> Entry:
    path = folder / name
    if path.is_dir():
        return Entry(DATA, name, "a folder that is called like a data file", is_broken=True)
    seen = glance(path)
    if seen.problem is not None:
        if not seen.columns:
            return Entry(DATA, name, seen.problem, is_broken=True)
        asks = Step(("prepare", argument(name)), "prepare it")  # which names the columns that may be meant
        return Entry(DATA, name, f"{seen.columns} columns; which is the text?", (asks,))
    store = store_path(path)
    stored = _read_store(store) if store.is_file() else None
    return Entry(DATA, name, _data_state(seen, stored, name, known), _data_steps(seen, stored, name, known))


def _data_state(seen: Glance, stored: _Stored | None, name: str, known: _Known) -> str:
    parts = []
    if stored is not None and stored.problem is None:
        parts.append(f"{stored.labeled:,} labels by hand")
    if seen.label is not None and seen.labeled:
        share = "" if seen.labeled == 1 else f" in {seen.labeled:.0%} of the first rows"
        which = "others" if parts else "labels"
        parts.append(f"{which} in `{seen.label}`{share}")
    if seen.text is None:
        parts.append(f"{seen.columns} columns")
    if not parts:
        parts.append("no labels yet")
    if split := known.split_of(name):
        parts.append("the {} rows of {}".format(*split))
    if name in known.prepared:
        parts.append(f"prepared in {known.prepared[name]}")
    return ", ".join(parts)


def _data_steps(seen: Glance, stored: _Stored | None, name: str, known: _Known) -> tuple[Step, ...]:
    data = argument(name)
    label = Step(("label", data), "label it")
    folder = "prepared" if "prepared" not in known.prepared.values() else f"{Path(name).stem}-prepared"
    out = () if folder == "prepared" else ("-o", argument(folder))
    splits = [part for split, file in known.splits.get(name, {}).items() for part in (f"--{split}", argument(file))]
    prepare = Step(("prepare", data, *splits, *out), "prepare it")
    train = Step(("train", data, *splits), "train on it")
    has_labels = bool(seen.labeled) or seen.text is None or (stored is not None and stored.labeled >= _ENOUGH_LABELS)
    predict = [Step(("predict", argument(known.models[0].name), data), "predict its labels")] if known.models else []
    if not has_labels:
        begun = stored is not None and stored.labeled > 0
        return (label, *predict, prepare) if begun or not predict else (*predict, label)
    labels = _second_look(data) if seen.labeled == 1 and stored is None else (label,)
    if known.split_of(name):
        return (*labels, *predict)
    rest = (*labels, Step(("augment", data), "add copies"), *predict)
    return (train, *rest) if name in known.prepared else (prepare, train, *rest)


def _second_look(data: str) -> tuple[Step, ...]:
    """Return what there is to label where every row has a label already."""
    return (
        Step(("label", data, "--review"), "review its labels"),
        Step(("label", data, "--relabel"), "label it anew"),
    )


# Prepared folders


def _manifests(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any] | str]:
    """Return the manifest of each prepared folder, or what is wrong with it; other programs' are left out."""
    found: dict[str, dict[str, Any] | str] = {}
    for name in names:
        path = folder / name / _MANIFEST
        if name.startswith(".") or not path.is_file():
            continue
        try:
            manifest = read_json(path)
        except InputError as error:
            found[name] = error.message
            continue
        if isinstance(manifest.get("sources"), dict) and isinstance(manifest.get("splits"), dict):
            found[name] = manifest
    return found


def _prepared_of(manifests: dict[str, dict[str, Any] | str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for folder, manifest in manifests.items():
        for source in manifest["sources"] if isinstance(manifest, dict) else ():
            made.setdefault(Path(str(source)).name, folder)
    return made


def _prepared(name: str, manifest: dict[str, Any] | str, runs: Sequence[Summary]) -> Entry:
    if isinstance(manifest, str):
        return Entry(PREPARED, name, manifest, is_broken=True)
    where = () if name == "prepared" else (argument(name),)
    trained = [run.name for run in runs if run.fingerprint and run.fingerprint == manifest.get("fingerprint")]
    state = _rows(manifest)
    if trained:
        state += f"; {len(trained)} run{'s' * (len(trained) > 1)}, last {trained[0]}"
    train = Step(("train", *where), "train on it")
    search = (Step(("lrfind", *where), "find a learning rate"), Step(("grid", *where), "search for options"))
    return Entry(PREPARED, name, state, (train, *search))


def _rows(manifest: dict[str, Any]) -> str:
    """Say how many rows and classes there are, as far as the manifest says."""
    labels = manifest.get("labels")
    rows: Counter[str] = Counter()
    for split, entries in manifest["splits"].items():
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, dict) and isinstance(entry.get("rows"), int):
                rows[str(split)] += entry["rows"]
    parts = [f"{count:,} {split}" for split, count in rows.items() if count]
    parts += [f"{len(labels)} classes"] if isinstance(labels, list) else []
    return ", ".join(parts)


# Label stores


def _labels(folder: Path, name: str) -> Entry:
    data = name.removesuffix(_STORE_ENDING)
    stored = _read_store(folder / name)
    if stored.problem is not None:
        recover = Step(("label", argument(data), "--recover"), "save what can be read")
        return Entry(LABELS, name, stored.problem, (recover,) if stored.is_damaged else (), is_broken=True)
    parts = [f"{stored.labeled:,} labeled"]
    parts += [f"{stored.skipped:,} skipped"] if stored.skipped else []
    parts += [f"{stored.people} people"] if stored.people > 1 else []
    if not (folder / data).is_file():
        return Entry(LABELS, name, f"{', '.join(parts)}; {data} is not here")
    more = Step(("label", argument(data)), "label more")
    stats = Step(("label", argument(data), "--stats"), "show the numbers")
    ending = Path(data).suffix
    export = Step(("label", argument(data), "--export", argument(f"{Path(data).stem}.labeled{ending}")), "export them")
    train = Step(("train", argument(data)), "train with them")
    steps = (train, more, stats, export) if stored.labeled >= _ENOUGH_LABELS else (more, stats, export)
    return Entry(LABELS, name, ", ".join(parts), steps)


def _read_store(path: Path) -> _Stored:
    try:
        with Journal.open(path, write=False) as journal:
            rows = journal.connection.execute(
                "SELECT sum(kind = 'label'), sum(kind = 'skip'), count(DISTINCT annotator) FROM current"
            )
            labeled, skipped, people = rows.fetchone()
            return _Stored(labeled or 0, skipped or 0, people or 0)
    except DamagedStoreError as error:
        return _Stored(problem=error.message, is_damaged=True)
    except (TxtError, sqlite3.Error) as error:
        return _Stored(problem=error.message if isinstance(error, TxtError) else str(error))


# Runs and studies


def _run(run: Summary) -> Entry:
    if not run.is_run:
        return Entry(RUN, run.name, run.problem or run.state.words, is_broken=True)
    parts = [run.state.words, run.data or ""]
    parts += [f"val {run.best:.3f}"] if run.best is not None else []
    parts += [f"test {run.test[0]:.3f}"] if run.test is not None else []
    broken = run.state.kind in ("died", "failed", "diverged")
    return Entry(RUN, run.name, ", ".join(part for part in parts if part), _run_steps(run), is_broken=broken)


def _run_steps(run: Summary) -> tuple[Step, ...]:
    name = argument(run.name)
    show = Step(("runs", "show", name), "show all about it")
    watch = Step(("watch", name), "watch it")
    match run.state.kind:
        case "starting" | "running" | "paused":
            return (watch, show)
        case "died" | "interrupted" | "not-started":
            return (Step(("train", "--resume", name), "go on with it"), show)
        case "finished" | "early-stopped":
            evaluate = Step(("eval", name), "evaluate it")
            predict = Step(("predict", name), "predict texts with it")
            export = Step(("export", name), "export it")
            first = (predict, evaluate) if run.test is not None else (evaluate, predict)
            return (*first, show, export, Step(("watch", name, "--replay"), "watch it again"))
        case _:
            return (show,)


def _studies(folder: Path) -> Iterator[Entry]:
    for path in sorted((folder / STUDIES).glob("*/study.json"), reverse=True)[:_MOST_SHOWN]:
        name = argument(path.parent.name)
        resume = Step(("grid", "--resume", name), "go on with it")
        try:
            read_json(path)
            states, best = _trials(path.parent / "results.csv")
        except (InputError, OSError, csv.Error, UnicodeDecodeError, StopIteration) as error:
            told = error.message if isinstance(error, InputError) else "its table of trials cannot be read"
            yield Entry(STUDY, path.parent.name, told, is_broken=True)
            continue
        open_ones = states["waiting"] + states["running"] + states["paused"]
        if not states or open_ones:
            state = f"{states.total() - open_ones:,} of {states.total():,} trials done" if states else "not ended yet"
            yield Entry(STUDY, path.parent.name, state, (resume,))
        else:
            winner = Step(("train", "--from-study", name), "train the winner in full")
            yield Entry(STUDY, path.parent.name, f"{states.total():,} trials done{best}", (winner, resume))


def _trials(path: Path) -> tuple[Counter[str], str]:
    """Count the trials of a study by state, and say what the best one reached."""
    if not path.is_file():
        return Counter(), ""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        metric = next(rows)[2]
        trials = [row for row in rows if len(row) > 2]
    states = Counter(row[1] for row in trials)
    score = trials[0][2] if trials else ""
    return states, f", best {metric} {float(score):.3f}" if score.replace(".", "").isdigit() else ""
