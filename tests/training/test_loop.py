import json
import math
import resource

import numpy as np
import pytest
import torch

from txt.config import TrainConfig
from txt.errors import InputError
from txt.model.saved import load_model
from txt.runs.events import Evaluation, Finished, Saved, Started, Step, Warned, from_json
from txt.training.checkpoint import list_checkpoints, load_checkpoint, load_newest_checkpoint
from txt.training.loop import train
from txt.training.start import ensure_epochs, resume


def final_tensors(run):
    return load_checkpoint(list_checkpoints(run.checkpoints)[0]).tensors


def assert_same_bits(one, other):
    for name, tensor in final_tensors(one).items():
        assert torch.equal(tensor, final_tensors(other)[name]), name


LEARNING = {"num_layers": 1, "num_epochs": 8, "learning_rate": 3e-3}  # reaches 1.0 whatever the seed and precision


def stop_after(steps):
    asked = iter(range(steps))
    return lambda: next(asked, None) is None


@pytest.mark.usefixtures("each_precision")
def test_a_training_learns_and_keeps_the_best_model(new_run, prepared):
    run = new_run(**LEARNING)
    events = list(train(run, prepared))
    assert isinstance(events[0], Started)
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert finished.status == "completed"
    assert finished.best_score > 0.9
    model = load_model(run.model, torch.device("cpu"))
    assert dict(model.config.id2label) == dict(enumerate(prepared.labels))


def test_the_record_holds_every_event(new_run, prepared):
    run = new_run()
    events = list(train(run, prepared))
    lines = [json.loads(line) for line in run.events_path.read_text().splitlines()]
    assert [from_json(line) for line in lines] == events


def test_each_epoch_ends_with_an_evaluation_that_has_its_train_means(new_run, prepared):
    events = list(train(new_run(log_interval=1), prepared))
    ends = [event for event in events if isinstance(event, Evaluation) and event.epoch_end]
    assert [event.epoch for event in ends] == [1.0, 2.0, 3.0]
    per_epoch = ends[0].step
    losses = [event.loss for event in events if isinstance(event, Step)][:per_epoch]
    rows = len(prepared.split("train"))
    sizes = [32] * (per_epoch - 1) + [rows - 32 * (per_epoch - 1)]
    if rows % 32 == 0:
        assert ends[0].train_loss == pytest.approx(sum(losses) / per_epoch, rel=1e-9)
    assert min(losses) < ends[0].train_loss < max(losses)
    assert sum(sizes) == rows


@pytest.mark.usefixtures("each_precision")
def test_equal_seeds_give_equal_weights_and_other_seeds_others(new_run, prepared):
    runs = [new_run(seed=seed) for seed in (1, 1, 2)]
    for run in runs:
        list(train(run, prepared))
    assert_same_bits(runs[0], runs[1])
    assert not torch.equal(final_tensors(runs[0])["weights"], final_tensors(runs[2])["weights"])


@pytest.mark.usefixtures("each_precision")
@pytest.mark.parametrize("steps", [1, 12, 13, 25])
def test_a_stopped_run_resumes_to_the_same_weights(new_run, prepared, steps):
    whole, stopped = new_run("whole", eval_interval=5), new_run("stopped", eval_interval=5)
    list(train(whole, prepared))
    last = list(train(stopped, prepared, stop_after(steps)))[-1]
    assert last.status == "interrupted"
    assert last.step == steps + 1
    again = list(train(stopped, prepared, resume=load_newest_checkpoint(stopped.checkpoints)))[-1]
    assert again.status == "completed"
    assert_same_bits(whole, stopped)
    weights = [load_model(run.model, torch.device("cpu")).state_dict() for run in (whole, stopped)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_closing_the_generator_saves(new_run, prepared):
    run = new_run()
    events = train(run, prepared)
    while not isinstance(next(events), Step):
        pass
    events.close()
    assert load_newest_checkpoint(run.checkpoints).progress.step == 10


def test_patience_ends_a_run_that_no_longer_improves(new_run, prepared):
    finished = list(train(new_run(num_epochs=50, patience=2), prepared))[-1]
    assert finished.status == "early_stopped"
    assert finished.step < 50 * 12


@pytest.mark.parametrize("metric", ["accuracy", "macro_f1", "balanced_accuracy", "mcc", "loss"])
def test_the_best_is_chosen_by_the_metric_asked_for(new_run, prepared, metric):
    events = list(train(new_run(metric=metric), prepared))
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    choose = min if metric == "loss" else max
    assert events[-1].best_score == choose(event.score for event in evaluations)


def test_rate_goes_up_and_down_as_planned(new_run, prepared):
    events = list(train(new_run(log_interval=1, warmup_steps=6), prepared))
    rates = [event.learning_rate for event in events if isinstance(event, Step)]
    assert rates[0] == 0
    assert rates[6] == pytest.approx(5e-3)
    assert rates[-1] == pytest.approx(5e-3 / (len(rates) - 6))


def test_older_checkpoints_are_rotated(new_run, prepared):
    run = new_run(save_interval=4, keep_checkpoints=3)
    list(train(run, prepared))
    assert len(list_checkpoints(run.checkpoints)) == 3


@pytest.mark.usefixtures("each_precision")
def test_a_diverging_run_stops_and_names_step_rate_and_rows(new_run, prepared):
    run = new_run(learning_rate=50.0, max_grad_norm=0.0, warmup_steps=0)
    finished = list(train(run, prepared))[-1]
    assert finished.status == "diverged"
    assert "learning rate" in finished.reason
    assert "rows" in finished.reason


@pytest.mark.usefixtures("each_precision")
def test_rollback_goes_on_at_half_the_rate(new_run, prepared):
    run = new_run(learning_rate=10.0, max_grad_norm=0.0, warmup_steps=8, save_interval=1, on_divergence="rollback")
    events = list(train(run, prepared))
    assert any(isinstance(event, Warned) and "half the learning rate" in event.message for event in events)


def test_a_full_disk_during_a_save_keeps_the_checkpoint_before_and_the_run_alive(new_run, prepared):
    run = new_run(save_interval=5)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    events = []
    try:
        for event in train(run, prepared):
            events.append(event)
            if isinstance(event, Saved) and event.step == 5:
                resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
            if isinstance(event, Warned):
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
                assert load_newest_checkpoint(run.checkpoints).progress.step == 5
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert any(isinstance(event, Warned) and "intact" in event.message for event in events)
    assert events[-1].status == "completed"
    assert not list(run.path.rglob("*.part"))


def test_out_of_memory_computes_the_batch_in_pieces_to_the_same_result(new_run, prepared, monkeypatch):
    from txt.training.gradients import BatchGradients

    options = {"dropout": 0.0, "num_epochs": 1, "precision": "float32"}
    whole, pieced = new_run("whole", **options), new_run("pieced", **options)
    list(train(whole, prepared))
    original = BatchGradients._backward

    def fails_above_eight_rows(self, rows, total, drop):
        if len(rows) > 8:
            raise torch.OutOfMemoryError("no memory")
        return original(self, rows, total, drop)

    monkeypatch.setattr(BatchGradients, "_backward", fails_above_eight_rows)
    events = list(train(pieced, prepared))
    assert sum("out of memory" in event.message for event in events if isinstance(event, Warned)) == 2
    torch.testing.assert_close(final_tensors(pieced)["weights"], final_tensors(whole)["weights"], atol=2e-4, rtol=1e-3)


def test_accumulation_gives_the_same_training(new_run, prepared):
    options = {"dropout": 0.0, "num_epochs": 1, "precision": "float32"}
    whole, pieced = new_run("whole", **options), new_run("pieced", accumulate=4, **options)
    losses = [[event.loss for event in train(run, prepared) if isinstance(event, Step)] for run in (whole, pieced)]
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)


def test_balanced_class_weights_weigh_rows_as_scikit_learn_does(prepared):
    from sklearn.utils.class_weight import compute_class_weight

    from txt.training.batch_loss import compute_balanced_weights

    labels = prepared.split("train").labels
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    assert compute_balanced_weights(labels, 3).tolist() == pytest.approx(expected.tolist(), rel=1e-6)


def test_resuming_with_other_options_says_which(new_run, prepared):
    run = new_run("one")
    list(train(run, prepared, stop_after(3)))
    with pytest.raises(InputError, match=r"learning_rate was 0\.005, is"):
        resume("one", {"learning_rate": 0.1})


def test_a_run_is_trained_by_one_process_at_a_time(new_run, prepared):
    run = new_run("one")
    events = train(run, prepared)
    next(events)
    with pytest.raises(InputError, match="being trained"):
        list(train(run, prepared))
    events.close()


def test_resuming_a_run_that_does_not_exist_lists_those_that_do(new_run):
    new_run("alpha")
    with pytest.raises(InputError) as caught:
        resume("alhpa", {})
    assert "alpha" in caught.value.hint


def test_a_checkpoint_with_a_flipped_bit_is_refused_and_the_one_before_offered(new_run, prepared):
    run = new_run("one", save_interval=5)
    list(train(run, prepared, stop_after(11)))
    newest, before = list_checkpoints(run.checkpoints)
    tensors = newest / "state.safetensors"
    damaged = bytearray(tensors.read_bytes())
    damaged[-100] ^= 4
    tensors.write_bytes(damaged)
    with pytest.raises(InputError, match="damaged") as caught:
        resume("one", {})
    assert f"--at-step {int(before.name.removeprefix('step-'))}" in caught.value.hint
    assert resume("one", {}, at_step=10).resume.progress.step == 10


def test_a_checkpoint_of_an_unknown_precision_is_refused(new_run, prepared):
    run = new_run("one", save_interval=5)
    list(train(run, prepared, stop_after(6)))
    state = list_checkpoints(run.checkpoints)[0] / "state.json"
    state.write_text(state.read_text().replace('"float32"', '"bftrue"').replace('"bf16"', '"bftrue"'))
    with pytest.raises(InputError, match="`precision` is `bftrue`"):
        resume("one", {})


def test_opening_a_run_never_runs_code_from_it(new_run, prepared, tmp_path):
    import os
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, (f"touch {tmp_path / 'pwned'}",)

    run = new_run("one")
    list(train(run, prepared))
    payload = pickle.dumps(Evil())
    (run.model / "model.safetensors").write_bytes(payload)
    (run.model / "pytorch_model.bin").write_bytes(payload)
    with pytest.raises(InputError):
        load_model(run.model, torch.device("cpu"))
    newest = list_checkpoints(run.checkpoints)[0]
    (newest / "state.safetensors").write_bytes(payload)
    with pytest.raises(InputError):
        resume("one", {})
    assert not (tmp_path / "pwned").exists()


def test_bf16_trains_as_well_as_float32(new_run, prepared):
    scores = {}
    for precision in ("bf16", "float32"):
        scores[precision] = list(train(new_run(precision=precision, **LEARNING), prepared))[-1].best_score
    assert scores["bf16"] == pytest.approx(scores["float32"], abs=0.05)
    assert math.isfinite(scores["bf16"])


def test_few_rows_get_as_many_epochs_as_the_least_number_of_steps_takes(prepared):
    steps = -(-len(prepared.split("train")) // 32)
    few = TrainConfig(num_epochs=4, min_steps=100)
    assert ensure_epochs(few, prepared).num_epochs == -(-100 // steps) > 4
    assert ensure_epochs(few.with_options(min_steps=4 * steps), prepared).num_epochs == 4
