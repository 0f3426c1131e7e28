"""How a search is told in lines: trials as they end, then ranking, importances and slices."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from txt.cli.console import out as stdout
from txt.cli.console import say, shown
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
                if last is not None:  # what had ended before is no news
                    say(_ended_line(board, trial))
        last = board
    assert last is not None
    return last


def show_board(study: "Study", board: "Board", console: Console = stdout) -> None:
    """Print the ranking with intervals, what matters, and the score by each option."""
    from txt.screens.leaderboard import slice_charts, summary_line, trials_table
    from txt.search.ranking import importances, not_told_apart, slices
    from txt.search.rounds import ONE_ROUND

    console.print(shown(summary_line(board)))
    if all(trial.score is None for trial in board.trials):
        return
    console.print(trials_table(board, _RANKED, console.width))
    if len(board.trials) > _RANKED:
        console.print(shown(f"… and {len(board.trials) - _RANKED:,} more in results.csv", "dim"))
    equals = not_told_apart(board)
    if equals:
        console.print(shown(f"{len(equals)} more cannot be told from the best: its score lies in their intervals."))
    first = study.rounds[0]
    after = "" if study.rounds == ONE_ROUND else f" after {first} epoch{'s' * (first != 1)}"
    _show_importances(importances(study), f"What matters{after}", console)
    for chart in slice_charts(slices(study), f"{board.metric}{after}", min(console.width, 100)):
        console.print(chart)


def _show_importances(found: dict[str, float], title: str, console: Console) -> None:
    if not found:
        return
    from txt.search.ranking import spoken_name

    table = Table("option", "importance", box=None, pad_edge=False, title=title, title_justify="left")
    for name, share in found.items():
        table.add_row(spoken_name(name), f"{'█' * round(share * 20):<20} {share:.0%}")
    console.print(table)


def _ended_line(board: "Board", trial: "TrialRow") -> str:
    from txt.screens.leaderboard import spoken_score
    from txt.search.ranking import spoken

    how = trial.reason if trial.state == "failed" else spoken_score(trial)
    best = "  best so far" if board.best is not None and board.best.number == trial.number else ""
    left = f", about {format_estimate(board.seconds_left)} left" if board.seconds_left else ""
    return f"{board.ended}/{board.total} {trial.state}: {how}  {spoken(trial.params)}{best}{left}"
