"""The range test on real trainings of a small model."""

import hashlib
import random

import numpy as np
import pytest
import torch

from tests.tickets import write_tickets
from txt.config import LRFindConfig, PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.search.range_test import ExplosionWatch, PriorLoss, build_loss_curves, range_test
from txt.search.range_test_result import FILE, find_suggestion, load_suggestion, save_finding
from txt.search.verification import verify
from txt.training.loop import train

SMALL = TrainConfig(d_model=32, nhead=4, num_layers=1, threads=1, precision="float32")


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def weights(run, prepared):
    list(train(run, prepared))
    return (run.model / "model.safetensors").read_bytes()


def test_nothing_of_the_data_the_random_states_or_a_training_is_changed(new_run, prepared):
    before = weights(new_run("before", num_epochs=1), prepared)
    files = digest(prepared.path)
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    states = random.getstate(), np.random.get_state()[1].copy(), torch.get_rng_state(), torch.get_num_threads()
    list(range_test(prepared, SMALL, LRFindConfig(repeats=2, steps=30)))
    assert random.getstate() == states[0]
    assert (np.random.get_state()[1] == states[1]).all()
    assert torch.equal(torch.get_rng_state(), states[2])
    assert torch.get_num_threads() == states[3]
    assert digest(prepared.path) == files
    assert weights(new_run("after", num_epochs=1), prepared) == before


def test_a_test_left_early_gives_the_threads_back(prepared):
    torch.set_num_threads(2)
    steps = range_test(prepared, SMALL, LRFindConfig())
    next(steps)
    steps.close()
    assert torch.get_num_threads() == 2


def test_rates_grow_by_a_factor_with_longer_strides_where_they_are_lowest(prepared):
    first = [each.rate for each in range_test(prepared, SMALL, LRFindConfig(repeats=1))]
    factor = 10 ** (8 / 99)
    idle, rest = [rate for rate in first if rate < 1e-5], [rate for rate in first if rate >= 1e-5]
    assert first[0] == pytest.approx(1e-7)
    assert np.allclose(np.diff(np.log(idle)), 5 * np.log(factor))
    assert np.allclose(np.diff(np.log(rest)), np.log(factor))


def test_repeats_differ_and_leave_out_what_changed_nothing(prepared):
    tried = list(range_test(prepared, SMALL, LRFindConfig(repeats=2)))
    first, second = ([each for each in tried if each.repeat == repeat] for repeat in (0, 1))
    assert 0 < len(second) < len(first)
    same_rate = {each.rate: each.loss for each in first}
    assert all(each.loss != same_rate.get(each.rate) for each in second)


def test_equal_seeds_give_equal_curves(prepared):
    one, other = (list(range_test(prepared, SMALL, LRFindConfig(repeats=1, steps=40))) for _ in range(2))
    assert one == other


@pytest.mark.usefixtures("each_precision")
def test_the_suggestion_learns_and_a_hundredth_of_it_does_not(new_run, prepared):
    finding = find_suggestion(list(range_test(prepared, SMALL, LRFindConfig(steps=200))), "valley")
    assert finding.suggestion is not None

    def score(lr):
        *_, finished = train(new_run(learning_rate=lr, num_layers=1, num_epochs=6), prepared)
        return finished.best_score

    assert score(finding.suggestion) > score(finding.suggestion / 100) + 0.2


def test_every_step_begins_at_what_guessing_loses(prepared):
    first = next(range_test(prepared, SMALL.with_options(dropout=0.0), LRFindConfig(repeats=1)))
    counts = np.bincount(prepared.split("train").labels)
    shares = counts / counts.sum()
    assert first.adjusted == pytest.approx(-(shares * np.log(shares)).sum(), abs=1e-5)


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"class_weights": "balanced"}])
def test_guessing_loses_what_the_training_loss_says(prepared, options):
    config = SMALL.with_options(**options)
    split = prepared.split("train")
    guessing = PriorLoss(split, 3, config)
    rows = np.arange(len(split))
    assert guessing.loss(rows) == pytest.approx(guessing.mean_loss, rel=1e-5)
    labels = torch.from_numpy(split.labels)
    weights = torch.tensor(len(split) / (3 * np.bincount(split.labels))) if "class_weights" in options else None
    logits = torch.from_numpy(guessing.logits).expand(len(split), -1).clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(
        logits, labels, weights, label_smoothing=options.get("label_smoothing", 0.0)
    )
    assert loss.item() == pytest.approx(guessing.mean_loss, rel=1e-5)
    loss.backward()
    assert logits.grad.sum(0).abs().max() < 1e-6  # no other constant guess loses less


@pytest.fixture(scope="module")
def tickets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tickets")
    prepare(write_tickets(folder / "tickets.csv", "joined"), PrepareConfig(vocab_size=300), folder / "prepared")
    return Prepared.open(folder / "prepared")


@pytest.mark.parametrize("options", [{}, {"label_smoothing": 0.2}, {"class_weights": "balanced"}])
def test_no_guess_of_several_labels_loses_less_than_that_of_each_labels_share(tickets, options):
    split = tickets.split("train")
    guessing = PriorLoss(split, 3, SMALL.with_options(**options))
    rows = np.arange(len(split))
    assert guessing.loss(rows) == pytest.approx(guessing.mean_loss, rel=1e-5)
    holds = torch.from_numpy(split.label_sets.matrix(3))
    smoothing = options.get("label_smoothing", 0.0)
    logits = torch.from_numpy(guessing.logits).expand(len(split), -1).clone().requires_grad_()
    counts = holds.sum(0)
    have, lack = len(split) / (2 * counts), len(split) / (2 * (len(split) - counts))
    weights = torch.where(holds, have, lack) if "class_weights" in options else None
    targets = holds * (1 - smoothing) + smoothing / 2
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, targets.double(), weights)
    assert loss.item() == pytest.approx(guessing.mean_loss, rel=1e-5)
    loss.backward()
    assert logits.grad.sum(0).abs().max() < 1e-6


def test_a_range_test_on_several_labels_learns_at_the_rate_that_it_suggests(tickets):
    config = SMALL.with_options(class_weights="balanced", label_smoothing=0.1, metric="micro_f1", batch_size=16)
    tried = list(range_test(tickets, config, LRFindConfig(steps=100, repeats=1, val_loss=True)))
    assert min(each.adjusted for each in tried) < tried[0].adjusted - 0.02
    assert tried[0].val_loss == pytest.approx(float(np.log(2)), abs=0.1)  # balanced labels begin at one half
    assert find_suggestion(tried, "valley").suggestion is not None


def test_a_loss_that_is_no_number_or_far_over_the_best_ends_the_test():
    watch = ExplosionWatch()
    assert not any(watch.should_stop(loss) for loss in [1.0, 0.9, 0.8])
    assert watch.should_stop(float("nan"))
    falling = ExplosionWatch()
    assert not any(falling.should_stop(10.0 * 0.8**step) for step in range(30))
    assert any(falling.should_stop(10.0 * 0.8**29 * 200) for _ in range(3))
    assert not ExplosionWatch().should_stop(1.0)


def test_findings_are_kept_by_architecture_and_batch_size(prepared, tmp_path):
    finding = find_suggestion(list(range_test(prepared, SMALL, LRFindConfig(steps=60, repeats=1))), "valley")
    try:
        save_finding(prepared, SMALL, finding)
        assert load_suggestion(prepared, SMALL.with_options(seed=7, num_epochs=3)) == finding.suggestion
        assert load_suggestion(prepared, SMALL.with_options(batch_size=64)) is None
        assert load_suggestion(prepared, SMALL.with_options(d_model=64)) is None
    finally:
        (prepared.path / FILE).unlink(missing_ok=True)


def test_verifying_trains_at_three_rates_and_tells_the_hopeless_one(prepared, monkeypatch):
    monkeypatch.setattr("txt.search.verification._STEPS", 60)
    low, middle, high = verify(prepared, SMALL, 5e-3)
    assert (low.lr, middle.lr, high.lr) == pytest.approx((5e-3 / 3, 5e-3, 1.5e-2))
    hopeless = next(verify(prepared, SMALL, 3e-7))
    assert min(low.loss, middle.loss, high.loss) < hopeless.loss


def test_curves_are_those_of_the_adjusted_losses(prepared):
    tried = list(range_test(prepared, SMALL, LRFindConfig(repeats=2, steps=30)))
    curves = build_loss_curves(tried)
    assert [len(curve.rates) for curve in curves] == [sum(each.repeat == r for each in tried) for r in (0, 1)]
