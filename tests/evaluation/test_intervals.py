"""Intervals equal a row bootstrap's and hold the true value as often as they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from txt.arrays import Floats, Ints
from txt.evaluation.intervals import bootstrap, difference_intervals, intervals, mean_interval, per_class
from txt.metrics import METRICS, score_predictions, sum_counts
from txt.proportions import paired_difference, wilson_interval

pairs = st.integers(1, 8).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)), min_size=1, max_size=60),
    )
)


def noisy(rng: np.random.Generator, labels: Ints, accuracy: float, classes: int) -> Ints:
    return np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(classes, size=len(labels)))


@given(pairs)
@settings(max_examples=100)
def test_class_scores_equal_scikit_learns(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, rows = case
    labels, predictions = np.array(rows, dtype=np.int64).T
    names = [f"class {c}" for c in range(classes)]
    expected = reference.precision_recall_fscore_support(labels, predictions, labels=range(classes), zero_division=0)
    found = per_class(labels, predictions, names)
    assert list(found) == names
    for c, name in enumerate(names):
        entry = found[name]
        assert (entry.precision, entry.recall, entry.f1) == pytest.approx([column[c] for column in expected[:3]])
        assert entry.support == expected[3][c]


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
def test_drawing_cells_spreads_scores_as_drawing_rows_does() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(4, p=[0.5, 0.3, 0.15, 0.05], size=200)
    predictions = noisy(rng, labels, 0.7, 4)
    sampled = bootstrap(labels, [predictions], 4, seed=1, resamples=4000)[0]
    by_rows: dict[str, list[float]] = {name: [] for name in METRICS}
    for _ in range(4000):
        drawn = rng.integers(len(labels), size=len(labels))
        for name, value in score_predictions(labels[drawn], predictions[drawn], 4).items():
            by_rows[name].append(value)
    for name, values in by_rows.items():
        quantiles = [0.025, 0.25, 0.5, 0.75, 0.975]
        np.testing.assert_allclose(
            np.quantile(sampled[name], quantiles), np.quantile(values, quantiles), atol=0.012, err_msg=name
        )


def test_paired_resamples_spread_differences_as_drawing_rows_does() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=150)
    ours = noisy(rng, labels, 0.8, 3)
    theirs = np.where(rng.random(150) < 0.8, ours, noisy(rng, labels, 0.6, 3))
    sampled, others = bootstrap(labels, [ours, theirs], 3, seed=1, resamples=4000)
    drawn = rng.integers(150, size=(4000, 150))
    by_rows = [
        score_predictions(labels[rows], ours[rows], 3)["macro_f1"]
        - score_predictions(labels[rows], theirs[rows], 3)["macro_f1"]
        for rows in drawn
    ]
    quantiles = [0.025, 0.5, 0.975]
    found = np.quantile(sampled["macro_f1"] - others["macro_f1"], quantiles)
    np.testing.assert_allclose(found, np.quantile(by_rows, quantiles), atol=0.008)


@pytest.mark.parametrize(("classes", "rows", "accuracy"), [(2, 150, 0.8), (4, 400, 0.9), (40, 240, 0.8)])
def test_intervals_hold_the_true_score_about_as_often_as_they_say(classes: int, rows: int, accuracy: float) -> None:
    cells = np.full((classes, classes), (1 - accuracy) / classes / classes)
    cells[np.diag_indices(classes)] += accuracy / classes
    truth = {name: float(metric.compute(sum_counts(cells * 1e9))) for name, metric in METRICS.items()}
    rng = np.random.default_rng(3)
    held = dict.fromkeys(METRICS, 0)
    for seed in range(200):
        labels, predictions = np.divmod(rng.choice(classes**2, size=rows, p=cells.ravel()), classes)
        for name, interval in intervals(labels, predictions, classes, seed, resamples=300).items():
            held[name] += interval.low <= truth[name] <= interval.high
    assert all(count >= 200 * 0.87 for count in held.values()), held


def test_difference_in_accuracy_is_held_about_as_often_as_said() -> None:
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(1000):
        wins, losses, _ = rng.multinomial(80, [0.12, 0.05, 0.83])
        interval = paired_difference(int(wins), int(losses), 80)
        held += interval.low <= 0.07 <= interval.high
    assert 0.93 <= held / 1000 <= 0.98


def test_wilson_equals_the_published_formula_at_worked_values() -> None:
    # 81 of 263: Newcombe 1998, table I, method 3
    interval = wilson_interval(81, 263)
    assert (interval.low, interval.high) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    nothing = wilson_interval(0, 20)
    assert (nothing.low, nothing.high) == pytest.approx((0.0, 0.1611), abs=1e-4)


@pytest.mark.parametrize("rows", [1, 5, 100])
def test_a_perfect_score_still_has_a_lower_bound_below_one(rows: int) -> None:
    labels = np.arange(rows) % 3
    for name, interval in intervals(labels, labels, 3).items():
        if rows > 1 or name != "mcc":
            assert interval.value == interval.high == 1, name
            assert interval.low == pytest.approx(wilson_interval(rows, rows).low), name


def test_nothing_right_still_has_an_upper_bound_above_zero() -> None:
    labels = np.zeros(10, dtype=np.int64)
    found = intervals(labels, labels + 1, 2)
    assert found["accuracy"].value == 0
    assert found["accuracy"].high == found["macro_f1"].high == pytest.approx(wilson_interval(0, 10).high)


def test_one_row_cannot_tell_two_classifiers_apart() -> None:
    found = difference_intervals(np.array([1]), np.array([1]), np.array([0]), 2)
    assert all(interval.low < 0 < interval.high for name, interval in found.items() if name != "mcc")
    assert found["accuracy"].value == 1


def test_equal_predictions_differ_by_nothing() -> None:
    labels = np.arange(50) % 2
    for interval in difference_intervals(labels, labels, labels, 2).values():
        assert interval.value == 0
        assert interval.low < 0 < interval.high


def test_a_difference_is_narrower_than_the_scores_it_is_made_of() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(2, size=400)
    theirs = noisy(rng, labels, 0.6, 2)
    ours = theirs.copy()
    ours[:40] = labels[:40]
    single = intervals(labels, ours, 2)["accuracy"]
    paired = difference_intervals(labels, ours, theirs, 2)["accuracy"]
    assert paired.low > 0
    assert paired.high - paired.low < (single.high - single.low) / 2


@given(pairs)
@settings(max_examples=60)
def test_intervals_hold_their_value_and_stay_within_range(case: tuple[int, list[tuple[int, int]]]) -> None:
    classes, rows = case
    labels, predictions = np.array(rows, dtype=np.int64).T
    for name, interval in intervals(labels, predictions, classes, resamples=50).items():
        assert (-1 if name == "mcc" else 0) <= interval.low <= interval.value <= interval.high <= 1


def test_the_same_seed_gives_the_same_intervals() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(5, size=300)
    predictions = noisy(rng, labels, 0.5, 5)
    assert intervals(labels, predictions, 5, seed=7) == intervals(labels, predictions, 5, seed=7)
    assert intervals(labels, predictions, 5, seed=7) != intervals(labels, predictions, 5, seed=8)


def test_the_work_grows_with_the_kinds_of_outcomes_and_not_with_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=10_000)
    predictions, others = noisy(rng, labels, 0.5, 3), noisy(rng, labels, 0.4, 3)
    drawn: list[tuple[int, ...]] = []

    class CountedRng:
        def __init__(self, seed: int) -> None:
            self._rng = np.random.Generator(np.random.PCG64(seed))

        def multinomial(self, rows: int, shares: Floats, size: int) -> Ints:
            drawn.append((size, len(shares)))
            return self._rng.multinomial(rows, shares, size)

    monkeypatch.setattr(np.random, "default_rng", CountedRng)
    intervals(labels, predictions, 3, resamples=1000)
    difference_intervals(labels, predictions, others, 3, resamples=1000)
    assert drawn == [(1000, 3**2), (1000, 3**3)]


def test_the_interval_of_a_mean_is_close_to_the_normal_one() -> None:
    values = np.random.default_rng(0).exponential(size=500)
    interval = mean_interval(values)
    reach = 1.96 * values.std() / np.sqrt(500)
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == pytest.approx((values.mean() - reach, values.mean() + reach), abs=0.02)
