"""Successive halving in rounds, with scores made up instead of trained."""

import io
from collections import Counter

import numpy as np
import pytest
from optuna.trial import TrialState
from rich.console import Console

from tests.search.test_study import DATA, begin
from txt.cli.grid.report import show_board
from txt.search.board import build_board
from txt.search.ranking import compute_importances, score_by_option
from txt.search.rounds import plan_halving, planned_epochs
from txt.search.space import Choices, Range
from txt.search.trial_states import LOST, MOST_LOSSES

__all__ = ["DATA", "begin"]

TWELVE = {"dropout": Choices(tuple(number / 100 for number in range(12)))}


@pytest.fixture
def curves():
    """The score of each of twelve points after each of nine epochs."""
    return np.random.default_rng(7).random((12, 9))


def try_one(study, curves):
    """Take a trial and bring it to the end of its round; returns it, or None where none waits."""
    taken = study.take()
    if taken is None:
        return None
    curve = curves[taken.point][: taken.pause_at]
    for epoch, score in enumerate(curve, start=1):
        taken.trial.report(float(score), epoch)
    if taken.pause_at is None:
        study.optuna.tell(taken.trial, float(max(curve)))
    else:
        study.optuna.tell(taken.trial, state=TrialState.PRUNED)
    return taken


def try_all(study, curves):
    found = []
    while study.replenish() or not study.is_over():
        found.append(try_one(study, curves))
    return found


def test_rounds_end_after_powers_of_three():
    assert plan_halving(1) == (None,)
    assert plan_halving(3) == (1, None)
    assert plan_halving(9) == (1, 3, None)
    assert plan_halving(10) == (1, 3, 9, None)


def test_the_best_third_of_each_round_goes_on(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    found = try_all(study, curves)
    by_first = sorted(range(12), key=lambda point: -curves[point][0])[:4]
    winner = max(by_first, key=lambda point: curves[point][2])
    tried = {end: sorted(each.point for each in found if each.pause_at == end) for end in (1, 3, None)}
    assert tried == {1: list(range(12)), 3: sorted(by_first), None: [winner]}
    assert sum(each.pause_at or 9 for each in found) == 12 + 4 * 3 + 9  # as told from the start of each run
    board = build_board(study)
    assert [trial.params for trial in board.of("done")] == [study.points.params[winner]]
    assert len(board.trials) == board.ended == 12
    assert len(board.of("pruned")) == 11


def test_the_lowest_loss_goes_on(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=3, metric="loss")
    found = try_all(study, curves)
    by_first = sorted(range(12), key=lambda point: curves[point][0])[:4]
    assert sorted(each.point for each in found if each.pause_at is None) == sorted(by_first)


def test_no_point_goes_on_before_all_have_come_as_far(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    study.replenish()
    for _ in range(11):
        try_one(study, curves)
        assert study.replenish() == 0
    board = build_board(study)
    assert len(board.of("paused")) == 4, "more can never be among the best four"
    assert len(board.of("pruned")) == 7
    assert board.ended == 7
    try_one(study, curves)
    assert study.replenish() == 4
    assert len(build_board(study).of("waiting")) == 4


def test_a_point_queued_for_a_round_by_two_machines_is_tried_once_in_it(begin, curves, monkeypatch):
    one, other = (begin(TWELVE, pruner="halving", num_epochs=9) for _ in range(2))
    one.replenish()
    while try_one(one, curves):
        pass
    known = one.trials()
    for study in (one, other):
        monkeypatch.setattr(study, "trials", lambda known=known: list(known))
        assert study.replenish() == 4
        monkeypatch.undo()
    found = []
    for study in [one, other] * 8:
        study.replenish()
        found.append(try_one(study, curves))
    assert Counter((each.point, each.pause_at) for each in found if each).most_common(1)[0][1] == 1
    assert one.is_over()


def test_a_lost_trial_is_tried_again_in_its_round(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    study.replenish()
    while try_one(study, curves):
        pass
    study.replenish()
    lost = study.take()
    assert lost.pause_at == 3
    study.fail(lost.trial.number, LOST)
    assert study.replenish() == 1
    assert (lost.point, 3) in {(each.point, each.pause_at) for each in try_all(study, curves) if each}


def test_points_that_fail_or_are_given_up_do_not_hold_the_others_up(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    best = int(curves[:, 0].argmax())
    study.replenish()
    losses = 0
    while taken := study.take():
        if taken.point == best:
            study.fail(taken.trial.number, "out of memory")
        elif taken.point == (best + 1) % 12:
            study.fail(taken.trial.number, LOST)
            losses += 1
        else:
            taken.trial.report(float(curves[taken.point][0]), 1)
            study.optuna.tell(taken.trial, state=TrialState.PRUNED)
        if losses < MOST_LOSSES:
            study.replenish()
    try_all(study, curves)
    board = build_board(study)
    assert [trial.reason for trial in board.of("failed")] == ["out of memory"]
    assert len(board.of("done")) == 1
    assert board.of("done")[0].params != study.points.params[best]


def test_a_training_that_had_enough_earlier_goes_on_as_it_is(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    study.replenish()
    best = int(curves[:, 0].argmax())
    while taken := study.take():
        taken.trial.report(float(curves[taken.point][0]), 1)
        if taken.point == best:
            study.optuna.tell(taken.trial, 0.999)
        else:
            study.optuna.tell(taken.trial, state=TrialState.PRUNED)
    assert study.replenish() == 3
    try_all(study, curves)
    done = {repr(trial.params): trial.score for trial in build_board(study).of("done")}
    assert done[repr(study.points.params[best])] == 0.999


@pytest.mark.parametrize("sampler", ["random", "tpe"])
def test_drawn_points_go_on_as_they_were_drawn(begin, sampler):
    space = {"dropout": Range(0.0, 0.5, log=False, whole=False)}
    study = begin(space, sampler=sampler, trials=6, pruner="halving", num_epochs=3)
    rng = np.random.default_rng(0)
    found = try_all(study, rng.random((6, 3)))
    params = {}
    for each in found:
        assert params.setdefault(each.point, each.params) == each.params
    assert len(found) == 6 + 2


def test_the_time_left_counts_the_epochs_of_the_rounds_to_come(begin, curves):
    assert planned_epochs(12, plan_halving(9), 9, seeds=1) == 12 + 4 * 2 + 6
    assert planned_epochs(12, plan_halving(9), 9, seeds=3) == 12 + 4 * 2 + 6 + 2 * 9
    assert planned_epochs(5, (None,), 9, seeds=2) == 90
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    study.replenish()
    while taken := study.take():
        taken.trial.report(float(curves[taken.point][0]), 1)
        taken.trial.set_user_attr("seconds", 10.0)
        study.optuna.tell(taken.trial, state=TrialState.PRUNED)
    assert build_board(study, workers=2).seconds_left == pytest.approx((4 * 2 + 6) * 10 / 2)


def test_options_are_compared_by_what_all_points_have_a_score_of(begin):
    study = begin({"dropout": Choices((0.0, 0.1, 0.2)), "num_layers": Choices((1, 2))}, pruner="halving", num_epochs=3)
    curves = np.array(
        [[0.3, 0.1, 0.1], [0.5, 0.9, 0.9], [0.31, 0.2, 0.2], [0.52, 0.4, 0.4], [0.3, 0.3, 0.3], [0.51] * 3]
    )
    try_all(study, curves)
    assert len(build_board(study).of("done")) == 2
    assert score_by_option(study)["num_layers"] == [(1, pytest.approx(0.91 / 3), 0.31), (2, pytest.approx(0.51), 0.52)]
    found = compute_importances(study)
    assert list(found) == ["num_layers", "dropout"]
    assert found["num_layers"] > 0.9


def test_a_search_that_was_stopped_between_rounds_shows_its_ranking(begin, curves):
    study = begin(TWELVE, pruner="halving", num_epochs=9)
    study.replenish()
    while try_one(study, curves):
        pass
    console = Console(file=io.StringIO(), width=100)
    show_board(study, build_board(study), console)
    told = console.file.getvalue()
    assert all(f"{score:.4f}" in told for score in curves[:, 0])
