"""The training loop, as a generator of events."""

import copy
import math
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.files import remove_leftovers
from txt.model.build import build_model, learning_rate_scale
from txt.model.pretrained import Model, PretrainedClassifier
from txt.model.saved import save_model
from txt.model.several import write_decision, write_kind
from txt.runs.events import Evaluation, Event, Finished, Saved, Started, Warned
from txt.runs.folder import EventLog, Run, find_linked_folders
from txt.training.batches import RowNumbers
from txt.training.best_model import BestModel, Candidate
from txt.training.checkpoint import Checkpoint, TrainingProgress, load_newest_checkpoint, save_checkpoint
from txt.training.control import Controls
from txt.training.distributed import Group, join_group
from txt.training.fresh_edits import make_fresh_edits
from txt.training.gradients import BatchGradients, BatchLoss
from txt.training.head_training import HeadTraining
from txt.training.heartbeat import Heartbeat
from txt.training.linear_head import fit_first_head
from txt.training.machine import Machine, choose_machine, measure_peak_memory
from txt.training.meter import Meter
from txt.training.optimizer import FlatAdamW
from txt.training.plan import TrainingPlan
from txt.training.start import Built
from txt.training.trainable import check_trainable
from txt.training.validation import is_better, score_split

if TYPE_CHECKING:
    from txt.training.ladder.climb import Climbing

_EXPLODED = 10.0  # times the loss of guessing: no healthy training comes near
_EPOCH_CHECKPOINT_SECONDS = 60.0  # short epochs need no checkpoint each
_MOST_HALVINGS = 10


def train(
    run: Run,
    prepared: Prepared,
    stop: Callable[[], bool] = lambda: False,
    resume: Checkpoint | None = None,
    built: Built = Built(),  # noqa: B008
) -> Generator[Event, None, None]:
    """Train the run's model on prepared data, yielding events; each is written to the run's events.jsonl first.

    Closing the generator saves and stops.

    Args:
        run: the run folder, with the options to train by.
        prepared: the data.
        stop: asked after every step; True saves and ends.
        resume: the checkpoint to go on from.
        built: what is there already of what a training makes.

    Raises:
        InputError: the data cannot be trained on, or the checkpoint belongs to other options or data.
    """
    find_linked_folders(run)  # refuses checkpoints that are another run's
    config = run.config()
    check_trainable(prepared, config)
    machine = choose_machine(config, resume.settings.get("precision") if resume else None)
    training = _kind_of(config)(run, prepared, machine, join_group(), built)
    if resume:
        training.restore(resume)
    if not training.group.writes:
        yield from training.events(stop)
        return
    with EventLog(run) as log, Heartbeat(run, machine.device) as heartbeat, closing(training.events(stop)) as events:
        for folder in (run.path, run.checkpoints):
            remove_leftovers(folder)
        for event in events:
            log.write(event)
            heartbeat.hear(event)
            yield event


class Training:
    """One training as it goes on: the model, its optimizer, and how far it has come."""

    def __init__(self, run: Run, prepared: Prepared, machine: Machine, group: Group, built: Built) -> None:
        self.run, self.config, self.machine, self.group = run, run.config(), machine, group
        self.num_classes = len(prepared.labels)
        self.train, self.val = prepared.split("train"), prepared.split("val")
        self.tokenizer, self.form = prepared.path / "tokenizer", prepared.manifest.form
        self.plan = TrainingPlan(self.train.lengths, self.config)
        self.model = built.model or build_model(self.config, prepared, machine.device)
        nn.Module.to(self.model, machine.device)
        scale_of = partial(learning_rate_scale, self.model, self.config)
        self.optimizer = FlatAdamW(self.model, machine.dtype, self.config.weight_decay, scale_of)
        self.optimizer.working.train()
        self.optimizer.working.gradient_checkpointing = self.config.gradient_checkpointing
        edits = built.edits or make_fresh_edits(self.config, prepared)
        self.gradients = BatchGradients(self.train, self.num_classes, self.plan, self.optimizer, machine, group, edits)
        self.progress = TrainingProgress()
        self.meter = Meter()
        self.settings = {
            "precision": machine.precision,
            "threads": machine.threads,
            "processes": group.size,
            "fingerprint": prepared.fingerprint,
        }
        self.controls = Controls(run, group)
        self.best_model = BestModel[Model](lambda model: save_model(model, self.tokenizer, run.model), copy.deepcopy)
        self._saved_at = time.monotonic()

    def restore(self, checkpoint: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            InputError: it was made with other options, data or number of processes.
        """
        _check_same(checkpoint.settings, self.settings)
        self.progress = checkpoint.progress
        self.optimizer.load_state(checkpoint.tensors, self.progress.step)

    def events(self, stop: Callable[[], bool]) -> Generator[Event, None, None]:
        """Train to the end, until patience or `stop()` ends it, or it diverges; the last event is Finished."""
        yield self._make_started()
        status, reason = "completed", None
        try:
            if self.progress.step == 0 and self.config.fitted_head:
                yield from self._fit_head()
            while self.progress.step < self.plan.total_steps:
                problem = yield from self._take_step()
                if problem is None:
                    yield from self._finish_step()
                elif self.config.on_divergence == "rollback" and self._roll_back():
                    yield self._make_warned(f"{problem}; back at step {self.progress.step} at half the learning rate")
                else:
                    status, reason = "diverged", problem
                    break
                if 0 < self.config.patience <= self.progress.evaluations_since_best:
                    status = "early_stopped"
                    break
                ending = yield from self.controls.carry_out(self.progress, self._save, stop)
                if ending:
                    status = ending
                    break
        except GeneratorExit:
            self.best_model.try_again()
            self._save()
            raise
        if status not in ("diverged", "discarded"):
            yield from self._save()
        if status != "discarded":
            yield from self._save_waiting()
        if status in ("completed", "early_stopped"):
            yield from self._ensure_model()
            status = "failed" if self.progress.best_step is None else status
        reason = reason or self.group.tell(self.best_model.describe_problem())
        yield self._make_finished(status, reason)

    def _fit_head(self) -> Iterator[Event]:
        """Let a pretrained encoder begin with a head fitted to its embeddings, and score it: the first to beat."""
        working = self.optimizer.working
        if not isinstance(self.model, PretrainedClassifier) or not isinstance(working, PretrainedClassifier):
            return
        own = fit_first_head(working, self.train, self.num_classes, self.machine.device) if self.group.writes else None
        head = self.group.tell(own)
        if head is not None and self.model.head_on_embeddings is not None:
            head.write(self.model.head_on_embeddings)
            self.optimizer.refresh()
            yield from self._evaluate(epoch_end=False)
        working.train()

    # One step

    def _take_step(self) -> Generator[Event, None, str | None]:
        """Compute and apply one batch. Returns what is wrong with it, or None."""
        begun = time.perf_counter()
        epoch, index = divmod(self.progress.step, self.plan.steps_per_epoch)
        rows = self.plan.batches(epoch)[index]
        rate = self.plan.learning_rate(self.progress.step) * self.progress.rate_factor
        batch = yield from self._compute_batch(rows, epoch)
        if not math.isfinite(batch.loss) or batch.loss > _EXPLODED * math.log(self.num_classes):
            self.optimizer.discard()
            return self._describe_divergence(f"the loss became {batch.loss:.3g}", rate, rows)
        norm = self.optimizer.clip(self.config.max_grad_norm)
        if not math.isfinite(norm):
            self.optimizer.discard()
            return self._describe_divergence(f"the gradients' norm became {norm}", rate, rows)
        self.optimizer.step(rate)
        seconds = time.perf_counter() - begun
        self.progress.add_step(batch.loss, batch.correct, len(rows), seconds)
        self.meter.add(batch, len(rows), int(self.train.lengths[rows].sum()), norm, rate, seconds)
        return None

    def _compute_batch(self, rows: RowNumbers, epoch: int) -> Generator[Event, None, BatchLoss]:
        """Compute a batch, in twice as many pieces each time memory does not suffice. Returns its loss."""
        while True:
            try:
                return self.gradients.compute(rows, self.progress.step, epoch)
            except torch.OutOfMemoryError:
                if not self.gradients.cut_finer(rows):
                    raise
            yield self._make_warned(
                f"out of memory: batches are computed in {self.gradients.pieces} pieces from here on"
            )

    # Between steps

    def _finish_step(self) -> Iterator[Event]:
        step, config = self.progress.step, self.config
        epoch_end = step % self.plan.steps_per_epoch == 0
        if epoch_end or step % config.log_interval == 0:
            yield self.meter.event(step, self._count_epochs(), measure_peak_memory(self.machine.device))
            self.meter = Meter()
        if epoch_end or _is_due(config.eval_interval, step):
            yield from self._evaluate(epoch_end)
        waited = time.monotonic() - self._saved_at
        due = epoch_end and waited > _EPOCH_CHECKPOINT_SECONDS
        if step < self.plan.total_steps and (_is_due(config.save_interval, step) or self.group.any(due)):
            yield from self._save()

    def _evaluate(self, epoch_end: bool) -> Iterator[Event]:
        """Score the val split, and keep the model when it is the best so far."""
        progress, metric = self.progress, self.config.metric
        scored = score_split(self.optimizer.working, self.val, self.num_classes, self.machine, self.group, metric)
        score = scored.score(metric)
        waiting = self.best_model.waiting
        progress.evaluations_since_best += 1
        best = False
        if is_better(score, progress.best_score if waiting is None else waiting.score, metric):
            progress.evaluations_since_best = 0
            write_kind(self.model.config, self.val.kind)
            if scored.decision is not None:
                write_decision(self.model.config, scored.decision, self.form)
            best = yield from self._save_best(score)
        else:
            yield from self._save_waiting()
        train_loss, train_accuracy = progress.end_epoch() if epoch_end else (None, None)
        yield Evaluation(
            time=time.time(),
            step=progress.step,
            epoch=self._count_epochs(),
            epoch_end=epoch_end,
            train_loss=train_loss,
            train_accuracy=train_accuracy,
            val_loss=scored.loss,
            metrics=scored.metrics,
            metric=metric,
            score=score,
            best=best,
            best_score=score if progress.best_score is None else progress.best_score,
            confusion=scored.confusion.tolist(),
            seconds=scored.seconds,
        )

    def _roll_back(self) -> bool:
        """Go back to the newest checkpoint, or to the beginning, at half the learning rate; say whether it could."""
        factor = self.progress.rate_factor / 2
        if factor < 2**-_MOST_HALVINGS:
            return False
        checkpoint = load_newest_checkpoint(self.run.checkpoints)
        if checkpoint is None:
            return False
        before = self.progress
        self.restore(checkpoint)
        self.progress.rate_factor = factor
        # what is on the disk stays the best, though the steps that made it are undone
        self.progress.best_score, self.progress.best_step = before.best_score, before.best_step
        if before.best_step is not None and before.best_step > self.progress.step:
            self.progress.evaluations_since_best = 0
        return True

    def _save(self) -> list[Event]:
        """Write a checkpoint. When the disk refuses, warn: the one before is intact and training goes on."""
        self._saved_at = time.monotonic()
        if not self.group.writes:
            return []
        folder, keep = self.run.checkpoints, self.config.keep_checkpoints
        try:
            path = save_checkpoint(folder, self.progress, self.optimizer.state(), self.settings, keep)
        except OSError as error:
            return [self._make_warned(f"could not save a checkpoint: {error}; the one before it is intact")]
        return [self._make_saved(path, best=False)]

    def _save_best(self, score: float) -> Generator[Event, None, bool]:
        """Keep the model as the best one; return whether it is on the disk. The score counts from then on."""
        step = self.progress.step
        kept = self.best_model.keep(self.model, score, step) if self.group.writes else False
        if self.group.tell(kept):
            self.progress.best_score, self.progress.best_step = score, step
            yield self._make_saved(self.run.model, best=True)
            return True
        # other processes have to know that a better one waits
        if not self.group.writes:
            self.best_model.waiting = Candidate(self.model, score, step)
        yield self._make_warned(f"{self.best_model.describe_problem()}; it is tried again at the next evaluation")
        return False

    def _save_waiting(self) -> Iterator[Event]:
        """Try again to save a model that the disk refused."""
        waiting = self.best_model.waiting
        if waiting is None:
            return
        saved = self.best_model.try_again() is not None if self.group.writes else False
        if self.group.tell(saved):
            self.best_model.waiting = None
            self.progress.best_score, self.progress.best_step = waiting.score, waiting.step
            yield Saved(time=time.time(), step=waiting.step, path=self._relative(self.run.model), best=True)

    def _ensure_model(self) -> Iterator[Event]:
        """Score and keep the model as it is, where none is on the disk after a run was resumed at its very end."""
        if self.progress.best_step is None and self.best_model.waiting is None and self.progress.step:
            yield from self._evaluate(epoch_end=False)

    # Events

    def _count_epochs(self) -> float:
        return self.progress.step / self.plan.steps_per_epoch

    def _make_started(self) -> Started:
        return self.machine.describe_start(
            self.model,
            step=self.progress.step,
            total_steps=self.plan.total_steps,
            steps_per_epoch=self.plan.steps_per_epoch,
            epochs=self.config.num_epochs,
            train_rows=len(self.train),
        )

    def _make_saved(self, path: Path, best: bool) -> Saved:
        return Saved(time=time.time(), step=self.progress.step, path=self._relative(path), best=best)

    def _relative(self, path: Path) -> str:
        return str(path.relative_to(self.run.path))

    def _make_warned(self, message: str) -> Warned:
        return Warned(time=time.time(), step=self.progress.step, message=message)

    def _describe_divergence(self, what: str, rate: float, rows: RowNumbers) -> str:
        ids = ", ".join(str(row) for row in self.train.row_ids(rows[:8])) + (" …" if len(rows) > 8 else "")
        return f"{what} at step {self.progress.step + 1}, learning rate {rate:.2g}, rows {ids}"

    def _make_finished(self, status: str, reason: str | None) -> Finished:
        progress = self.progress
        return Finished(
            time=time.time(),
            step=progress.step,
            status=status,
            best_step=progress.best_step,
            best_epoch=None if progress.best_step is None else progress.best_step / self.plan.steps_per_epoch,
            best_score=progress.best_score,
            seconds=progress.seconds,
            rows_per_second=progress.rows / progress.seconds if progress.seconds else 0.0,
            reason=reason,
        )


def _check_same(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse a checkpoint made under settings that would change the rest of the training."""
    changed = [f"{name} was {before.get(name)}, is {now[name]}" for name in now if before.get(name) != now[name]]
    if changed:
        raise InputError(f"the checkpoint was made with other settings: {', '.join(changed)}", "resume with the same")


def _kind_of(config: TrainConfig) -> "type[Training | HeadTraining | Climbing]":
    if config.rungs:
        from txt.training.ladder.climb import Climbing  # imports scipy, which takes a second

        return Climbing
    return HeadTraining if config.few_shot or config.freeze == "all" else Training


def _is_due(interval: int, step: int) -> bool:
    return interval > 0 and step % interval == 0
