"""Advice on curves: what is ill is named with a flag to try, what is healthy is left in peace.

RECORDED are the curves of small models (word embeddings and one hidden layer) trained on real data sets: for each epoch
train loss, train accuracy, val loss, val accuracy.
"""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.config import TrainConfig
from txt.proportions import Interval
from txt.runs.curves import collect_curves
from txt.runs.diagnosis import Advice, TrainingCase, TrainingFacts, diagnose, find_beaten_by_baseline
from txt.runs.events import Evaluation, Event, Finished, Started, Step

Epochs = Sequence[tuple[float, float, float, float]]

RECORDED: dict[str, tuple[int, float, Epochs]] = {  # classes, learning rate, epochs
    "agnews, 8 epochs": (
        4,
        1e-3,
        [
            (1.3712, 0.3005, 1.3196, 0.4727),
            (1.1926, 0.5172, 1.0014, 0.6333),
            (0.8839, 0.6694, 0.7706, 0.7000),
            (0.6938, 0.7416, 0.6722, 0.7379),
            (0.5972, 0.7870, 0.6314, 0.7576),
            (0.5423, 0.8064, 0.6098, 0.7773),
            (0.5090, 0.8197, 0.6012, 0.7773),
            (0.4927, 0.8278, 0.5985, 0.7788),
        ],
    ),
    "agnews, 4 epochs": (
        4,
        3e-3,
        [
            (1.2242, 0.4510, 0.8192, 0.6985),
            (0.6568, 0.7606, 0.5791, 0.7803),
            (0.4626, 0.8380, 0.5363, 0.8045),
            (0.3871, 0.8692, 0.5299, 0.8106),
        ],
    ),
    "banking77, 15 epochs": (
        77,
        5e-3,
        [
            (3.7650, 0.1431, 2.3236, 0.437),
            (1.7258, 0.5333, 1.0414, 0.701),
            (0.9326, 0.7268, 0.7354, 0.784),
            (0.6116, 0.8173, 0.6098, 0.834),
            (0.4414, 0.8660, 0.5958, 0.832),
            (0.3275, 0.9001, 0.5555, 0.850),
            (0.2559, 0.9239, 0.5683, 0.855),
            (0.2033, 0.9380, 0.5799, 0.852),
            (0.1671, 0.9458, 0.5682, 0.849),
            (0.1427, 0.9578, 0.5635, 0.853),
            (0.1202, 0.9640, 0.5561, 0.862),
            (0.1096, 0.9678, 0.5534, 0.865),
            (0.0948, 0.9727, 0.5461, 0.866),
            (0.0920, 0.9742, 0.5498, 0.861),
            (0.0812, 0.9777, 0.5442, 0.862),
        ],
    ),
    "sst2, 10 epochs": (
        2,
        1e-3,
        [
            (0.6905, 0.5303, 0.6827, 0.5665),
            (0.6705, 0.5851, 0.6567, 0.5954),
            (0.6264, 0.6480, 0.6118, 0.6633),
            (0.5698, 0.7050, 0.5806, 0.7066),
            (0.5235, 0.7380, 0.5576, 0.7225),
            (0.4762, 0.7768, 0.5498, 0.7197),
            (0.4491, 0.7922, 0.5383, 0.7413),
            (0.4258, 0.8062, 0.5358, 0.7413),
            (0.4139, 0.8133, 0.5328, 0.7471),
            (0.4030, 0.8211, 0.5325, 0.7486),
        ],
    ),
    "sst2, 3e-3": (
        2,
        3e-3,
        [
            (0.6829, 0.5507, 0.6474, 0.6171),
            (0.5888, 0.6867, 0.5501, 0.7225),
            (0.4466, 0.7911, 0.4920, 0.7688),
            (0.3415, 0.8537, 0.4827, 0.7890),
            (0.2810, 0.8836, 0.4935, 0.7919),
            (0.2306, 0.9090, 0.5234, 0.7905),
            (0.2008, 0.9205, 0.5304, 0.7919),
            (0.1865, 0.9298, 0.5353, 0.7919),
        ],
    ),
    "sst2, 2e-5": (
        2,
        2e-5,
        [
            (0.6930, 0.5220, 0.6912, 0.5173),
            (0.6928, 0.5201, 0.6908, 0.5188),
            (0.6934, 0.5181, 0.6906, 0.5202),
            (0.6918, 0.5297, 0.6903, 0.5202),
            (0.6919, 0.5220, 0.6902, 0.5231),
            (0.6914, 0.5318, 0.6901, 0.5275),
            (0.6915, 0.5328, 0.6900, 0.5289),
            (0.6921, 0.5239, 0.6900, 0.5303),
        ],
    ),
    "sst2, 0.3": (
        2,
        0.3,
        [
            (0.8196, 0.5568, 0.6923, 0.4971),
            (0.8225, 0.5146, 1.0921, 0.5058),
            (0.7846, 0.5008, 1.2425, 0.5058),
            (0.7460, 0.5050, 1.0889, 0.5058),
            (0.8050, 0.5074, 0.7423, 0.5043),
            (0.7012, 0.5082, 0.7036, 0.4928),
            (0.7427, 0.5159, 0.7462, 0.4913),
            (0.6985, 0.5189, 0.7287, 0.5058),
        ],
    ),
    "sst2, 4 epochs": (
        2,
        1e-3,
        [
            (0.6884, 0.5393, 0.6787, 0.5723),
            (0.6668, 0.5970, 0.6571, 0.5968),
            (0.6387, 0.6346, 0.6378, 0.6272),
            (0.6181, 0.6651, 0.6314, 0.6416),
        ],
    ),
    "sst2, 800 rows": (
        2,
        1e-3,
        [
            (0.6939, 0.4988, 0.6945, 0.5043),
            (0.6776, 0.5687, 0.6878, 0.5246),
            (0.6552, 0.6362, 0.6849, 0.5549),
            (0.6364, 0.6663, 0.6821, 0.5795),
            (0.5723, 0.7250, 0.6908, 0.6084),
            (0.5139, 0.7575, 0.7099, 0.6113),
            (0.4521, 0.7987, 0.7339, 0.6286),
            (0.3938, 0.8375, 0.7519, 0.6286),
            (0.3396, 0.8662, 0.7787, 0.6373),
            (0.3012, 0.9000, 0.8015, 0.6387),
            (0.2853, 0.9075, 0.8064, 0.6373),
            (0.2740, 0.9000, 0.8192, 0.6416),
        ],
    ),
    "banking77, 1e-4": (
        77,
        1e-4,
        [
            (4.3343, 0.0221, 4.3101, 0.029),
            (4.2899, 0.0460, 4.2687, 0.054),
            (4.2508, 0.0685, 4.2328, 0.081),
            (4.2159, 0.0833, 4.2078, 0.096),
            (4.2006, 0.0917, 4.1990, 0.098),
        ],
    ),
    "germeval2018, 10 epochs": (
        2,
        1e-3,
        [
            (0.6667, 0.6117, 0.6310, 0.668),
            (0.6254, 0.6629, 0.6252, 0.670),
            (0.6029, 0.6720, 0.6220, 0.676),
            (0.5725, 0.7026, 0.6228, 0.672),
            (0.5424, 0.7290, 0.6236, 0.672),
            (0.5147, 0.7423, 0.6266, 0.674),
            (0.4910, 0.7625, 0.6283, 0.672),
            (0.4714, 0.7753, 0.6318, 0.666),
            (0.4619, 0.7844, 0.6334, 0.664),
            (0.4522, 0.7895, 0.6345, 0.662),
        ],
    ),
}

STEPS_PER_EPOCH = 20


def spread_confusion(accuracy: float, classes: int, rows: int = 600) -> list[list[int]]:
    """Return counts with equal classes, the mistakes going to the next class."""
    each = rows // classes
    right = round(each * accuracy)
    counts = np.eye(classes, dtype=int) * right + np.roll(np.eye(classes, dtype=int), 1, axis=1) * (each - right)
    return counts.tolist()


def evaluation(
    number: int, epoch: tuple[float, float, float, float], confusion: list[list[int]], **more: float
) -> Event:
    train_loss, train_accuracy, val_loss, accuracy = epoch
    metrics = {"accuracy": accuracy, "macro_f1": accuracy} | more
    return Evaluation(
        time=0,
        step=number * STEPS_PER_EPOCH,
        epoch=number,
        epoch_end=True,
        train_loss=train_loss,
        train_accuracy=train_accuracy,
        val_loss=val_loss,
        metrics=metrics,
        metric="accuracy",
        score=accuracy,
        best=False,
        best_score=accuracy,
        confusion=confusion,
        seconds=1,
    )


def step(number: int, loss: float) -> Step:
    return Step(
        time=0,
        step=number,
        epoch=number / STEPS_PER_EPOCH,
        loss=loss,
        accuracy=0.5,
        learning_rate=1e-4,
        gradient_norm=1,
        rows_per_second=100,
        tokens_per_second=2000,
        memory_bytes=10**9,
    )


def started(epochs: int, at: int = 0, device: str = "cpu") -> Started:
    return Started(
        time=0,
        step=at,
        total_steps=epochs * STEPS_PER_EPOCH,
        steps_per_epoch=STEPS_PER_EPOCH,
        epochs=epochs,
        train_rows=640,
        parameters=10**6,
        device=device,
        precision="float32",
        threads=2,
        pid=1,
        host="here",
    )


def finished(status: str = "completed", seconds: float = 30, reason: str | None = None) -> Finished:
    return Finished(
        time=0,
        step=100,
        status=status,
        best_step=100,
        best_epoch=1,
        best_score=0.5,
        seconds=seconds,
        rows_per_second=100,
        reason=reason,
    )


def training(
    epochs: Epochs, classes: int, seed: int = 0, confusion: list[list[int]] | None = None, end: Finished | None = None
) -> list[Event]:
    """Return the events of a training with these epochs, its steps' losses as noisy as those of small batches."""
    rng = np.random.default_rng(seed)
    events: list[Event] = [started(len(epochs))]
    before = epochs[0][0] * 1.02
    for number, epoch in enumerate(epochs, start=1):
        for part in range(STEPS_PER_EPOCH):
            mean = before + (epoch[0] - before) * (part + 1) / STEPS_PER_EPOCH
            events.append(
                step((number - 1) * STEPS_PER_EPOCH + part + 1, max(0.01, mean + rng.normal(scale=0.07 * mean)))
            )
        before = epoch[0]
        events.append(evaluation(number, epoch, confusion or spread_confusion(epoch[3], classes)))
    return [*events, end or finished()]


def advice_on(name: str) -> list[Advice]:
    classes, rate, epochs = RECORDED[name]
    config = TrainConfig(learning_rate=rate, num_epochs=len(epochs))
    return diagnose(training(epochs, classes), config)


def kinds(advice: list[Advice]) -> list[str]:
    return [entry.kind for entry in advice]


@pytest.mark.parametrize("name", ["agnews, 8 epochs", "agnews, 4 epochs", "banking77, 15 epochs", "sst2, 10 epochs"])
def test_healthy_curves_get_no_advice(name: str) -> None:
    assert advice_on(name) == []


@pytest.mark.parametrize(
    ("name", "kind", "since", "flag"),
    [
        ("sst2, 3e-3", "overconfident", 4, "--label-smoothing 0.1"),
        ("sst2, 800 rows", "overfitting", 4, "--patience 3"),
        ("sst2, 2e-5", "not learning", None, "--lr 0.0001"),
        ("sst2, 0.3", "not learning", None, "--lr 0.03"),
        ("sst2, 4 epochs", "underfitting", None, "--epochs 8"),
        ("banking77, 1e-4", "not learning", None, "--lr 0.0005"),
        ("germeval2018, 10 epochs", "plateau", 3, "--patience 2"),
    ],
)
def test_ill_curves_are_named_with_a_flag_to_try(name: str, kind: str, since: float | None, flag: str) -> None:
    advice = advice_on(name)
    assert kinds(advice) == [kind]
    assert advice[0].since_epoch == since
    assert flag in advice[0].flags


def test_a_rate_too_low_and_one_too_high_are_told_apart() -> None:
    assert "too low" in advice_on("sst2, 2e-5")[0].message
    assert "too high" in advice_on("sst2, 0.3")[0].message


@given(seed=st.integers(0, 2**32 - 1), epochs=st.integers(4, 30), final=st.floats(0.15, 0.5))
@settings(max_examples=100)
def test_noise_on_a_healthy_curve_raises_no_alarm(seed: int, epochs: int, final: float) -> None:
    rng = np.random.default_rng(seed)
    share = np.exp(-4 * np.arange(1, epochs + 1) / epochs)  # nearly flat at the end, as a decaying rate makes it
    train = final + (0.69 - final) * share
    val = (final + 0.08 + (0.69 - final - 0.08) * share) * rng.normal(1, 0.008, size=epochs)
    rows = [(t, 1 - t / 1.4, v, 1 - v / 1.4) for t, v in zip(train.tolist(), val.tolist(), strict=True)]
    found = diagnose(training(rows, 2, seed), TrainConfig(num_epochs=epochs))
    assert [kind for kind in kinds(found) if kind != "still improving"] == []


@pytest.mark.parametrize("name", ["agnews, 8 epochs", "banking77, 15 epochs", "sst2, 10 epochs"])
def test_a_healthy_run_is_left_in_peace_at_every_moment(name: str) -> None:
    classes, rate, epochs = RECORDED[name]
    events = training(epochs, classes)
    config = TrainConfig(learning_rate=rate, num_epochs=len(epochs))
    for end in range(len(events)):
        assert diagnose(events[:end], config) == []


def test_overfitting_is_told_as_soon_as_it_is_true() -> None:
    classes, rate, epochs = RECORDED["sst2, 800 rows"]
    events = training(epochs, classes)
    config = TrainConfig(learning_rate=rate, num_epochs=len(epochs))
    first = next(end for end in range(len(events)) if diagnose(events[:end], config))
    assert 7 <= collect_curves(events[:first]).epochs[-1].epoch <= 9


def test_a_run_that_ended_in_mid_flight_is_told_to_go_on_longer() -> None:
    epochs = [(0.9, 0.6, 0.9, 0.6), (0.7, 0.7, 0.72, 0.7), (0.45, 0.8, 0.6, 0.76)]
    advice = diagnose(training(epochs, 4), TrainConfig(num_epochs=3))
    assert kinds(advice) == ["still improving"]
    assert advice[0].flags == ("--epochs 6",)
    assert diagnose(training(epochs, 4, end=finished("interrupted")), TrainConfig(num_epochs=3)) == []


def test_a_loss_that_rises_again_is_diverging_since_then() -> None:
    epochs = [(0.6, 0.7, 0.6, 0.7), (0.4, 0.8, 0.5, 0.75), (0.9, 0.6, 0.9, 0.6), (1.3, 0.5, 1.2, 0.5)]
    advice = diagnose(training(epochs, 2), TrainConfig(learning_rate=3e-3, num_epochs=4, max_grad_norm=0))
    assert kinds(advice) == ["diverging"]
    assert advice[0].since_epoch == pytest.approx(2, abs=0.5)
    assert advice[0].flags == ("--lr 0.001", "--warmup-steps 20", "--max-grad-norm 1")


def test_an_exploded_loss_is_diverging_without_a_single_epoch() -> None:
    advice = diagnose([started(3), finished("diverged")], TrainConfig(learning_rate=0.01))
    assert kinds(advice) == ["diverging"]
    assert "--lr 0.003" in advice[0].flags


def test_a_model_of_one_answer_is_collapsed_and_the_class_is_named() -> None:
    epochs = [(0.35, 0.9, 0.4, 0.9), (0.28, 0.9, 0.38, 0.9), (0.2, 0.93, 0.37, 0.9)]
    events = training(epochs, 2, confusion=[[540, 0], [60, 0]])
    advice = diagnose(events, TrainConfig(num_epochs=3), TrainingFacts(labels=["common", "scarce"]))
    assert kinds(advice) == ["collapsed"]
    assert "`common`" in advice[0].message
    assert "--class-weights balanced" in advice[0].flags


def test_not_learning_with_unequal_classes_is_measured_against_their_frequencies() -> None:
    epochs = [(0.34, 0.9, 0.33, 0.9)] * 4  # far under ln 2, yet no better than always saying `common`
    events = training(epochs, 2, confusion=[[540, 0], [60, 0]])
    advice = diagnose(events, TrainConfig(num_epochs=4), TrainingFacts(labels=["common", "scarce"]))
    assert kinds(advice) == ["not learning"]
    assert "`common` for every row" in advice[0].message


def test_classes_never_predicted_are_named_unless_val_hardly_has_them() -> None:
    epochs = RECORDED["agnews, 8 epochs"][2]
    counts = [[150, 0, 0, 0], [20, 130, 0, 0], [20, 20, 0, 0], [4, 0, 0, 0]]
    events = training(epochs, 4, confusion=counts)
    advice = diagnose(events, TrainConfig(num_epochs=8), TrainingFacts(labels=["a", "b", "c", "d"]))
    assert kinds(advice) == ["ignored classes"]
    assert "`c`" in advice[0].message
    assert "`d`" not in advice[0].message
    assert advice[0].flags == ("--class-weights balanced", "--metric macro_f1")


def test_an_accuracy_that_hides_rare_classes_is_told() -> None:
    epochs = [(0.4, 0.85, 0.42, 0.84), (0.25, 0.9, 0.38, 0.87), (0.2, 0.92, 0.375, 0.88)]
    counts = [[490, 10], [62, 38]]
    events = training(epochs, 2, confusion=counts)
    events[-2] = evaluation(3, epochs[-1], counts, macro_f1=0.6)
    assert kinds(diagnose(events, TrainConfig(num_epochs=3))) == ["imbalance"]
    balanced = TrainConfig(num_epochs=3, class_weights="balanced", metric="macro_f1")
    assert "imbalance" not in kinds(diagnose(events, balanced))


def test_a_model_that_a_bag_of_words_beats_is_told_so() -> None:
    classes, rate, epochs = RECORDED["agnews, 8 epochs"]
    events, config = training(epochs, classes), TrainConfig(learning_rate=rate, num_epochs=8)
    advice = diagnose(events, config, TrainingFacts(difference=Interval(-0.05, -0.08, -0.02)))
    assert kinds(advice) == ["worse than the baseline"]
    assert "5.0 points" in advice[0].message
    assert advice[0].flags == ("--preset small", "--epochs 16", "--dropout 0.3")
    dropped = diagnose(
        events, config.with_options(dropout=0.3), TrainingFacts(difference=Interval(-0.05, -0.08, -0.02))
    )
    assert "--dropout 0.5" in dropped[0].flags
    past_its_best = collect_curves(training([*epochs, epochs[0]], classes))
    found = find_beaten_by_baseline(
        TrainingCase(past_its_best, config, TrainingFacts(difference=Interval(-0.05, -0.08, -0.02)))
    )
    assert found.flags == ("--preset small", "--dropout 0.3")
    assert diagnose(events, config, TrainingFacts(difference=Interval(-0.02, -0.05, 0.01))) == []


def test_a_failure_for_want_of_memory_names_what_saves_memory() -> None:
    events = [started(3), finished("failed", reason="CUDA out of memory. Tried to allocate 2 GiB")]
    advice = diagnose(events, TrainConfig())
    assert kinds(advice) == ["memory"]
    assert advice[0].flags == ("--accumulate 2", "--gradient-checkpointing", "--batch-size 16")


def test_what_makes_a_long_run_slow_is_told_with_what_it_costs() -> None:
    classes, rate, epochs = RECORDED["agnews, 8 epochs"]
    events = training(epochs, classes, end=finished(seconds=600))
    config = TrainConfig(learning_rate=rate, num_epochs=8, precision="float32", threads=1)
    lengths = np.array([40] * 950 + [512] * 50)
    advice = diagnose(events, config, TrainingFacts(train_lengths=lengths, cores=8))
    assert kinds(advice) == ["slow"] * 3
    assert [entry.flags for entry in advice] == [("--max-length 48",), ("--precision auto",), ("--threads 0",)]
    assert "95 % of the texts stay whole and 36 % of the work is saved" in advice[0].message


def test_a_quick_run_and_ordinary_lengths_get_no_advice_on_speed() -> None:
    classes, rate, epochs = RECORDED["agnews, 8 epochs"]
    config = TrainConfig(learning_rate=rate, num_epochs=8, precision="float32", threads=1)
    long = TrainingFacts(train_lengths=np.array([40] * 950 + [512] * 50), cores=8)
    assert diagnose(training(epochs, classes, end=finished(seconds=20)), config, long) == []
    ordinary = TrainingFacts(train_lengths=np.random.default_rng(0).gamma(4, 6, size=5000).astype(np.int64), cores=8)
    events = training(epochs, classes, end=finished(seconds=600))
    assert diagnose(events, TrainConfig(learning_rate=rate, num_epochs=8), ordinary) == []


def test_what_a_resumed_run_did_twice_counts_once() -> None:
    events = training(RECORDED["agnews, 8 epochs"][2], 4)
    restart = 3 * (STEPS_PER_EPOCH + 1) + 1
    resumed = [*events[: restart + 15], started(8, at=3 * STEPS_PER_EPOCH), *events[restart:]]
    curves = collect_curves(resumed)
    assert [entry.step for entry in curves.steps] == list(range(1, 8 * STEPS_PER_EPOCH + 1))
    assert [entry.epoch for entry in curves.epochs] == list(range(1, 9))


def test_no_events_make_no_advice() -> None:
    assert diagnose([], TrainConfig()) == []
    assert diagnose([started(3)], TrainConfig()) == []
