"""Prints a search as plain lines: trials as they end, then ranking, importances and slices."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from txt.cli.console import make_literal, say
from txt.cli.console import out as stdout
from txt.durations import format_estimate

if TYPE_CHECKING:
    from txt.search.board import Board, TrialRow
    from txt.search.study import Study

_RANKED = 15


def watch_plainly(boards: "Iterable[Board]") -> "Board":
    """Say each trial as it ends, and return the last board."""
    from txt.search.board import Board

    told = set[int]()
    last: Board | None = None
    for board in boards:
        for trial in board.trials:
            if trial.state in ("done", "paused", "pruned", "failed") and trial.number not in told:
                told.add(trial.number)
                if last is not None:  # trials that ended earlier are not printed again
                    say(_describe_ended_trial(board, trial))
        last = board
    assert last is not None
    return last


def show_board(study: "Study", board: "Board", console: Console = stdout) -> None:
    """Print the ranking with intervals, what matters, and the score by each option."""
    from txt.screens.leaderboard import build_trials_table, describe_board, draw_slices
    from txt.search.ranking import compute_importances, find_indistinguishable, score_by_option
    from txt.search.rounds import ONE_ROUND

    console.print(make_literal(describe_board(board)))
    if all(trial.score is None for trial in board.trials):
        return
    console.print(build_trials_table(board, _RANKED, console.width))
    if len(board.trials) > _RANKED:
        console.print(make_literal(f"… and {len(board.trials) - _RANKED:,} more in results.csv", "dim"))
    equals = find_indistinguishable(board)
    if equals:
        console.print(
            make_literal(f"{len(equals)} more cannot be told from the best: its score lies in their intervals.")
        )
    first = study.rounds[0]
    after = "" if study.rounds == ONE_ROUND else f" after {first} epoch{'s' * (first != 1)}"
    _show_importances(compute_importances(study), f"What matters{after}", console)
    for chart in draw_slices(score_by_option(study), f"{board.metric}{after}", min(console.width, 100)):
        console.print(chart)


def _show_importances(found: dict[str, float], title: str, console: Console) -> None:
    if not found:
        return
    from txt.search.ranking import format_param_name

    table = Table("option", "importance", box=None, pad_edge=False, title=make_literal(title), title_justify="left")
    for name, share in found.items():
        table.add_row(make_literal(format_param_name(name)), f"{'█' * round(share * 20):<20} {share:.0%}")
    console.print(table)


def _describe_ended_trial(board: "Board", trial: "TrialRow") -> str:
    from txt.screens.leaderboard import format_score
    from txt.search.ranking import format_params

    how = trial.reason if trial.state == "failed" else format_score(trial)
    best = "  best so far" if board.best is not None and board.best.number == trial.number else ""
    left = f", about {format_estimate(board.seconds_left)} left" if board.seconds_left else ""
    return f"{board.ended}/{board.total} {trial.state}: {how}  {format_params(trial.params)}{best}{left}"
