"""`txt grid`: search for the best options, over all combinations of lists or by drawing from ranges."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.console import make_literal, print_json, say
from txt.cli.console import out as stdout
from txt.cli.grid.space import LISTED
from txt.cli.grid.study import OpenStudy, begin_study, resume_study
from txt.cli.interrupt import stop_on_signals
from txt.cli.options import GivenOptions, takes
from txt.cli.terminal import has_screen
from txt.config import GridConfig, PrepareConfig, TrainConfig
from txt.errors import InputError, Interrupted, TxtError
from txt.option_schema import build_config
from txt.training.options import LADDER_ALONE

if TYPE_CHECKING:
    from txt.evaluation.report import Report
    from txt.search.board import Board
    from txt.search.study_folder import StudyFolder


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("grid")(grid)


@takes(GridConfig, TrainConfig, PrepareConfig, listed=LISTED, without=(*LADDER_ALONE, "log_to"))
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
    resume: Annotated[
        str | None, typer.Option(help="Continue a study, or show its ranking again.", metavar="NAME")
    ] = None,
    evaluate_winner: Annotated[
        bool, typer.Option("--evaluate-winner", help="At the end, score the best run on the test split, once.")
    ] = False,
    plain: Annotated[
        bool, typer.Option("--plain", help="Lines, no leaderboard: for pipes and screen readers.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was found as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """Search for the best options, by the val split alone.

    Every option of training takes a list (`a,b,c`) or a range (`1e-5..1e-3`); without any, a
    built-in grid is searched. Each trial is a run; Ctrl-C saves, `--resume NAME` goes on. The same command on other
    machines, with --storage, joins in. `txt train --from-study NAME` trains the winner.

    Example: `txt grid --preset tiny --d-model 128,256 --lr 1e-4,3e-4,1e-3 --workers 2`
    """
    searching = build_config(GridConfig, given, given.settings)
    timeout, keep_models = searching.seconds(), searching.parse_keep_models()
    if resume is not None:
        fresh = [each for each in ("name", "space", "preset", "config") if each in given.typed]
        begun = resume_study(resume, source, fresh, given, searching)
    else:
        begun = begin_study(source, name, space, preset, config, given, searching)
    board = _run_search(begun, searching, timeout, keep_models, live=has_screen(plain, as_json))
    _conclude(begun, board, as_json, evaluate_winner)


def _run_search(
    begun: OpenStudy, searching: GridConfig, timeout: float | None, keep_models: int | None, live: bool
) -> "Board":
    """Run the study until it ends or is stopped, and return its last board."""
    from txt.cli.grid.report import watch_plainly
    from txt.search.board import build_board
    from txt.search.supervisor import supervise
    from txt.search.worker import warm_up

    study, folder = begun.study, begun.folder
    study.replenish()
    if study.is_over():
        return build_board(study)
    say(f"study {folder.name}: {len(study.points.params):,} trials, {searching.workers} at a time")

    def supervise_study(stop: Any) -> "Iterator[Board]":
        return supervise(study, folder, searching.workers, stop, timeout, searching.storage, keep_models)

    warm_up()
    if live:
        from txt.screens.leaderboard import LeaderboardApp

        board = LeaderboardApp(supervise_study).run()
        assert board is not None
    else:
        with stop_on_signals("stopping after the steps that are going on; once more leaves at once") as stop:
            board = watch_plainly(supervise_study(stop))
    return board


def _conclude(begun: OpenStudy, board: "Board", as_json: bool, evaluate_winner: bool) -> None:
    """Write the table of trials and print the result; for an unfinished study, say how to resume it."""
    from txt.cli.grid.report import show_board
    from txt.search.ranking import to_json, write_results

    write_results(board, begun.folder.results)
    over = begun.study.is_over()
    report = _evaluate_winner(board) if evaluate_winner and over and board.best else None
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


def _evaluate_winner(board: "Board") -> "Report":
    """Score the best run on the test split, and write its report into the run.

    Raises:
        InputError: the run is on another machine.
    """
    from txt.evaluation.evaluate_run import evaluate_run
    from txt.evaluation.write_report import write
    from txt.runs.folder import RUNS, Run

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
        stdout.print()
        stdout.print(make_literal("The winner on the test split:", "bold"))
        show_report(report, stdout)
    say(f"  txt train --from-study {folder.name}    trains the winner in full")
