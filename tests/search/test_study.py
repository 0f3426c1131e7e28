"""The queue of a study and its journal, without any training."""

import itertools
import multiprocessing
import os
from collections import Counter

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from txt.config import TrainConfig
from txt.errors import InputError
from txt.search.board import build_board
from txt.search.description import describe
from txt.search.owner import identify_process, is_gone
from txt.search.space import Choices, Range
from txt.search.storage import open_journal, parse_url, without_password
from txt.search.study import Study
from txt.search.trial_states import BEGUN_AT, LOST, MOST_LOSSES, STOPPED

DATA = {"fingerprint": "f", "labels": ["a", "b"], "rows": {"train": 10, "val": 5}}
SIX = {"dropout": Choices((0.0, 0.1, 0.2)), "num_layers": Choices((1, 2))}


@pytest.fixture
def begin(tmp_path):
    """Return a function that begins or joins a study in a journal."""

    def make(space=SIX, sampler="grid", trials=None, data=DATA, name="s", pruner="none", **options):
        description = describe(data, TrainConfig(**options), space, sampler, pruner, 1, trials, "prepared")
        return Study.begin(name, open_journal(tmp_path / "journal.log"), description)

    return make


def finish(study, taken, score=0.5):
    study.optuna.tell(taken.trial, score)


def test_every_point_is_queued_once_however_often_it_is_asked_for(begin):
    study = begin()
    assert study.replenish() == 6
    assert study.replenish() == 0
    assert begin().replenish() == 0
    points = []
    while taken := study.take():
        points.append(taken.params)
        finish(study, taken)
    assert Counter(tuple(each.values()) for each in points) == Counter((d, n) for d in (0.0, 0.1, 0.2) for n in (1, 2))
    assert study.is_over()


def test_a_pruner_gets_the_points_in_random_order(begin):
    rates = {"learning_rate": Choices(tuple(1e-4 * step for step in range(1, 13)))}
    study = begin(rates, pruner="median")
    assert study.replenish() == 12
    order = [trial.user_attrs["point"] for trial in study.trials()]
    assert order != sorted(order) == list(range(12))
    assert begin(rates, pruner="median").replenish() == 0
    again = begin(rates, pruner="median", name="again")
    again.replenish()
    assert [trial.user_attrs["point"] for trial in again.trials()] == order


def test_points_that_two_machines_queued_at_once_are_tried_once(begin, monkeypatch):
    one, other = begin(), begin()
    for study in (one, other):
        monkeypatch.setattr(study, "trials", list)
        study.replenish()
        monkeypatch.undo()
    assert len(one.optuna.get_trials(states=(TrialState.WAITING,))) == 12
    taken = []
    for study in [one, other] * 10:
        if point := study.take():
            taken.append(point.point)
            finish(study, point)
    assert sorted(taken) == list(range(6))
    assert one.replenish() == 0


def test_a_point_that_comes_on_between_losses_is_not_given_up(begin):
    study = begin(space={"dropout": Choices((0.0,))})
    for step in range(0, 10 * (MOST_LOSSES + 2), 10):
        assert study.replenish() == 1
        taken = study.take()
        taken.trial.set_user_attr(BEGUN_AT, [0, step])
        study.fail(taken.trial.number, LOST)
    for _ in range(MOST_LOSSES - 1):
        assert study.replenish() == 1
        study.fail(study.take().trial.number, LOST)  # before it could note anything
    assert study.replenish() == 0
    assert study.is_over()


def test_a_lost_trial_is_tried_again_but_not_for_ever(begin):
    study = begin(space={"dropout": Choices((0.0,))})
    for _ in range(MOST_LOSSES):
        assert study.replenish() == 1
        study.fail(study.take().trial.number, LOST)
    assert study.replenish() == 0
    assert study.is_over()


def test_a_stopped_trial_is_tried_again_as_often_as_it_takes(begin):
    study = begin(space={"dropout": Choices((0.0,))})
    for _ in range(MOST_LOSSES + 3):
        assert study.replenish() == 1
        study.fail(study.take().trial.number, STOPPED)
    assert not study.is_over()


def test_a_trial_of_a_dead_process_is_noticed_at_once(begin):
    study = begin(space={"dropout": Choices((0.0,))})
    study.replenish()
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=lambda: sender.send(identify_process()))
    process.start()
    owner = receiver.recv()
    process.join()
    taken = study.take()
    assert study.reap() == 0
    taken.trial.set_user_attr("owner", owner)
    assert is_gone(owner)
    assert study.reap() == 1
    assert study.replenish() == 1


def test_a_process_number_that_was_given_anew_is_no_sign_of_life():
    mine = identify_process()
    assert not is_gone(mine)
    assert is_gone(mine | {"started": "12345"})
    assert not is_gone(mine | {"where": "another machine"})


def test_a_trial_of_another_machine_is_lost_after_its_lease(begin, monkeypatch):
    study = begin(space={"dropout": Choices((0.0,))})
    study.replenish()
    taken = study.take()
    taken.trial.set_user_attr("owner", identify_process() | {"where": "another machine"})
    clock = [1000.0]
    monkeypatch.setattr("txt.search.study.time.monotonic", lambda: clock[0])
    assert study.reap() == 0
    clock[0] += 100
    study.beat(taken.trial.number)
    assert study.reap() == 0
    clock[0] += 110
    monkeypatch.setattr("txt.search.study.time.time", lambda: 5.0)
    assert study.reap() == 0
    clock[0] += 20
    assert study.reap() == 1
    assert not study.beat(taken.trial.number)
    assert not study.is_mine(taken.trial.number)


def test_a_torn_journal_is_mended_before_it_is_read_and_before_it_is_written(begin, tmp_path):
    study = begin()
    study.replenish()
    journal = tmp_path / "journal.log"
    with journal.open("ab") as file:
        file.write(b'{"op_code": 8, "trial_id": 0, "user_a')
    study.optuna.set_user_attr("written", "behind the torn line")
    with journal.open("ab") as file:
        file.write(b'{"op_code"')
    again = begin()
    assert again.optuna.user_attrs["written"] == "behind the torn line"
    assert len(again.trials()) == 6


def hold_the_lock(path):
    storage = open_journal(path)
    storage._backend._lock.acquire()
    os.kill(os.getpid(), 9)


def test_a_lock_holder_that_was_killed_stalls_nobody(begin, tmp_path):
    study = begin()
    process = multiprocessing.get_context("fork").Process(target=hold_the_lock, args=(tmp_path / "journal.log",))
    process.start()
    process.join()
    assert process.exitcode == -9
    assert study.replenish() == 6


def test_drawn_points_are_exactly_as_many_as_asked_for_and_can_all_be_built(begin):
    space = {
        "d_model": Choices((8, 9, 12)),
        "nhead": Choices((2, 3)),
        "dropout": Range(0.0, 0.5, log=False, whole=False),
    }
    study = begin(space=space, sampler="random", trials=12, d_model=8, nhead=2)
    while study.replenish() or not study.is_over():
        taken = study.take()
        assert taken.params["d_model"] % taken.params["nhead"] == 0
        finish(study, taken)
    board = build_board(study)
    assert len(board.of("done")) == board.total == 12
    assert sum(board.left_out.values()) > 0


def test_a_random_search_draws_the_same_whoever_takes_which_point(begin):
    space = {"dropout": Range(0.0, 0.5, log=False, whole=False)}
    found = []
    for name, seed in (("one", 0), ("two", 7)):
        study = begin(space=space, sampler="random", trials=5, name=name)
        study.replenish()
        taken = [study.take(seed=seed) for _ in range(5)]
        found.append([each.params for each in taken])
    assert found[0] == found[1]


def test_a_drawn_point_that_was_lost_is_tried_again_as_it_was(begin):
    study = begin(space={"dropout": Range(0.0, 0.5, log=False, whole=False)}, sampler="tpe", trials=1)
    study.replenish()
    first = study.take()
    study.fail(first.trial.number, LOST)
    study.replenish()
    assert study.take().params == first.params


def test_a_study_for_other_data_or_options_says_what_differs(begin):
    begin()
    with pytest.raises(InputError, match=r"other data: train had 10 rows, has 12"):
        begin(data=DATA | {"fingerprint": "g", "rows": {"train": 12, "val": 5}})
    with pytest.raises(InputError, match=r"num_epochs was 10, is 3"):
        begin(num_epochs=3)
    with pytest.raises(InputError, match=r"space was"):
        begin(space={"dropout": Choices((0.0,))})


def test_optuna_has_the_numbers_of_a_grid_as_numbers_and_the_name_of_the_score(begin):
    rates = (1e-5, 1e-4, 5e-4)
    space = {"learning_rate": Choices(rates), "dropout": Choices((0.0, 0.1)), "norm_first": Choices((True, False))}
    study = begin(space | {"warmup_steps": Choices((None, 64))})
    study.replenish()
    tried = set()
    while taken := study.take():
        tried.add(tuple(taken.params.values()))
        finish(study, taken)
    assert tried == set(itertools.product(rates, (0.0, 0.1), (True, False), (None, 64)))
    found = study.trials()[0].distributions
    assert found["learning_rate"] == FloatDistribution(1e-5, 5e-4, log=True)
    assert found["dropout"] == FloatDistribution(0.0, 0.1)
    assert isinstance(found["norm_first"], CategoricalDistribution)
    assert isinstance(found["warmup_steps"], CategoricalDistribution)
    assert study.optuna.metric_names == [study.description.config.metric]


def test_a_grid_begun_with_lists_of_names_goes_on_with_them(begin):
    study = begin()
    study.replenish()
    trial = study.optuna.ask()
    for name, dimension in SIX.items():
        trial.suggest_categorical(name, dimension.values)
    study.optuna.tell(trial, 0.5)
    again = begin()
    while taken := again.take():
        finish(again, taken)
    assert again.is_over()


def test_passwords_are_neither_shown_nor_kept():
    assert without_password("postgresql://anna:secret@db/x") == "postgresql://anna@db/x"
    pytest.importorskip("psycopg")
    assert parse_url("postgres://anna@db/x").drivername == "postgresql+psycopg"
