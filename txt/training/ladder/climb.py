"""Climbing the ladder: each rung is judged on rows it did not learn from, and the best one is kept.

1. logistic regression on n-grams of words and characters,
2. the same with the vectors of a frozen encoder beside it,
3. the encoder fine-tuned, with the n-grams beside it.

Train and val are learned from together: what a val split is for, folds do better. The model on the disk is at any time
the best one so far, fitted on all of these rows.
"""

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress

import numpy as np
import torch
from torch import nn

from txt.arrays import Ints
from txt.config import TrainConfig
from txt.data.label_kinds import NESTED
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.model.build import build_model, spell_pieces
from txt.model.linear import NgramClassifier
from txt.model.logistic import Linear
from txt.model.ngrams import NgramLogits
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, PretrainedClassifier
from txt.runs.events import Event, Finished, Rung, Started, Warned, Working
from txt.runs.folder import Run
from txt.training.checkpoint import Checkpoint, TrainingProgress
from txt.training.control import Controls
from txt.training.distributed import Group
from txt.training.ladder.best_rung import NAMES, BestRung, Trial
from txt.training.ladder.blend import AnyFloats
from txt.training.ladder.budget import Budget, count_affordable, default_budget
from txt.training.ladder.cross_fit import CrossFit, Prepare, cross_fit
from txt.training.ladder.encoder import explain_no_encoder, find_encoder, make_encoder_config, make_tuning_config
from txt.training.ladder.folds import find_groups
from txt.training.ladder.joined_model import (
    Candidate,
    NgramPart,
    find_cascade,
    make_ngram_model,
    put_ngrams_beside,
    save_classifier,
    scale_linear,
    write_cascade,
)
from txt.training.ladder.kinds import OneLabel, kind_of
from txt.training.ladder.learning_curve import Member, measure_learning_curve, write_learning_curve
from txt.training.ladder.ngram_rows import find_usual_share, learn_ngrams
from txt.training.ladder.out_of_fold import OutOfFold, write_out_of_fold
from txt.training.ladder.rows import JoinedRows
from txt.training.ladder.rung_events import make_started
from txt.training.ladder.tuning import Tuning
from txt.training.ladder.vectors import embed_rows, is_cached, measure_speed
from txt.training.machine import Machine, measure_peak_memory
from txt.training.start import Built

_MOST_ROWS = 200_000  # the n-grams of more outgrow a laptop's memory, and the score hardly moves
_MOST_NGRAMS = 200_000
_MOST_WEIGHTS = 5_000_000  # of n-grams times classes
_FOLDS = 5
_COSTLY = 60_000_000  # entries times classes from which three folds have to do
_FEWEST_GROUPS = 2  # of rows that belong together, for folds that keep them so
_FEW_ROWS = 1500  # below which folds are drawn three times
_TRIED_STEPS = 12  # of a fine-tuning, to know what the rest will take
_LEAST_PASSES = 2.0  # readings of a row that a step of a fine-tuning costs at least: forwards, and once more back


class Climbing:
    """One climb. It keeps no checkpoints: vectors come from the cache when it begins anew where it was stopped."""

    def __init__(self, run: Run, prepared: Prepared, machine: Machine, group: Group, _: Built) -> None:
        if group.size > 1:
            raise InputError("the ladder runs in one process", "start it without torchrun, or --recipe scratch")
        self.run, self.config, self.machine, self.group = run, run.config(), machine, group
        self.prepared = prepared
        self.rows = JoinedRows([prepared.split("train"), prepared.split("val")], _MOST_ROWS, self.config.seed)
        self.classes = len(prepared.labels)
        self.kind = kind_of(prepared, self.config.soft_labels)
        self.labels, self.targets = self.kind.read(self.rows), self.kind.read_targets(self.rows)
        self.kind.refuse_unlearnable(self.labels, prepared.path)
        self.budget = Budget(self.config.budget_seconds() or default_budget(len(self.rows)))
        self.encoder = find_encoder(self.config, prepared) if self.config.rungs > 1 else None
        self.controls = Controls(run, group)
        self.best = BestRung(run, self.kind, self.labels, self.config.metric, self._write)
        self.members: list[Member] = []
        self.step = 0
        self._ending: str | None = None
        self._is_stopped: Callable[[], bool] = lambda: False

    def restore(self, _: Checkpoint) -> None:
        """Refuse: there are no checkpoints to go on from."""
        raise InputError("the ladder has no checkpoints", "start it again under another --name")

    # The climb

    def events(self, stop: Callable[[], bool]) -> Generator[Event, None, None]:
        """Climb as far as the budget allows, or until `stop()`; the last event is Finished."""
        self._is_stopped = stop
        yield self._started(self.config.rungs)
        if self.rows.left_out:
            total = len(self.rows) + self.rows.left_out
            yield self._warned(
                f"learning from {len(self.rows):,} of {total:,} rows, drawn at random: more take too much memory"
            )
        status = "completed"
        for climb in (self._linear, self._frozen, self._tuned)[: self.config.rungs]:
            goes_on = yield from climb()
            if not goes_on:
                status = "interrupted" if self._was_told_to_stop() else "completed"
                break
            ending = yield from self._obey()
            if ending:
                status = ending
                break
        yield from self.best.save_waiting()
        if status == "completed":
            self._measure_learning_curve()
        if status == "completed" and self.best.step is None:
            status = "failed"
        yield self._finished(status)

    def _linear(self) -> Generator[Event, None, bool]:
        """Judge and fit logistic regression on n-grams."""
        begun = time.monotonic()
        ngrams = spell_pieces(self.prepared, NgramLogits(self.prepared.vocab_size, 0, 0, self.classes))
        most = min(_MOST_NGRAMS, _MOST_WEIGHTS // self.classes)
        listing = time.monotonic()
        ngram_rows = learn_ngrams(self.rows, ngrams, most)
        listed = time.monotonic() - listing
        if not len(ngrams.hashes):
            raise InputError("no text has a word in it", "`txt prepare` says what the texts are like")
        groups = find_groups(self.rows, (self.prepared.manifest.columns.get("group") or {}).get("name"))
        if len(np.unique(groups)) < _FEWEST_GROUPS:
            yield self._warned(
                "nearly all texts are alike, so they cannot be kept from the folds where others are judged: "
                "the scores of the rungs are too good"
            )
            groups = np.arange(len(self.rows))
        self.repetitions = self._folds(sum(kind.nnz for kind in ngram_rows.kinds), groups)
        fitted = self._cross_fit(ngram_rows.matrix)
        if fitted is None:
            return False
        linear = self.kind.fit(ngram_rows.matrix(), self.targets, fitted.strength)
        self.part = NgramPart(ngrams, linear, fitted.logits, find_usual_share(ngram_rows, self.repetitions[0]))
        self.members = [Member(ngram_rows.matrix, fitted.strength)]
        yield from self._judge(Trial(1, [fitted.logits], begun, self.part.size, len(self.rows) / max(listed, 1e-9)))
        return True

    def _frozen(self) -> Generator[Event, None, bool]:
        """Judge and fit logistic regression on the vectors of the encoder, blended with the first rung."""
        if self.encoder is None:
            yield from self._leave_out(2, explain_no_encoder(self.prepared))
            return True
        begun = time.monotonic()
        model = self._build_frozen(self.encoder, self.machine.device)
        self.encoder_weights = model.num_parameters()
        working = self._in_precision(model)
        need = 0.0
        if not is_cached(self.encoder, self.rows, self.machine):
            self.encoder_speed = measure_speed(Embedder(working), self.rows, self.machine)
            need = len(self.rows) / self.encoder_speed
        if need and need > self.budget.left():
            yield from self._leave_out(2, self.budget.describe_lack(need))
            return True
        embedding = embed_rows(self.encoder, working, self.rows, self.machine, self._is_stopped)
        found = yield from self._tell_progress(embedding, "vectors of the encoder")
        if found is None:
            return False
        vectors, speed = found
        scale = float(np.linalg.norm(vectors - vectors.mean(0), axis=1).mean()) or 1.0
        middle = vectors.mean(0)
        features = np.ascontiguousarray((vectors - middle) / scale, np.float32)
        fitted = self._cross_fit(lambda _: features)
        if fitted is None:
            return False
        head = self.kind.fit(features, self.targets, fitted.strength)
        weight = head.weight / scale
        self.head = Linear(weight, head.bias - middle @ weight)
        self.members.append(Member(lambda _: features, fitted.strength))
        if not speed:
            speed = measure_speed(Embedder(working), self.rows, self.machine)
        self.encoder_speed = speed
        del model, working
        logits = [self.part.logits, fitted.logits]
        yield from self._judge(Trial(2, logits, begun, self.encoder_weights + self.part.size, speed))
        return True

    def _tuned(self) -> Generator[Event, None, bool]:
        """Judge and train the encoder itself, on as many folds as there is time for."""
        if self.encoder is None:
            yield from self._leave_out(3, explain_no_encoder(self.prepared))
            return True
        begun = time.monotonic()
        config = make_tuning_config(self.config, self.encoder)
        folds = self.repetitions[0]
        count = int(folds.max()) + 1
        least = _LEAST_PASSES * config.num_epochs * len(self.rows) / self.encoder_speed
        if least > self.budget.left():
            yield from self._leave_out(3, self.budget.describe_lack(least * (2 - 1 / count)))
            return True
        logits = np.full((len(self.rows), self.classes), np.nan, np.float32)
        first = Tuning(self.prepared, config, self.machine, self.rows, np.flatnonzero(folds != 0))
        alive = yield from self._take_steps(first, min(_TRIED_STEPS, first.plan.total_steps))
        if not alive:
            return False
        whole = first.plan.total_steps * len(self.rows) / len(first.rows) * first.seconds_per_step
        judged = count_affordable(whole, self.budget.left(), count, folds)
        if judged == 0:
            yield from self._leave_out(3, self.budget.describe_lack(whole * (2 - 1 / count)))
            return True
        yield self._started(self.step + self._planned_steps(judged, config, folds))
        for fold in range(judged):
            places = np.flatnonzero(folds != fold)
            tuning = first if fold == 0 else Tuning(self.prepared, config, self.machine, self.rows, places)
            alive = yield from self._take_steps(tuning, tuning.plan.total_steps)
            if not alive:
                return False
            held_out = np.flatnonzero(folds == fold)
            logits[held_out] = predict_logits(tuning.trained(), self.rows, self.machine.device, held_out)
            del tuning
        del first
        final = Tuning(self.prepared, config, self.machine, self.rows, np.arange(len(self.rows)))
        alive = yield from self._take_steps(final, final.plan.total_steps)
        if not alive:
            return False
        final.trained()
        self.tuned = final.model
        places = np.flatnonzero(np.isfinite(logits[:, 0]))
        members = [self.part.logits[:1, places], logits[None, places]]
        speed = measure_speed(final.working, self.rows, self.machine)
        yield from self._judge(Trial(3, members, begun, self.encoder_weights + self.part.size, speed, places))
        return True

    def _measure_learning_curve(self) -> None:
        """Write how the score grows with the rows, by the linear members of the best rung of the first two.

        It is a by-product: a disk that refuses it, or somebody who does not wait, does no harm.
        """
        best, rungs = self.best.candidate, self.best.judged
        candidate = (rungs.get(2) if best is not None and best.number > 1 else None) or rungs.get(1)
        if candidate is None or self.prepared.manifest.has_several:
            return
        whole = candidate.logits.argmax(1) == self.labels[candidate.places]
        members = self.members[: len(candidate.weights)]
        curve = measure_learning_curve(
            members,
            candidate.weights,
            self.labels,
            self.classes,
            self.repetitions[0],
            whole,
            self.config.seed,
            self._was_told_to_stop,
        )
        if curve is not None:
            with suppress(OSError):
                write_learning_curve(self.run.path, curve)

    # What the rungs share

    def _folds(self, entries: int, groups: Ints) -> Ints:
        """Return the fold of each row in each repetition, (R, N)."""
        count = 3 if entries * self.classes > _COSTLY else _FOLDS
        count = max(2, min(count, len(np.unique(groups)), len(self.rows) // 2))
        repetitions = 3 if len(self.rows) < _FEW_ROWS else 1
        return np.stack(
            [self.kind.folds(self.labels, groups, count, self.config.seed + each) for each in range(repetitions)]
        )

    def _cross_fit(self, prepare: Prepare) -> CrossFit | None:
        """Judge logistic regression out of fold; None where it was stopped."""
        threads = self.machine.threads
        return cross_fit(
            prepare, self.targets, self.classes, self.repetitions, threads, self._is_stopped, kind=self.kind
        )

    def _judge(self, trial: Trial) -> Iterator[Event]:
        self.step = max(self.step, trial.number)
        yield from self.best.judge(trial, self.step)

    def _write(self, candidate: Candidate) -> None:
        """Write the model of a rung, and what it says of each row as a model that did not learn from it."""
        save_classifier(self._join(candidate), self.prepared, candidate.decision, self.run)
        places = candidate.places
        logits = np.asarray(candidate.logits, np.float64)
        write_out_of_fold(self.run.path, OutOfFold(self.rows.places[places], self.labels[places], logits))

    def _join(self, candidate: Candidate) -> NgramClassifier | PretrainedClassifier:
        """Put a rung's members, each times its weight, into one model."""
        part, share = self.part, float(np.float32(candidate.weights[0]))
        if candidate.number == 1:
            return make_ngram_model(self.prepared, part.ngrams, scale_linear(part.linear, share), part.doubt_below)
        if candidate.number == 2:
            assert self.encoder is not None
            model, head = self._build_frozen(self.encoder, torch.device("cpu")), self.head
        else:
            model, head = self.tuned, None
            nn.Module.to(model, "cpu")
        put_ngrams_beside(model, head, float(candidate.weights[1]), part, share)
        if isinstance(self.kind, OneLabel) and self.prepared.manifest.kind != NESTED:
            said = np.asarray(part.logits[0][candidate.places], np.float64) * share
            scale = float(self.kind.blend([said], self.labels[candidate.places])[0]) if share > 0 else 0.0
            write_cascade(model, find_cascade(candidate, part, scale))
        return model

    def _build_frozen(self, encoder: str, device: torch.device) -> PretrainedClassifier:
        model = build_model(make_encoder_config(self.config, encoder, freeze="all"), self.prepared, device)
        assert isinstance(model, PretrainedClassifier)
        return model

    def _in_precision(self, model: PretrainedClassifier) -> PretrainedClassifier:
        nn.Module.to(model, dtype=self.machine.dtype)
        return model.eval()

    def _planned_steps(self, judged: int, config: TrainConfig, folds: Ints) -> int:
        sizes = [int((folds != fold).sum()) for fold in range(judged)] + [len(folds)]
        steps = sum(-(-size // config.batch_size) * config.num_epochs for size in sizes)
        return steps - _TRIED_STEPS

    def _take_steps(self, tuning: Tuning, number: int) -> Generator[Event, None, bool]:
        """Take steps of a fine-tuning, and tell of them. Returns False where it was stopped."""
        taken = tuning.step
        steps = tuning.steps(number, self._was_told_to_stop)
        while True:
            try:
                meter = next(steps)
            except StopIteration as ended:
                return bool(ended.value)
            self.step += tuning.step - taken
            taken = tuning.step
            epoch = 2 + tuning.step / max(tuning.plan.total_steps, 1)
            yield meter.event(self.step, epoch, measure_peak_memory(self.machine.device))
            ending = yield from self._obey()
            if ending:
                return False

    def _obey(self) -> Generator[Event, None, str | None]:
        progress = TrainingProgress()
        progress.step = self.step
        ending = yield from self.controls.carry_out(progress, list, self._is_stopped)
        if ending:
            self._ending = ending
        return ending

    def _was_told_to_stop(self) -> bool:
        return self._is_stopped() or self._ending is not None

    def _tell_progress(
        self, work: Generator[int, None, tuple[AnyFloats, float] | None], what: str
    ) -> Generator[Event, None, tuple[AnyFloats, float] | None]:
        while True:
            try:
                done = next(work)
            except StopIteration as ended:
                found: tuple[AnyFloats, float] | None = ended.value
                return found
            yield Working(time=time.time(), step=self.step, what=what, done=done, total=len(self.rows))

    # What is told

    def _leave_out(self, number: int, reason: str) -> Iterator[Event]:
        yield Rung(time=time.time(), step=self.step, name=NAMES[number - 1], reason=reason)

    def _warned(self, message: str) -> Warned:
        return Warned(time=time.time(), step=self.step, message=message)

    def _started(self, total: int) -> Started:
        machine = self.machine
        return make_started(
            self.step,
            total,
            self.config.rungs,
            len(self.rows),
            machine.threads,
            str(machine.device),
            machine.precision,
        )

    def _finished(self, status: str) -> Finished:
        seconds, best = self.budget.spent(), self.best
        return Finished(
            time=time.time(),
            step=self.step,
            status=self._ending or status,
            best_step=best.step,
            best_epoch=None if best.number is None else float(best.number),
            best_score=best.loss,
            seconds=seconds,
            rows_per_second=len(self.rows) / seconds if seconds else 0.0,
            reason=best.describe_problem(),
        )
