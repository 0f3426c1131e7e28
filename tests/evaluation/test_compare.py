"""Whether one run is really better than another: the paired bootstrap, beside references."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, f1_score

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.arrays import Ints
from txt.data.label_kinds import ORDERED, SEVERAL
from txt.errors import InputError
from txt.evaluation.compare import compare, difference, find_option_differences
from txt.evaluation.predictions import Predictions

NAMES = ("ham", "spam", "other")


def predictions(
    labels: Ints, answers: Ints, fingerprint: str = "same", classes: tuple[str, ...] = NAMES
) -> Predictions:
    return Predictions(classes, labels, answers, fingerprint)


def noisy(rng: np.random.Generator, labels: Ints, accuracy: float) -> Ints:
    return np.where(rng.random(len(labels)) < accuracy, labels, rng.integers(3, size=len(labels)))


@pytest.fixture
def rows() -> tuple[Ints, Ints, Ints]:
    """Labels, the answers of a base, and those of a run that agrees with it mostly."""
    rng = np.random.default_rng(4)
    labels = rng.choice(3, p=[0.6, 0.3, 0.1], size=250)
    base = noisy(rng, labels, 0.7)
    run = np.where(rng.random(250) < 0.8, base, noisy(rng, labels, 0.9))
    return labels, base, run


def test_the_interval_of_accuracy_is_scipys_paired_bootstrap(rows):
    labels, base, run = rows
    reference = stats.bootstrap(
        ((run == labels).astype(float), (base == labels).astype(float)),
        lambda ours, theirs, axis: ours.mean(axis=axis) - theirs.mean(axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        method="percentile",
        rng=np.random.default_rng(0),
    )
    found = difference("base", predictions(labels, base), "run", predictions(labels, run), "accuracy", resamples=20_000)
    accuracy = found.metrics["accuracy"]
    assert accuracy.value == pytest.approx((run == labels).mean() - (base == labels).mean())
    low, high = reference.confidence_interval
    assert (accuracy.low, accuracy.high) == pytest.approx((low, high), abs=0.004)  # a row is 1/250
    above = (reference.bootstrap_distribution > 0).mean() + (reference.bootstrap_distribution == 0).mean() / 2
    assert found.ahead == pytest.approx(above, abs=0.01)


def f1_of_classes(labels: Ints, answers: Ints) -> Ints:
    hits, actual, predicted = (np.bincount(each, minlength=3) for each in (labels[labels == answers], labels, answers))
    return 2 * hits / (actual + predicted)


def test_the_intervals_of_each_class_and_of_macro_f1_are_those_of_drawing_rows(rows):
    labels, base, run = rows
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(4000):
        sample = rng.integers(len(labels), size=len(labels))
        by_class = [f1_of_classes(labels[sample], each[sample]) for each in (run, base)]
        drawn.append([*(by_class[0] - by_class[1]), by_class[0].mean() - by_class[1].mean()])
    assert f1_of_classes(labels, run) == pytest.approx(f1_score(labels, run, average=None))
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0)
    found = difference("base", predictions(labels, base), "run", predictions(labels, run), "macro_f1")
    entries = [*(entry.difference for entry in found.classes), found.metrics["macro_f1"]]
    assert [entry.low for entry in entries] == pytest.approx(low, abs=0.02)
    assert [entry.high for entry in entries] == pytest.approx(high, abs=0.02)
    expected = f1_score(labels, run, average=None) - f1_score(labels, base, average=None)
    assert [entry.value for entry in entries[:3]] == pytest.approx(expected)
    assert [entry.rows for entry in found.classes] == np.bincount(labels).tolist()


def test_a_clearly_better_run_is_called_better_and_the_other_way_round_worse():
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=400)
    weak, strong = predictions(labels, noisy(rng, labels, 0.5)), predictions(labels, noisy(rng, labels, 0.9))
    assert difference("a", weak, "b", strong, "accuracy").is_better is True
    assert difference("a", weak, "b", strong, "accuracy").answer.startswith("yes: accuracy differs by +")
    assert difference("b", strong, "a", weak, "accuracy").answer.startswith("no, it is worse: accuracy differs by -")


def test_runs_that_answer_the_same_cannot_be_told_apart_and_neither_can_one_row():
    labels = np.arange(60) % 3
    same = difference("a", predictions(labels, labels), "b", predictions(labels, labels), "accuracy")
    assert (same.is_better, same.ahead) == (None, 0.5)
    for entry in [*same.metrics.values(), *(each.difference for each in same.classes)]:
        assert entry.low < 0 == entry.value < entry.high
    one, wrong = predictions(np.array([1]), np.array([1])), predictions(np.array([1]), np.array([0]))
    assert difference("a", wrong, "b", one, "accuracy").is_better is None


def test_a_false_alarm_is_as_rare_as_promised():
    rng = np.random.default_rng(5)
    alarms = 0
    for seed in range(200):
        labels = rng.integers(3, size=200)
        runs = [predictions(labels, noisy(rng, labels, 0.7)) for _ in range(2)]
        alarms += difference("a", runs[0], "b", runs[1], "accuracy", seed=seed, resamples=500).is_better is not None
    assert alarms <= 20  # 10 are expected


def test_several_comparisons_widen_each_interval(rows):
    labels, base, run = rows
    asked = {"base": predictions(labels, base), "b": predictions(labels, run), "c": predictions(labels, base)}
    alone = compare({name: asked[name] for name in ("base", "b")}, "accuracy")[0]
    among = compare(asked, "accuracy")
    assert [each.run for each in among] == ["b", "c"]
    assert (alone.level, among[0].level) == (0.95, 0.975)
    assert among[0].metrics["accuracy"].low < alone.metrics["accuracy"].low


def test_a_second_metric_that_tells_another_story_is_told():
    labels = np.array([0] * 180 + [1] * 20)
    base = np.zeros(200, np.int64)
    run = labels.copy()
    run[:20] = 1  # as accurate, but it finds the rare class
    found = difference("a", predictions(labels, base, classes=NAMES[:2]), "b", predictions(labels, run), "accuracy")
    assert found.is_better is None
    assert "; but macro-F1 differs by +" in found.answer


def test_classes_are_matched_by_name_not_by_number():
    labels = np.array([0, 1, 2] * 20)
    turned = Predictions(("other", "spam", "ham"), 2 - labels, 2 - labels, "same")
    found = difference("a", predictions(labels, labels), "b", turned, "accuracy")
    assert found.metrics["accuracy"].value == 0
    assert [entry.after for entry in found.classes] == [1, 1, 1]


def test_runs_tested_on_different_rows_are_refused():
    labels = np.arange(30) % 3
    asked = {"a": predictions(labels, labels), "b": predictions(labels[:20], labels[:20], "another")}
    with pytest.raises(InputError, match=r"`a` and `b` were tested on different rows.* 30 rows .*20 rows"):
        compare(asked, "accuracy")


def test_the_same_seed_gives_the_same_answer(rows):
    labels, base, run = rows
    asked = {"base": predictions(labels, base), "b": predictions(labels, run)}
    assert compare(asked, "accuracy", seed=1) == compare(asked, "accuracy", seed=1)


def test_only_options_that_differ_are_listed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runs = [
        make_run_folder("a", make_training_events(), learning_rate=1e-3),
        make_run_folder("b", make_training_events(), learning_rate=5e-4, dropout=0.2),
        make_run_folder("c", make_training_events(), data="other.csv", learning_rate=1e-3),
    ]
    assert find_option_differences(runs[:2]) == {"--dropout": [0.1, 0.2], "--learning-rate": [1e-3, 5e-4]}
    assert find_option_differences([runs[0], runs[2]])["data"] == ["/data/reviews.csv", "/data/other.csv"]
    assert find_option_differences([runs[0], runs[0]]) == {}


def sets_of(rng: np.random.Generator, labels: np.ndarray, wrong: float) -> np.ndarray:
    return labels ^ (rng.random(labels.shape) < wrong)


def test_runs_with_several_labels_are_compared_by_scores_of_sets():
    rng = np.random.default_rng(3)
    labels = rng.random((200, 3)) < [0.5, 0.3, 0.1]
    base, run = (Predictions(NAMES, labels, sets_of(rng, labels, wrong), "same", SEVERAL) for wrong in (0.3, 0.1))
    found = difference("base", base, "run", run, "micro_f1")
    for name, average in (("micro_f1", "micro"), ("macro_f1", "macro"), ("samples_f1", "samples")):
        scores = [f1_score(labels, each.answers, average=average, zero_division=0) for each in (run, base)]
        assert found.metrics[name].value == pytest.approx(scores[0] - scores[1])
    losses = [(each.answers != labels).mean() for each in (run, base)]
    assert found.metrics["hamming_loss"].value == pytest.approx(losses[0] - losses[1])
    assert [entry.rows for entry in found.classes] == labels.sum(0).tolist()
    expected = [f1_score(labels, each.answers, average=None) for each in (base, run)]
    assert [entry.before for entry in found.classes] == pytest.approx(expected[0])
    assert [entry.after for entry in found.classes] == pytest.approx(expected[1])
    drawn = []
    for _ in range(2000):
        rows = rng.integers(200, size=200)
        drawn.append(np.subtract(*(f1_score(labels[rows], e.answers[rows], average="micro") for e in (run, base))))
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert (found.metrics["micro_f1"].low, found.metrics["micro_f1"].high) == pytest.approx((low, high), abs=0.02)
    assert found.answer.startswith("yes: micro-F1 differs by +")
    assert difference("base", base, "run", run, "hamming_loss").is_better is True
    with pytest.raises(InputError, match="--metric map cannot compare"):
        difference("base", base, "run", run, "map")


def test_labels_in_another_order_are_the_same_labels():
    rng = np.random.default_rng(4)
    labels = rng.random((50, 3)) < 0.4
    answers = sets_of(rng, labels, 0.2)
    base = Predictions(NAMES, labels, answers, "same", SEVERAL)
    other = Predictions(NAMES[::-1], labels[:, ::-1], answers[:, ::-1], "same", SEVERAL)
    assert all(entry.value == 0 for entry in difference("a", base, "b", other, "micro_f1").metrics.values())


def test_runs_of_classes_in_an_order_are_compared_by_kappa_and_steps():
    rng = np.random.default_rng(5)
    labels = rng.integers(3, size=300)
    base, run = (Predictions(NAMES, labels, noisy(rng, labels, right), "same", ORDERED) for right in (0.5, 0.9))
    found = difference("base", base, "run", run, "mae")
    steps = [np.abs(each.answers - labels).mean() for each in (run, base)]
    assert found.metrics["mae"].value == pytest.approx(steps[0] - steps[1])
    kappas = [cohen_kappa_score(labels, each.answers, weights="quadratic") for each in (run, base)]
    assert found.metrics["qwk"].value == pytest.approx(kappas[0] - kappas[1])
    assert found.is_better is True
    assert "mean absolute error differs by -" in found.answer
    assert "steps" in found.answer
    assert "but" not in found.answer  # macro-F1 rises where the error falls
