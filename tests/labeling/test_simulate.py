"""Replays of labeling, and what is told of them."""

import numpy as np
import pytest

from tests.labeling.test_active import reviews
from txt.labeling.active.models import TFIDF
from txt.labeling.active.vectors import tfidf
from txt.labeling.simulate import (
    SimulatedRun,
    SimulationTask,
    add_noise,
    area,
    compare,
    find_labels_needed,
    list_budgets,
    mean_over_seeds,
    simulate_run,
    simulate_runs,
)


@pytest.fixture(scope="module")
def task() -> SimulationTask:
    texts, labels = reviews(300)
    return SimulationTask(tfidf(texts), labels, ("neg", "pos"), TFIDF)


def test_a_strategy_is_replayed_beside_random_order_on_rows_it_never_learns_from(task: SimulationTask):
    found = list(simulate_runs(task, ["margin", "random"], seeds=3, most=40))
    comparison = compare(found, "margin")
    assert [labels for labels, *_ in comparison.curves["margin"]] == list_budgets(40) == [10, 15, 20, 25, 30, 35, 40]
    assert comparison.full.value > 0.9
    first, last = comparison.curves["margin"][0], comparison.curves["margin"][-1]
    assert first[1] < last[1]
    assert all(low <= mean <= high for _, mean, low, high in comparison.curves["random"])
    gains = [area(a) - area(b) for a, b in zip(found[::2], found[1::2], strict=True)]
    assert comparison.gain.value == pytest.approx(np.mean(gains))
    told = comparison.to_json()
    assert set(told["labels_to"]) == {"0.90", "0.95"}
    assert set(told["labels_to"]["0.95"]["random"]) == {"value", "low", "high", "reached", "seeds"}


def test_the_same_seed_gives_the_same_replay_in_other_processes_too(task: SimulationTask):
    here = list(simulate_runs(task, ["margin"], seeds=2, most=15))
    elsewhere = list(simulate_runs(task, ["margin"], seeds=2, most=15, workers=2))
    assert sorted(elsewhere, key=lambda each: each.seed) == here


def test_wrong_answers_cost_accuracy(task: SimulationTask):
    clean, wrong = (simulate_run(task, "random", 1, 60, noise) for noise in (0.0, 0.4))
    assert wrong.full < clean.full
    assert wrong.accuracy[-1] < clean.accuracy[-1]


def test_noise_changes_the_share_asked_for_and_always_to_another_class():
    labels = np.arange(20_000) % 3
    changed = add_noise(labels, 3, 0.1, 5)
    assert (changed != labels).mean() == pytest.approx(0.1, abs=0.01)
    assert set(changed) == {0, 1, 2}
    assert (add_noise(labels, 3, 0.0, 5) == labels).all()


def test_labels_needed_are_read_between_two_fits_and_those_never_enough_are_counted_in_full():
    found = SimulatedRun("margin", 0, (10, 20, 30), (0.5, 0.6, 0.8), 0.8)
    assert find_labels_needed(found, 0.875) == pytest.approx(25)
    assert find_labels_needed(found, 0.5) == 10
    low = SimulatedRun("random", 0, (10, 20, 30), (0.5, 0.5, 0.5), 0.8)
    assert find_labels_needed(low, 0.95) is None
    told = compare([found, low], "margin").labels_to[0.95]["random"]
    assert (told.reached, told.seeds, told.labels.value) == (0, 1, 30.0)
    assert area(found) == pytest.approx((0.55 + 0.7) / 2)


def test_the_interval_over_seeds_is_students():
    values = np.array([0.7, 0.8, 0.9, 0.8])
    found = mean_over_seeds(values)
    assert found.high - found.value == pytest.approx(3.1824463 * values.std(ddof=1) / 2)
