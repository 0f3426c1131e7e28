"""`txt grid`: search for the best options, over all combinations of lists or by drawing from ranges."""

import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say, shown
from txt.cli.data_report import say_report
from txt.cli.interrupt import stop_on_signals
from txt.cli.options import Given, build, file_options, preset_options, takes
from txt.cli.stage_bar import StageBar
from txt.config import GridConfig, PrepareConfig, TrainConfig
from txt.declared import flag, names_of
from txt.errors import InputError, Interrupted, TxtError
from txt.recipes import FINE_TUNING, RECIPE

if TYPE_CHECKING:
    from txt.data.prepared import Prepared
    from txt.evaluation.report import Report
    from txt.search.board import Board
    from txt.search.description import Description
    from txt.search.space import Space
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

_ALONE = ("metric", "seed", "device", "threads", "log_interval", "save_interval", "keep_checkpoints")
_LISTED = tuple(name for name in TrainConfig.__dataclass_fields__ if name not in _ALONE)
_DRAWN_TRIALS = 20


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("grid")(grid)


@takes(GridConfig, TrainConfig, PrepareConfig, listed=_LISTED)
def grid(
    source: Annotated[
        str | None, typer.Argument(help="Prepared folder or data file [./prepared].", show_default=False)
    ] = None,
    *,
    name: Annotated[str | None, typer.Option(help="Name of the study, a folder under `studies/` [a number].")] = None,
    space: Annotated[
        Path | None, typer.Option(help='TOML file: `lr = [1e-4, 5e-4]`, `dropout = "0.0..0.5"`; a flag beats it.')
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="Size of the model: `tiny`, `small`, `base` or `large`; a flag beats it.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with options; a flag beats it.")] = None,
    resume: Annotated[str | None, typer.Option(help="Go on with a study, or show it again.", metavar="NAME")] = None,
    evaluate_winner: Annotated[
        bool, typer.Option("--evaluate-winner", help="At the end, score the best run on the test split, once.")
    ] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines instead of the live leaderboard.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON on stdout.")] = False,
    given: Given,
) -> None:
    """Search for the best options, by the val split alone.

    Every option of training takes a list (`a,b,c`) or a range (`1e-5..1e-3`); without any, the grid is the guide's.
    Each trial is a run; Ctrl-C saves, `--resume NAME` goes on. The same command on other machines, with --storage,
    joins in. `txt train --from-study NAME` trains the winner.

    Example: `txt grid --preset tiny --d-model 128,256 --lr 1e-4,3e-4,1e-3 --workers 2`
    """
    searching = build(GridConfig, given, given.settings)
    timeout, keep_models = searching.seconds(), searching.models_kept()
    if resume is not None:
        fresh = [each for each in ("name", "space", "preset", "config") if each in given.typed]
        begun = _resumed(resume, source, fresh, given, searching)
    else:
        begun = _begun(source, name, space, preset, config, given, searching)
    board = _search(begun, searching, timeout, keep_models, live=not (plain or as_json) and _on_terminal())
    _conclude(begun, board, as_json, evaluate_winner)


def winner_of(name: str, source: str | None) -> tuple[str, dict[str, Any]]:
    """Return the data and the options of a study's best trial; `source` is the data where other is wanted.

    Raises:
        InputError: there is no such study, or none of its trials ended with a score.
    """
    from txt.search.board import board_of
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    folder = StudyFolder.open(name)
    study = Study.open(folder.name, folder.storage())
    best = board_of(study).best
    if best is None:
        raise InputError(f"study `{folder.name}` has no finished trial", f"txt grid --resume {folder.name} goes on")
    options = study.description.config.with_options(**best.params)
    return source or str(folder.prepared_path()), {item.name: getattr(options, item.name) for item in fields(options)}


@dataclass(frozen=True)
class _Begun:
    """A study to go on with."""

    study: "Study"
    folder: "StudyFolder"


def _begun(
    source: str | None,
    name: str | None,
    space_file: Path | None,
    preset: str | None,
    config: Path | None,
    given: Given,
    searching: GridConfig,
) -> _Begun:
    """Make the study that the command line describes, or join it."""
    from txt.search.study_folder import StudyFolder

    options = file_options(config, TrainConfig, PrepareConfig)
    if options.get("learning_rate") == "auto":
        raise InputError(f'`{config}` has lr = "auto", and a search needs rates', "lr = [1e-4, 3e-4, 1e-3]")
    base, space = _space(given, space_file, preset_options(preset), options)
    sampler, trials = _sampler(searching, space)
    if sampler == "grid":
        _count(space, base, trials)
    if searching.storage and name is None:
        raise InputError(
            "--storage needs a --name, by which other machines find the study", "--storage URL --name sizes"
        )
    preparing = build(
        PrepareConfig, given, {"tokenizer": base.pretrained} if base.pretrained else {}, options, given.settings
    )
    with_file = source is not None and not Path(source).is_dir()
    checked = None if with_file else _open(source, given)
    if searching.storage:
        _reachable(searching.storage)
    folder = StudyFolder.new(name)
    try:
        prepared = checked or _prepared(str(source), preparing, folder)
        from txt.search.description import describe
        from txt.search.study import Study

        description = describe(
            _data(prepared), base, space, sampler, searching.pruner, searching.seeds, trials, str(prepared.path)
        )
        study = Study.begin(folder.name, folder.storage(searching.storage), description)
    except BaseException:
        if not folder.exists():
            shutil.rmtree(folder.path, ignore_errors=True)
        raise
    if not folder.exists():
        folder.describe(prepared.path, searching.storage)
    return _Begun(study, folder)


def _resumed(name: str, source: str | None, fresh: Sequence[str], given: Given, searching: GridConfig) -> _Begun:
    from txt.search.study import Study
    from txt.search.study_folder import StudyFolder

    extra = [f"--{each}" for each in fresh]
    extra += [flag(item) for item in fields(TrainConfig) if item.name in given]
    extra += [flag(item) for item in fields(PrepareConfig) if item.name in given]
    extra += [
        flag(item)
        for item in fields(GridConfig)
        if item.name in ("sampler", "pruner", "trials", "seeds") and item.name in given
    ]
    if source is not None or extra:
        told = source if source is not None else extra[0]
        raise InputError(
            f"--resume goes on with a study as it was made, and takes no `{told}`",
            "it takes --workers, --timeout, --keep-models and --storage",
        )
    folder = StudyFolder.open(name)
    study = Study.open(folder.name, folder.storage(searching.storage))
    _check_data(study.description, folder)
    return _Begun(study, folder)


def _check_data(description: "Description", folder: "StudyFolder") -> None:
    """Refuse to go on with data that was prepared anew meanwhile."""
    from txt.data.prepared import Prepared

    prepared = Prepared.open(folder.prepared_path())
    if prepared.fingerprint != description.data["fingerprint"]:
        raise InputError(
            f"`{prepared.path}` holds other data than study `{folder.name}` was made for",
            "prepare it as it was, or begin another study",
        )


def _space(given: Given, space_file: Path | None, *below: Mapping[str, Any]) -> "tuple[TrainConfig, Space]":
    """Return the options that all trials share and the space; a flag beats the space's file, a list beats a value.

    What is set in txt.toml or by variables is below them all.
    """
    from txt.search.space import GUIDE_GRID, base_of, read_space_file, read_values

    from_file, listed_in_file = read_space_file(space_file) if space_file else ({}, {})
    said = set(given).union(from_file, listed_in_file, *below)
    set_values, set_lists = read_values({n: v for n, v in given.settings.items() if n in _LISTED and n not in said})
    set_values |= {n: v for n, v in given.settings.items() if n in _ALONE}
    typed = {name: value for name, value in given.items() if name in _LISTED}
    fixed, listed = read_values(typed)
    fixed |= {name: given[name] for name in _ALONE if name in given}
    for item in fields(TrainConfig):
        if item.name in listed_in_file and item.name in _ALONE:
            raise InputError(f"{flag(item)} takes one value: scores would not compare", "choose one")
    space = set_lists | {name: each for name, each in listed_in_file.items() if name not in fixed} | listed
    below = (*below, set_values)
    space = dict(space or {name: each for name, each in GUIDE_GRID.items() if name not in fixed})
    own = _defaults(
        set().union(space, fixed, from_file, *below),
        fixed.get("pretrained", from_file.get("pretrained", set_values.get("pretrained"))),
    )
    values: dict[str, Any] = {}
    for table in (own, *reversed(below), from_file, fixed):
        values |= {name: value for name, value in table.items() if name in names_of(TrainConfig)}
    return base_of(values, space), space


def _defaults(named: set[str], pretrained: Any) -> Mapping[str, Any]:
    """Return the defaults that `txt train` has too: other ones where nothing is said of the architecture."""
    if pretrained:
        return FINE_TUNING
    return {} if named & {"d_model", "nhead", "num_layers", "dim_feedforward"} else RECIPE


def _sampler(searching: GridConfig, space: "Space") -> tuple[str, int | None]:
    from txt.search.space import has_real_ranges

    sampler = searching.sampler or ("tpe" if has_real_ranges(space) else "grid")
    trials = searching.trials
    return sampler, trials if sampler == "grid" else trials or _DRAWN_TRIALS


def _count(space: "Space", base: TrainConfig, trials: int | None) -> None:
    """Say how many combinations there are, and how many cannot be built."""
    from txt.search.space import grid_points

    points = grid_points(space, base, trials, base.seed)
    left_out = sum(points.left_out.values())
    told = f"; {left_out:,} left out: {next(iter(points.left_out))}" if left_out else ""
    say(f"{len(points.params):,} combinations{told}")


def _open(source: str | None, given: Given) -> "Prepared":
    from txt.data.prepared import Prepared
    from txt.training.start import PREPARED

    for item in fields(PrepareConfig):
        if item.name in given and item.name not in names_of(TrainConfig):
            raise InputError(f"{flag(item)} is about preparing data, and a prepared folder is prepared already")
    if source is None and not PREPARED.is_dir():
        raise InputError(
            "there is nothing to train on: no `prepared` folder here", "txt grid DATA, or txt prepare DATA"
        )
    return Prepared.open(Path(source) if source else PREPARED)


def _prepared(source: str, preparing: PrepareConfig, folder: "StudyFolder") -> "Prepared":
    """Prepare a data file into the study's folder; where the study is there already, only to compare."""
    from txt.data.prepare import prepare
    from txt.data.prepared import Prepared
    from txt.labeling.stored import stored_labels

    target = folder.path / ".compared" if folder.exists() else folder.prepared
    try:
        with StageBar() as bar:
            decided = stored_labels(source) if preparing.use_labels else None
            report = prepare(source, preparing, target, bar.advance, decided=decided)
        if not folder.exists():
            say_report(report)
        return Prepared.open(target)
    finally:
        if target.name == ".compared":
            shutil.rmtree(target, ignore_errors=True)


def _data(prepared: "Prepared") -> dict[str, Any]:
    rows = {split: prepared.manifest.rows(split) for split in prepared.splits}
    for split in ("train", "val"):
        if not rows.get(split):
            raise InputError(f"`{prepared.path}` has no labeled rows in its {split} split")
    return {"fingerprint": prepared.fingerprint, "labels": list(prepared.labels), "rows": rows}


def _reachable(url: str) -> None:
    from txt.search.storage import open_database

    open_database(url)


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _search(
    begun: _Begun, searching: GridConfig, timeout: float | None, keep_models: int | None, live: bool
) -> "Board":
    """Run the study to its end, or until it is stopped, and return how it stands."""
    from txt.cli.grid_report import watch_plainly
    from txt.search.board import board_of
    from txt.search.supervisor import supervise
    from txt.search.worker import warm_up

    study, folder = begun.study, begun.folder
    study.replenish()
    if study.is_over():
        return board_of(study)
    say(f"study {folder.name}: {len(study.points.params):,} trials, {searching.workers} at a time")

    def boards(stop: Any) -> "Iterator[Board]":
        return supervise(study, folder, searching.workers, stop, timeout, searching.storage, keep_models)

    warm_up()
    if live:
        from txt.screens.leaderboard import LeaderboardApp

        board = LeaderboardApp(boards).run()
        assert board is not None
    else:
        with stop_on_signals("stopping after the steps that are going on; once more leaves at once") as stop:
            board = watch_plainly(boards(stop))
    return board


def _conclude(begun: _Begun, board: "Board", as_json: bool, evaluate_winner: bool) -> None:
    """Write the table of trials and tell what was found; a study that is not over says how to go on."""
    from txt.cli.grid_report import show_board
    from txt.search.ranking import to_json, write_results

    write_results(board, begun.folder.results)
    over = begun.study.is_over()
    report = _evaluated(board) if evaluate_winner and over and board.best else None
    if as_json:
        print_json(to_json(begun.study, board) | ({"test": report.to_json()["metrics"]} if report else {}))
    else:
        show_board(begun.study, board)
        say(f"\nAll trials: {begun.folder.results}")
    if not over:
        raise Interrupted(
            f"stopped with {board.ended:,} of {board.total:,} trials done; everything is saved",
            f"txt grid --resume {begun.folder.name} goes on",
        )
    if board.best is None:
        raise TxtError("no trial ended with a score", f"their reasons are in {begun.folder.results}")
    if not as_json:
        _say_next(begun.folder, report)


def _evaluated(board: "Board") -> "Report":
    """Score the best run on the test split, and write its report into the run.

    Raises:
        InputError: the run is on another machine.
    """
    from txt.evaluation.run import evaluate_run
    from txt.evaluation.write import write
    from txt.runs import RUNS, Run

    assert board.best is not None
    name = board.best.runs[0]
    if not (RUNS / name / "config.json").is_file():
        raise InputError(f"the best run `{name}` is on the machine that trained it", f"there: txt eval {name}")
    run = Run.open(name)
    report = evaluate_run(run)
    write(report, run.path)
    return report


def _say_next(folder: "StudyFolder", report: "Report | None") -> None:
    from txt.cli.scorecard import show_report

    if report is not None:
        stdout.print(shown("\nThe winner on the test split:", "bold"))
        show_report(report, stdout)
    say(f"  txt train --from-study {folder.name}    trains the winner in full")
