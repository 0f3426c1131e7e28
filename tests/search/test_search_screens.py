"""The live views of the range test and of a search, on what the test makes up."""

import threading

import numpy as np

from tests.screens.pilot import wait_for_text, wait_until
from tests.waiting import PATIENCE_SECONDS
from txt.screens.leaderboard import LeaderboardApp, build_trials_table, describe_board, draw_sparkline, find_scale
from txt.screens.lrfind import LRFindApp, draw_curve
from txt.search.board import Board, TrialRow
from txt.search.range_test import RangeTestStep
from txt.search.range_test_result import find_suggestion

SIZE = (100, 30)


def row(number, state, score=None, curve=(), reason=None, **params) -> TrialRow:
    half = 0.01 if state == "done" else None
    return TrialRow(number, params, state, score, half, tuple(curve), (), (f"s-{number:03d}",), 10, 30.0, reason)


BOARD = Board(
    name="sizes",
    metric="accuracy",
    minimizes=False,
    total=5,
    trials=(
        row(1, "done", 0.91, (0.5, 0.8, 0.91), learning_rate=1e-3),
        row(0, "done", 0.85, (0.4, 0.85), learning_rate=1e-4),
        row(2, "pruned", 0.3, (0.3,), learning_rate=1e-6),
        row(3, "running", 0.6, (0.2, 0.6), learning_rate=3e-4),
        row(4, "failed", reason="the loss became nan in [bold]row[/] \x1b[31m7", learning_rate=9.0),
    ),
    left_out={"--d-model 100 is not divisible by --nhead 3": 2},
    lost=1,
    workers=2,
    seconds_left=400.0,
)


def curve(seed=0) -> list[RangeTestStep]:
    rng = np.random.default_rng(seed)
    rates = np.geomspace(1e-7, 1, 80)
    losses = 1.1 - 0.3 / (1 + np.exp(-4 * (np.log10(rates) + 4))) + np.exp(4 * (np.log10(rates) + 1)) / 5
    return [
        RangeTestStep(repeat, step, float(rate), float(loss + noise), float(loss + noise))
        for repeat in range(3)
        for step, (rate, loss, noise) in enumerate(zip(rates, losses, rng.normal(0, 0.01, 80), strict=True))
    ]


async def test_the_leaderboard_shows_best_running_failed_and_the_time_left():
    seen = threading.Event()

    def boards(stop):
        yield BOARD
        seen.wait(PATIENCE_SECONDS)
        assert stop()
        yield BOARD

    app = LeaderboardApp(boards)
    async with app.run_test(size=SIZE) as pilot:
        try:
            for told in ("0.9100 ± 0.0100", "lr=0.0003", "the loss became nan", "7 min left", "2 left out", "▁▆█"):
                shown = await wait_for_text(pilot, told)
            assert "\x1b" not in shown
            await pilot.press("q")
        finally:
            seen.set()
        await wait_until(pilot, lambda: app.return_value is not None)
    assert app.return_value is BOARD


def test_the_summary_counts_what_there_is():
    line = describe_board(BOARD)
    assert "4 of 5 trials ended" in line
    assert "1 taken up again" in line
    assert build_trials_table(BOARD, 3, 80).row_count == 3
    assert draw_sparkline([], 0.0, 1.0) == ""
    assert draw_sparkline([0.5, 0.5], 0.5, 0.5) == "▁▁"
    assert draw_sparkline([0.0, 0.5, 1.0], 0.0, 1.0) == "▁▅█"
    assert find_scale([[0.1, 0.4], [0.9]]) == (0.1, 0.9)


async def test_the_range_test_is_drawn_while_it_runs_and_its_steps_come_back():
    app = LRFindApp(lambda: iter(curve()), "valley", 3)
    async with app.run_test(size=SIZE) as pilot:
        await wait_until(pilot, lambda: app.return_value is not None)
    assert app.return_value == curve()


async def test_a_range_test_that_is_left_early_has_no_result():
    begun, go_on = threading.Event(), threading.Event()

    def slow():
        yield from curve()[:100]
        begun.set()
        go_on.wait(PATIENCE_SECONDS)
        yield from curve()[100:]

    app = LRFindApp(slow, "valley", 3)
    async with app.run_test(size=SIZE) as pilot:
        try:
            await wait_until(pilot, begun.is_set)
            await pilot.press("q")
        finally:
            go_on.set()
    assert app.return_value is None


def test_the_chart_has_a_logarithmic_axis_and_a_line_for_each_rule():
    finding = find_suggestion(curve(), "valley")
    chart = draw_curve(finding, 90, 20).plain
    assert finding.sureness == "sure"
    for told in ("1e-5", "1e-3", "valley", "steepest", "slide", "minimum", "learning rate"):
        assert told in chart, told
    assert max(map(len, chart.splitlines())) <= 90
