"""A score is the best one when its model is on the disk; what the disk refused is tried again."""

import errno

import pytest
import torch

from txt.model.saved import load_model
from txt.runs.events import Evaluation, Finished, Saved, Warned
from txt.runs.state import FAILED, find_kind, read_status
from txt.training import loop
from txt.training.best_model import BestModel
from txt.training.checkpoint import TrainingProgress
from txt.training.loop import Training, train

CPU = torch.device("cpu")


class Disk:
    """Takes a model only at some of the times that it is asked."""

    def __init__(self, save, takes) -> None:
        self._save, self._takes, self.asked = save, takes, 0

    def save(self, model, tokenizer, folder) -> None:
        self.asked += 1
        if not self._takes(self.asked):
            raise OSError(errno.ENOSPC, "No space left on device")
        self._save(model, tokenizer, folder)


@pytest.fixture
def disk(monkeypatch):
    def make(takes, module=loop) -> Disk:
        made = Disk(module.save_model, takes)
        monkeypatch.setattr(module, "save_model", made.save)
        return made

    return make


def test_a_refused_model_is_saved_later_as_it_was_and_counts_from_then_on(new_run, prepared, disk):
    disk(lambda asked: asked not in (1, 2))
    run = new_run(num_epochs=4, metric="loss", learning_rate=2e-3, precision="float32")
    plain = new_run(num_epochs=4, metric="loss", learning_rate=2e-3, precision="float32")
    events = list(train(run, prepared))
    ended = events[-1]
    scores = {event.step: event.score for event in events if isinstance(event, Evaluation)}
    assert ended.status == "completed"
    assert ended.best_score == scores[ended.best_step] == min(scores.values())
    assert [event.step for event in events if isinstance(event, Saved) and event.best][-1] == ended.best_step
    assert any("tried again" in event.message for event in events if isinstance(event, Warned))
    list(train(plain, prepared))
    for one, other in zip(
        load_model(run.model, CPU).parameters(), load_model(plain.model, CPU).parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_the_best_model_waits_for_the_end_and_is_the_one_of_its_step(new_run, prepared, disk):
    run = new_run(num_epochs=3, learning_rate=5e-3, precision="float32")
    evaluations = 3
    asked = disk(lambda asked: asked > evaluations)
    events = list(train(run, prepared))
    scored = [event for event in events if isinstance(event, Evaluation)]
    assert asked.asked > 1
    assert not any(event.best for event in scored)  # none was on the disk when it was told
    assert events[-1].best_score == max(event.score for event in scored)
    assert (run.model / "model.safetensors").is_file()


def test_a_run_whose_models_were_all_refused_has_failed_and_says_so(new_run, prepared, disk):
    disk(lambda _: False)
    run = new_run(num_epochs=2)
    ended = list(train(run, prepared))[-1]
    assert isinstance(ended, Finished)
    assert find_kind(ended) == FAILED
    assert ended.best_step is None
    assert ended.best_score is None
    assert "No space left" in ended.reason
    assert "No space left" in read_status(run).reason
    assert not run.model.exists()


def test_such_a_run_resumed_where_there_is_room_has_a_model(new_run, prepared, disk):
    from txt.training.start import resume

    full = disk(lambda _: False)
    run = new_run(num_epochs=2)
    list(train(run, prepared))
    full._takes = lambda _: True
    start = resume(run.name, {})
    ended = list(train(start.run, start.prepared, resume=start.resume))[-1]
    assert ended.status == "completed"
    assert ended.best_score is not None
    load_model(run.model, CPU)


def test_a_rollback_does_not_forget_the_better_model_on_the_disk(new_run, prepared, monkeypatch):
    run = new_run(on_divergence="rollback")
    training = Training(run, prepared, *_machine(run))
    training._save()
    training.progress.step, training.progress.best_score, training.progress.best_step = 9, 0.9, 8
    assert training._roll_back()
    assert (training.progress.step, training.progress.best_score, training.progress.best_step) == (0, 0.9, 8)
    assert training.progress.rate_factor == 0.5
    assert TrainingProgress().best_score is None


def _machine(run):
    from txt.training.distributed import Group
    from txt.training.machine import choose_machine
    from txt.training.start import Built

    return choose_machine(run.config()), Group(), Built()


def test_what_waits_is_a_copy_of_what_was_offered():
    disk = []

    def write(model) -> None:
        if not disk:
            raise OSError("full")
        disk.append(list(model))

    best = BestModel(write, list)
    model = [1]
    assert not best.keep(model, 0.5, 3)
    model[0] = 2
    assert best.try_again() is None
    assert "step 3" in best.describe_problem()
    disk.append("room")
    assert best.try_again().score == 0.5
    assert disk[-1] == [1]
    assert best.waiting is best.describe_problem() is None
