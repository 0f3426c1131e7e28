"""What is in a folder and what to do next with each: data files, prepared folders, label stores, runs, studies."""

import csv
import io
import os
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from txt.errors import InputError, TxtError
from txt.files import open_plain, read_json
from txt.folder.detail import rank_trials
from txt.folder.entry import BEGIN, DATA, LABELS, PREPARED, RUN, STUDY, FolderEntry, NextStep, as_argument
from txt.folder.file_preview import FilePreview, is_data_name, preview_file
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.store.store_file import DamagedStoreError
from txt.runs.folder import RUNS, STUDIES
from txt.runs.summary import RunSummary, summarize_runs

_MANIFEST = "manifest.json"  # as in data.prepared, which loads tokenizers
_STORE_ENDING = ".labels.db"
_SPLITS = {"val": ("val", "valid", "validation", "dev"), "test": ("test",)}
_MOST_NAMES = 20_000
_MOST_SHOWN = 50
_MOST_TRIALS = 5
_ENOUGH_LABELS = 50


@dataclass(frozen=True)
class _StoreCounts:
    """What is in a label store."""

    labeled: int = 0
    skipped: int = 0
    people: int = 0
    problem: str | None = None
    is_damaged: bool = False


@dataclass(frozen=True)
class _FolderContext:
    """The rest of the folder, on which the suggested steps for an entry depend."""

    prepared: dict[str, str]
    """The newest prepared folder of each data file."""
    models: Sequence[RunSummary]
    """Finished runs, the newest first."""
    runs: dict[str, list[RunSummary]]
    """The runs of each data file, the newest first."""
    splits: dict[str, dict[str, str]]
    """The val and test files that lie beside a train file."""

    def split_of(self, name: str) -> tuple[str, str] | None:
        """Return which split of which train file a file is, if any."""
        found = (
            (split, train) for train, files in self.splits.items() for split, file in files.items() if file == name
        )
        return next(found, None)


def survey(folder: Path = Path()) -> list[FolderEntry]:
    """Return what is in a folder, kind by kind, the newest of each first; an empty folder has steps to begin with.

    Nothing in the folder raises an error: what is damaged, half-written or foreign is shown with its problem.
    """
    names = _list_names(folder)
    manifests = _read_manifests(folder, names)
    runs = summarize_runs(folder / RUNS)
    files = [name for name in names if is_data_name(name) and not _is_others_json(folder / name)]
    models = [run for run in runs if run.state.kind in ("finished", "early-stopped")]
    known = _FolderContext(_map_prepared(manifests), models, _group_runs(runs), _find_split_files(files))
    files.sort(key=lambda name: known.split_of(name) is not None)
    entries = [
        *(_describe_data(folder, name, known) for name in files[:_MOST_SHOWN]),
        *(_describe_prepared(name, manifest, runs) for name, manifest in manifests.items()),
        *(_describe_store(folder, name) for name in names if name.endswith(_STORE_ENDING)),
        *(_describe_run(run) for run in runs[:_MOST_SHOWN]),
        *_describe_studies(folder),
    ]
    if len(runs) > _MOST_SHOWN:
        entries.append(
            FolderEntry(RUN, f"{len(runs) - _MOST_SHOWN:,} more", "", (NextStep(("runs", "-i"), "look through all"),))
        )
    return entries or _suggest_beginnings()


def _group_runs(runs: Sequence[RunSummary]) -> dict[str, list[RunSummary]]:
    found: dict[str, list[RunSummary]] = {}
    for run in runs:
        if run.is_run and run.data:
            found.setdefault(Path(run.data).name, []).append(run)
    return found


def _list_names(folder: Path) -> list[str]:
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
    return path.suffix.lower() == ".json" and path.is_file() and preview_file(path).rows < 2


def _suggest_beginnings() -> list[FolderEntry]:
    """Return how to begin where there is nothing yet."""
    told = "train on the sample reviews and see how good it is: a minute"
    return [FolderEntry(BEGIN, "txt demo", told, (NextStep(("demo",), "try it"),))]


# Data files


def _find_split_files(names: Sequence[str]) -> dict[str, dict[str, str]]:
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


def _describe_data(folder: Path, name: str, known: _FolderContext) -> FolderEntry:
    path = folder / name
    if path.is_dir():
        return FolderEntry(DATA, name, "a folder that is called like a data file", is_broken=True)
    seen = preview_file(path)
    if seen.problem is not None:
        if not seen.columns:
            return FolderEntry(DATA, name, seen.problem, is_broken=True)
        asks = NextStep(("prepare", as_argument(name)), "prepare it")  # which names the columns that may be meant
        return FolderEntry(DATA, name, f"{seen.columns} columns; which is the text?", (asks,))
    store = store_path(path)
    stored = _read_store(store) if store.is_file() else None
    return FolderEntry(
        DATA, name, _describe_data_state(seen, stored, name, known), _suggest_data_steps(seen, stored, name, known)
    )


def _describe_data_state(seen: FilePreview, stored: _StoreCounts | None, name: str, known: _FolderContext) -> str:
    parts = []
    if stored is not None and stored.problem is None:
        parts.append(f"{stored.labeled:,} labels by hand")
    if seen.label is not None and seen.labeled:
        share = "" if seen.labeled == 1 else f" in {seen.labeled:.0%} of the first rows"
        which = "others" if parts else "labels"
        parts.append(f"{which} in `{seen.label}`{share}")
    if seen.text is None:
        parts.append(f"{seen.columns} columns" if seen.columns else "a big file")
    if not parts:
        parts.append("no labels yet")
    if split := known.split_of(name):
        parts.append("the {} rows of {}".format(*split))
    if name in known.prepared:
        parts.append(f"prepared in {known.prepared[name]}")
    if runs := known.runs.get(name):
        parts.append(f"{len(runs):,} run{'s' * (len(runs) > 1)}, last {runs[0].name}")
    return ", ".join(parts)


def _suggest_data_steps(
    seen: FilePreview, stored: _StoreCounts | None, name: str, known: _FolderContext
) -> tuple[NextStep, ...]:
    data = as_argument(name)
    label = NextStep(("label", data), "label it")
    folder = "prepared" if "prepared" not in known.prepared.values() else f"{Path(name).stem}-prepared"
    out = () if folder == "prepared" else ("-o", as_argument(folder))
    splits = [part for split, file in known.splits.get(name, {}).items() for part in (f"--{split}", as_argument(file))]
    prepare = NextStep(("prepare", data, *splits, *out), "prepare it")
    train = NextStep(("train", data, *splits), "train on it")
    has_labels = bool(seen.labeled) or seen.text is None or (stored is not None and stored.labeled >= _ENOUGH_LABELS)
    predict = (
        [NextStep(("predict", as_argument(known.models[0].name), data), "predict its labels")] if known.models else []
    )
    if not has_labels:
        begun = stored is not None and stored.labeled > 0
        return (label, *predict, prepare) if begun or not predict else (*predict, label)
    labels = _suggest_review(data) if seen.labeled == 1 and stored is None else (label,)
    if known.split_of(name):
        return (*labels, *predict)
    rest = (*labels, NextStep(("augment", data), "add copies"), *predict)
    return (train, *rest) if name in known.prepared or name in known.runs else (prepare, train, *rest)


def _suggest_review(data: str) -> tuple[NextStep, ...]:
    """Return what there is to label where every row has a label already."""
    return (
        NextStep(("label", data, "--review"), "review its labels"),
        NextStep(("label", data, "--relabel"), "label it anew"),
    )


# Prepared folders


def _read_manifests(folder: Path, names: Sequence[str]) -> dict[str, dict[str, Any] | str]:
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


def _map_prepared(manifests: dict[str, dict[str, Any] | str]) -> dict[str, str]:
    made: dict[str, str] = {}
    for folder, manifest in manifests.items():
        for source in manifest["sources"] if isinstance(manifest, dict) else ():
            made.setdefault(Path(str(source)).name, folder)
    return made


def _describe_prepared(name: str, manifest: dict[str, Any] | str, runs: Sequence[RunSummary]) -> FolderEntry:
    if isinstance(manifest, str):
        return FolderEntry(PREPARED, name, manifest, is_broken=True)
    where = () if name == "prepared" else (as_argument(name),)
    trained = [run.name for run in runs if run.fingerprint and run.fingerprint == manifest.get("fingerprint")]
    state = _describe_rows(manifest)
    if trained:
        state += f"; {len(trained)} run{'s' * (len(trained) > 1)}, last {trained[0]}"
    train = NextStep(("train", *where), "train on it")
    search = (NextStep(("lrfind", *where), "find a learning rate"), NextStep(("grid", *where), "search for options"))
    return FolderEntry(PREPARED, name, state, (train, *search))


def _describe_rows(manifest: dict[str, Any]) -> str:
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


def _describe_store(folder: Path, name: str) -> FolderEntry:
    data = name.removesuffix(_STORE_ENDING)
    stored = _read_store(folder / name)
    if stored.problem is not None:
        recover = NextStep(("label", as_argument(data), "--recover"), "save what can be read")
        return FolderEntry(LABELS, name, stored.problem, (recover,) if stored.is_damaged else (), is_broken=True)
    parts = [f"{stored.labeled:,} labeled"]
    parts += [f"{stored.skipped:,} skipped"] if stored.skipped else []
    parts += [f"{stored.people} people"] if stored.people > 1 else []
    if not (folder / data).is_file():
        return FolderEntry(LABELS, name, f"{', '.join(parts)}; {data} is not here")
    more = NextStep(("label", as_argument(data)), "label more")
    stats = NextStep(("label", as_argument(data), "--stats"), "show the numbers")
    ending = Path(data).suffix
    export = NextStep(
        ("label", as_argument(data), "--export", as_argument(f"{Path(data).stem}.labeled{ending}")), "export them"
    )
    train = NextStep(("train", as_argument(data)), "train with them")
    steps = (train, more, stats, export) if stored.labeled >= _ENOUGH_LABELS else (more, stats, export)
    return FolderEntry(LABELS, name, ", ".join(parts), steps)


def _read_store(path: Path) -> _StoreCounts:
    try:
        with Journal.open(path, write=False) as journal:
            rows = journal.connection.execute(
                "SELECT sum(kind = 'label'), sum(kind = 'skip'), count(DISTINCT annotator) FROM current"
            )
            labeled, skipped, people = rows.fetchone()
            return _StoreCounts(labeled or 0, skipped or 0, people or 0)
    except DamagedStoreError as error:
        return _StoreCounts(problem=error.message, is_damaged=True)
    except (TxtError, sqlite3.Error) as error:
        return _StoreCounts(problem=error.message if isinstance(error, TxtError) else str(error))


# Runs and studies


def _describe_run(run: RunSummary) -> FolderEntry:
    if not run.is_run:
        return FolderEntry(RUN, run.name, run.problem or run.state.words, is_broken=True)
    parts = [run.state.words, run.data or ""]
    parts += [f"val {run.best:.3f}"] if run.best is not None else []
    parts += [f"test {run.test[0]:.3f}"] if run.test is not None else []
    broken = run.state.kind in ("died", "failed", "diverged")
    return FolderEntry(
        RUN, run.name, ", ".join(part for part in parts if part), _suggest_run_steps(run), is_broken=broken
    )


def _suggest_run_steps(run: RunSummary) -> tuple[NextStep, ...]:
    name = as_argument(run.name)
    show = NextStep(("runs", "show", name), "show all about it")
    watch = NextStep(("watch", name), "watch it")
    match run.state.kind:
        case "starting" | "running" | "paused":
            return (watch, show)
        case "died" | "interrupted" | "not-started":
            return (NextStep(("train", "--resume", name), "go on with it"), show)
        case "finished" | "early-stopped":
            evaluate = NextStep(("eval", name), "evaluate it")
            predict = NextStep(("predict", name), "predict texts with it")
            export = NextStep(("export", name), "export it")
            first = (predict, evaluate) if run.test is not None else (evaluate, predict)
            return (*first, show, export, NextStep(("watch", name, "--replay"), "watch it again"))
        case _:
            return (show,)


def _describe_studies(folder: Path) -> Iterator[FolderEntry]:
    for path in sorted((folder / STUDIES).glob("*/study.json"), reverse=True)[:_MOST_SHOWN]:
        name = as_argument(path.parent.name)
        resume = NextStep(("grid", "--resume", name), "go on with it")
        try:
            read_json(path)
            states, best = _count_trials(path.parent / "results.csv")
        except (InputError, OSError, csv.Error, UnicodeDecodeError, StopIteration) as error:
            told = error.message if isinstance(error, InputError) else "its table of trials cannot be read"
            yield FolderEntry(STUDY, path.parent.name, told, is_broken=True)
            continue
        open_ones = states["waiting"] + states["running"] + states["paused"]
        if not states or open_ones:
            state = f"{states.total() - open_ones:,} of {states.total():,} trials done" if states else "not ended yet"
            yield FolderEntry(STUDY, path.parent.name, state, (resume,))
        else:
            winner = NextStep(("train", "--from-study", name), "train the winner in full")
            yield FolderEntry(STUDY, path.parent.name, f"{states.total():,} trials done{best}", (winner, resume))
        yield from _list_best_trials(path.parent)


def _list_best_trials(study: Path) -> Iterator[FolderEntry]:
    """Yield the best trials of a study as entries below it, those that have a run."""
    ranking = rank_trials(study)
    if ranking is None:
        return
    for place, trial in enumerate(ranking.trials[:_MOST_TRIALS], 1):
        if not (study.parent.parent / RUNS / trial.run).is_dir() or not trial.run:
            continue
        values = " ".join(f"{name}={value}" for name, value in zip(ranking.options, trial.values, strict=True) if value)
        score = f"{float(trial.score):.3f}" if trial.score.replace(".", "").isdigit() else trial.state
        run = as_argument(trial.run)
        steps = (NextStep(("watch", run), "watch it"), NextStep(("runs", "show", run), "show all about it"))
        yield FolderEntry(STUDY, f"└ {study.name}, place {place}", f"{score} {values}".strip(), steps)


def _count_trials(path: Path) -> tuple[Counter[str], str]:
    """Count the trials of a study by state, and say what the best one reached."""
    if not path.is_file():
        return Counter(), ""
    with io.TextIOWrapper(open_plain(path), encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        metric = next(rows)[2]
        trials = [row for row in rows if len(row) > 2]
    states = Counter(row[1] for row in trials)
    score = trials[0][2] if trials else ""
    return states, f", best {metric} {float(score):.3f}" if score.replace(".", "").isdigit() else ""
