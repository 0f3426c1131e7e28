"""Climbing the ladder: each rung is judged on rows it did not learn from, and the best one is kept.

1. logistic regression on n-grams of words and characters,
2. the same with the vectors of a frozen encoder beside it,
3. the encoder fine-tuned, with the n-grams beside it.

Train and val are learned from together: what a val split is for, folds do better. The model on the disk is at any time
the best one so far, fitted on all of these rows.
"""

import os
import socket
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from txt.arrays import Floats, Ints
from txt.config import TrainConfig
from txt.data.label_kinds import NESTED
from txt.data.prepared import Prepared
from txt.durations import format_duration
from txt.errors import InputError
from txt.label_set_metrics import Decision
from txt.model import encoders
from txt.model.build import build_model, spell_pieces
from txt.model.cascade import KEY as CASCADE
from txt.model.cascade import Cascade, choose_cascade
from txt.model.linear import NgramClassifier
from txt.model.logistic import Linear
from txt.model.model_config import NgramClassifierConfig
from txt.model.ngrams import NgramLogits
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, PretrainedClassifier, SentenceClassifier
from txt.model.saved import save_model
from txt.model.several import write_decision, write_kind
from txt.ordered_classes import OrderedDecision
from txt.proportions import normal_quantile, wilson_interval
from txt.recipes import LADDER_TUNING, choose_new_defaults
from txt.runs.events import Evaluation, Event, Finished, Rung, Saved, Started, Warned, Working
from txt.runs.folder import Run
from txt.training.best_model import BestModel
from txt.training.checkpoint import Checkpoint
from txt.training.control import Controls
from txt.training.distributed import Group
from txt.training.ladder.blend import AnyFloats
from txt.training.ladder.cross_fit import CrossFit, Prepare, cross_fit
from txt.training.ladder.kinds import OneLabel, kind_of
from txt.training.ladder.learning_curve import Member, measure_learning_curve, write_learning_curve
from txt.training.ladder.ngram_rows import NgramRows, learn_ngrams
from txt.training.ladder.out_of_fold import OutOfFold, write_out_of_fold
from txt.training.ladder.rows import JoinedRows
from txt.training.ladder.tuning import Tuning
from txt.training.ladder.vectors import embed_rows, is_cached
from txt.training.machine import Machine, measure_peak_memory
from txt.training.start import Built

NAMES = ("n-grams", "n-grams + frozen encoder", "n-grams + fine-tuned encoder")
"""What the rungs are called."""

_MOST_ROWS = 200_000  # the n-grams of more outgrow a laptop's memory, and the score hardly moves
_MOST_NGRAMS = 200_000
_MOST_WEIGHTS = 5_000_000  # of n-grams times classes
_FOLDS = 5
_COSTLY = 60_000_000  # entries times classes from which three folds have to do
_FEWEST_GROUPS = 2  # of rows that belong together, for folds that keep them so
_FEW_ROWS = 1500  # below which folds are drawn three times
_TRIED_STEPS = 12  # of a fine-tuning, to know what the rest will take
_LEAST_PASSES = 2.0  # readings of a row that a step of a fine-tuning costs at least: forwards, and once more back
_UNUSUAL = 0.01  # of the rows: a text that knows less of its n-grams than they do is unlike anything seen
_FEWEST_JUDGED = 100  # rows that a fine-tuning is judged on at least


@dataclass(frozen=True)
class Candidate:
    """A rung's logits (N, C) on the rows that it was judged on, `places` among all; blended of its `members`.

    `decision` says from which probability labels hold where rows have several, and how one of classes in an order is
    chosen.
    """

    number: int
    places: Ints
    logits: AnyFloats
    weights: Floats
    decision: Decision | OrderedDecision | None = None


class Climbing:
    """One climb. It keeps no checkpoints: vectors come from the cache when it begins anew where it was stopped."""

    def __init__(self, run: Run, prepared: Prepared, machine: Machine, group: Group, _: Built) -> None:
        if group.size > 1:
            raise InputError("the ladder runs in one process", "start it without torchrun, or --recipe scratch")
        self.run, self.config, self.machine, self.group = run, run.config(), machine, group
        self.prepared = prepared
        self.rows = JoinedRows([prepared.split("train"), prepared.split("val")], _MOST_ROWS, self.config.seed)
        self.classes = len(prepared.labels)
        self.kind = kind_of(prepared)
        self.labels = self.kind.read(self.rows)
        self.kind.refuse_unlearnable(self.labels, prepared.path)
        self.budget = self.config.budget_seconds() or default_budget(len(self.rows))
        self.encoder = encoder_of(self.config, prepared) if self.config.rungs > 1 else None
        self.controls = Controls(run, group)
        self.tokenizer = prepared.path / "tokenizer"
        self.best: Candidate | None = None  # of those that were judged; on the disk unless it waits
        self.best_model = BestModel[Candidate](self._write)
        self.judged: dict[int, Candidate] = {}
        self.members: list[Member] = []
        self.step = 0
        self._best_step: int | None = None
        self._best_number: int | None = None
        self._best_loss: float | None = None
        self._begun = time.monotonic()
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
        yield from self._save_waiting()
        if status == "completed":
            self._measure_learning_curve()
        if status == "completed" and self._best_step is None:
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
        groups = self._find_groups()
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
        features = ngram_rows.matrix()
        self.linear = self.kind.fit(features, self.labels, fitted.strength)
        self.ngrams = ngrams
        self.linear_logits = fitted.logits
        self.doubt_below = find_usual_share(ngram_rows, self.repetitions[0])
        self.members = [Member(ngram_rows.matrix, fitted.strength)]
        speed = len(self.rows) / max(listed, 1e-9)
        self.linear_speed = speed
        yield from self._judge(1, [fitted.logits], begun, self.linear.weight.size, speed)
        return True

    def _frozen(self) -> Generator[Event, None, bool]:
        """Judge and fit logistic regression on the vectors of the encoder, blended with the first rung."""
        if self.encoder is None:
            yield from self._leave_out(2, why_no_encoder(self.prepared))
            return True
        begun = time.monotonic()
        model = build_model(self._encoder_config(freeze="all"), self.prepared, self.machine.device)
        assert isinstance(model, PretrainedClassifier)
        self.encoder_weights = model.num_parameters()
        working = self._in_precision(model)
        need = 0.0
        if not is_cached(self.encoder, self.rows, self.machine):
            self.encoder_speed = self._embedding_speed(Embedder(working))
            need = len(self.rows) / self.encoder_speed
        if need and need > self._seconds_left():
            yield from self._leave_out(2, self._describe_lack(need))
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
        head = self.kind.fit(features, self.labels, fitted.strength)
        weight = head.weight / scale
        self.head = Linear(weight, head.bias - middle @ weight)
        self.members.append(Member(lambda _: features, fitted.strength))
        if not speed:
            speed = self._embedding_speed(Embedder(working))
        self.encoder_speed = speed
        del model, working
        members = [self.linear_logits, fitted.logits]
        yield from self._judge(2, members, begun, self.encoder_weights + self.linear.weight.size, speed)
        return True

    def _tuned(self) -> Generator[Event, None, bool]:
        """Judge and train the encoder itself, on as many folds as there is time for."""
        if self.encoder is None:
            yield from self._leave_out(3, why_no_encoder(self.prepared))
            return True
        begun = time.monotonic()
        config = self._tuning_config()
        folds = self.repetitions[0]
        count = int(folds.max()) + 1
        least = _LEAST_PASSES * config.num_epochs * len(self.rows) / self.encoder_speed
        if least > self._seconds_left():
            yield from self._leave_out(3, self._describe_lack(least * (2 - 1 / count)))
            return True
        logits = np.full((len(self.rows), self.classes), np.nan, np.float32)
        first = Tuning(self.prepared, config, self.machine, self.rows, np.flatnonzero(folds != 0))
        alive = yield from self._take_steps(first, min(_TRIED_STEPS, first.plan.total_steps))
        if not alive:
            return False
        whole = first.plan.total_steps * len(self.rows) / len(first.rows) * first.seconds_per_step
        judged = self._affordable(whole, self._seconds_left(), count, folds)
        if judged == 0:
            yield from self._leave_out(3, self._describe_lack(whole * (2 - 1 / count)))
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
        members = [self.linear_logits[:1, places], logits[None, places]]
        speed = self._embedding_speed(final.working)
        weights = self.encoder_weights + self.linear.weight.size
        yield from self._judge(3, members, begun, weights, speed, places)
        return True

    def _measure_learning_curve(self) -> None:
        """Write how the score grows with the rows, by the linear members of the best rung of the first two.

        It is a by-product: a disk that refuses it, or somebody who does not wait, does no harm.
        """
        judged = self.judged.get(2) if self.best is not None and self.best.number > 1 else None
        candidate = judged or self.judged.get(1)
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

    def _find_groups(self) -> Ints:
        """Return the group (N,) of each row: rows of one group are never on both sides of a fold."""
        from txt.data.near_duplicates import near_duplicates

        groups = near_duplicates(self.rows.texts())
        column = (self.prepared.manifest.columns.get("group") or {}).get("name")
        if column and (named := self.rows.column(column)) is not None:
            groups = _joined(groups, np.unique(named, return_inverse=True)[1])
        return groups

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
            prepare, self.labels, self.classes, self.repetitions, threads, self._is_stopped, kind=self.kind
        )

    def _judge(
        self,
        number: int,
        members: list[npt.NDArray[np.float32]],
        begun: float,
        weights: int,
        speed: float,
        places: Ints | None = None,
    ) -> Iterator[Event]:
        """Blend a rung's members (R, n, C) on the rows at `places`, judge it, and keep it if it is the best."""
        at = np.arange(len(self.rows)) if places is None else places
        repeated = np.concatenate([self.labels[at]] * len(members[0]))
        stacked = [each.reshape(-1, self.classes) for each in members]
        blend = self.kind.blend(stacked, repeated)
        candidate = Candidate(number, at, self.kind.mix([each[0] for each in members], blend), blend)
        losses = self.kind.losses(self.kind.mix(stacked, blend), repeated)
        by_row = losses.reshape(len(members[0]), -1).mean(0)
        loss = float(by_row.mean())
        reach = normal_quantile(0.95) * float(by_row.std()) / np.sqrt(len(by_row))
        before = None if self.best is None else self._loss_at(self.best, at)
        self.step = max(self.step, number)
        best = before is None or float(self.kind.losses(candidate.logits, self.labels[at]).mean()) < before
        judged = self.kind.judge(candidate.logits, self.labels[at], self.config.metric)
        candidate = replace(candidate, decision=judged.decision)
        self.judged[number] = candidate
        right = wilson_interval(int(judged.right.sum()), len(at))
        kept = False
        if best:
            self.best = candidate
            kept = self.best_model.keep(candidate, loss, self.step)
            if kept:
                self._best_loss, self._best_step, self._best_number = loss, self.step, number
            else:
                yield self._warned(f"{self.best_model.describe_problem()}; it is tried again after the next rung")
        yield Evaluation(
            time=time.time(),
            step=self.step,
            epoch=float(number),
            epoch_end=True,
            train_loss=None,
            train_accuracy=None,
            val_loss=loss,
            metrics=judged.metrics,
            metric="loss",
            score=loss,
            best=kept,
            best_score=self._best_loss if self._best_loss is not None else loss,
            confusion=judged.confusion.tolist(),
            seconds=time.monotonic() - begun,
        )
        yield Rung(
            time=time.time(),
            step=self.step,
            name=NAMES[number - 1],
            rows=len(at),
            log_loss=[loss, loss - reach, loss + reach],
            accuracy=[right.value, right.low, right.high],
            seconds=time.monotonic() - begun,
            weights=weights,
            rows_per_second=speed,
            kept=best,
        )
        if kept:
            yield self._saved(self.step)
        elif not best:
            yield from self._save_waiting()

    def _loss_at(self, candidate: Candidate, places: Ints) -> float:
        kept = np.isin(candidate.places, places)
        return float(self.kind.losses(candidate.logits[kept], self.labels[candidate.places[kept]]).mean())

    def _write(self, candidate: Candidate) -> None:
        """Write the model of a rung, and what it says of each row as a model that did not learn from it."""
        model = self._model(candidate)
        write_kind(model.config, self.prepared.manifest.kind)
        if candidate.decision is not None:
            write_decision(model.config, candidate.decision, self.prepared.manifest.form)
        save_model(model, self.tokenizer, self.run.model)
        places = candidate.places
        logits = np.asarray(candidate.logits, np.float64)
        write_out_of_fold(self.run.path, OutOfFold(self.rows.places[places], self.labels[places], logits))

    def _save_waiting(self) -> Iterator[Event]:
        """Try again to save a model that the disk refused."""
        saved = self.best_model.try_again()
        if saved is not None:
            self._best_loss, self._best_step, self._best_number = saved.score, saved.step, saved.model.number
            yield self._saved(saved.step)

    def _saved(self, step: int) -> Saved:
        return Saved(time=time.time(), step=step, path=str(self.run.model.relative_to(self.run.path)), best=True)

    def _model(self, candidate: Candidate) -> NgramClassifier | PretrainedClassifier:
        """Put a rung's members, each times its weight, into one model."""
        share = np.float32(candidate.weights[0])
        with torch.no_grad():
            self.ngrams.weight.copy_(torch.from_numpy(self.linear.weight * share))
        bias = torch.from_numpy(self.linear.bias * share)
        if candidate.number == 1:
            return self._ngram_model(bias)
        if candidate.number == 2:
            model = build_model(self._encoder_config(freeze="all"), self.prepared, torch.device("cpu"))
            assert isinstance(model, PretrainedClassifier)
        else:
            model = self.tuned
            nn.Module.to(model, "cpu")
        native = model.model
        assert isinstance(native, SentenceClassifier)
        head = self.head if candidate.number == 2 else _read_head(native.classifier)
        beside = np.float32(candidate.weights[1])
        state = {
            "weight": torch.from_numpy(head.weight.T * beside),
            "bias": torch.from_numpy(head.bias * beside) + bias,
        }
        native.classifier.load_state_dict(state)
        native.ngrams = self.ngrams
        native.config.ngrams = len(self.ngrams.hashes)
        native.config.values["doubt_below"] = self.doubt_below
        cascade = self._choose_cascade(candidate, share)
        if cascade is not None:
            native.config.values[CASCADE] = cascade.to_json()
        native.config.ngram_hashing = self.ngrams.hashing
        native.config.ngram_pieces, native.config.ngram_characters = (
            len(self.ngrams.inside),
            len(self.ngrams.characters),
        )
        return model

    def _choose_cascade(self, candidate: Candidate, share: np.float32) -> Cascade | None:
        """Find out of fold of which rows the n-grams are sure; None where they never are, or a row has several labels.

        The cascade is about the part of n-grams in this model, which is what they say times their weight.
        """
        if share <= 0 or not isinstance(self.kind, OneLabel) or self.prepared.manifest.kind == NESTED:
            return None
        part = np.asarray(self.linear_logits[0][candidate.places], np.float64) * float(share)
        scale = float(self.kind.blend([part], self.labels[candidate.places])[0])
        if scale <= 0:
            return None
        bias = tuple((self.linear.bias * share).tolist())
        alone, whole = (_answer(logits, candidate.decision) for logits in (part * scale, candidate.logits))
        return choose_cascade(part * scale, alone, whole, bias, scale)

    def _ngram_model(self, bias: torch.Tensor) -> NgramClassifier:
        labels = dict(enumerate(self.prepared.labels))
        model = NgramClassifier(
            NgramClassifierConfig(
                vocab_size=self.prepared.vocab_size,
                max_length=self.prepared.manifest.max_length,
                pad_token_id=self.prepared.pad_token_id,
                id2label=labels,
                label2id={label: number for number, label in labels.items()},
                ngrams=len(self.ngrams.hashes),
                ngram_characters=len(self.ngrams.characters),
                ngram_hashing=self.ngrams.hashing,
                doubt_below=self.doubt_below,
            )
        )
        model.ngrams = self.ngrams
        with torch.no_grad():
            model.bias.copy_(bias)
        return model

    def _in_precision(self, model: PretrainedClassifier) -> PretrainedClassifier:
        nn.Module.to(model, dtype=self.machine.dtype)
        return model.eval()

    def _embedding_speed(self, model: PretrainedClassifier | Embedder) -> float:
        """Return the rows that an encoder reads a second, from a few of them."""
        places = np.linspace(0, len(self.rows) - 1, min(len(self.rows), 256), dtype=np.int64)
        begun = time.monotonic()
        predict_logits(model, self.rows, self.machine.device, places)
        return len(places) / max(time.monotonic() - begun, 1e-9)

    # Fine-tuning

    def _tuning_config(self) -> TrainConfig:
        """Return the options of a fine-tuning on the third rung: those of `--from`, with a few of its own."""
        return self._encoder_config(**{**choose_new_defaults({"pretrained": self.encoder}), **LADDER_TUNING})

    def _encoder_config(self, **options: Any) -> TrainConfig:
        """Return options of a training that begins with the encoder, on the machine of this one."""
        return TrainConfig().with_options(
            **options,
            pretrained=self.encoder,
            seed=self.config.seed,
            device=self.config.device,
            precision=self.config.precision,
            threads=self.config.threads,
        )

    def _seconds_left(self) -> float:
        return self.budget - (time.monotonic() - self._begun)

    def _describe_lack(self, need: float) -> str:
        left, budget = self._seconds_left(), format_duration(self.budget)
        rest = f"{format_duration(left)} of the {budget} of the budget are left"
        if left < 1:
            rest = f"the {budget} of the budget are used up"
        return f"takes about {format_duration(need)}, and {rest}"

    def _affordable(self, whole: float, left: float, count: int, folds: Ints) -> int:
        """Return on how many folds a fine-tuning can be judged before one on all rows takes the rest; 0 for none.

        Args:
            whole: seconds of a fine-tuning on all rows.
            left: seconds of the budget.
            count: folds there are.
            folds: of each row.
        """
        each = whole * (1 - 1 / count)
        judged = min(count, int((left - whole) / each)) if each > 0 else count
        if judged < 1 or int((folds < judged).sum()) < min(_FEWEST_JUDGED, len(folds)):
            return 0
        return judged

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
        from txt.training.checkpoint import TrainingProgress

        progress = TrainingProgress()
        progress.step = self.step
        ending = yield from self.controls.carry_out(progress, list, self._is_stopped)
        if ending:
            self._ending = ending
        return ending

    def _was_told_to_stop(self) -> bool:
        return self._is_stopped() or getattr(self, "_ending", None) is not None

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
        return Started(
            time=time.time(),
            step=self.step,
            total_steps=total,
            steps_per_epoch=1,
            epochs=self.config.rungs,
            train_rows=len(self.rows),
            parameters=0,
            device=str(self.machine.device),
            precision=self.machine.precision,
            threads=self.machine.threads,
            pid=os.getpid(),
            host=socket.gethostname(),
        )

    def _finished(self, status: str) -> Finished:
        seconds = time.monotonic() - self._begun
        ending = getattr(self, "_ending", None)
        return Finished(
            time=time.time(),
            step=self.step,
            status=ending or status,
            best_step=self._best_step,
            best_epoch=None if self._best_number is None else float(self._best_number),
            best_score=self._best_loss,
            seconds=seconds,
            rows_per_second=len(self.rows) / seconds if seconds else 0.0,
            reason=self.best_model.describe_problem(),
        )


def find_usual_share(rows: NgramRows, folds: Ints) -> float:
    """Return the share of a text's runs of characters that all but one row in a hundred know of rows like them."""
    shares = np.empty(len(folds))
    for fold in range(int(folds.max()) + 1):
        judged = folds == fold
        shares[judged] = rows.measure_known_shares(np.flatnonzero(~judged))[judged]
    return round(float(np.quantile(shares, _UNUSUAL)), 4)


def _answer(logits: AnyFloats, decision: Decision | OrderedDecision | None) -> Ints:
    """Return the class (N,) that a model answers whose logits (N, C) these are."""
    if not isinstance(decision, OrderedDecision):
        return np.asarray(np.asarray(logits).argmax(1), np.int64)
    exact = np.asarray(logits, np.float64)
    return np.asarray(decision.decide(np.exp(exact - np.logaddexp.reduce(exact, axis=1, keepdims=True))), np.int64)


def _read_head(layer: nn.Linear) -> Linear:
    return Linear(layer.weight.detach().float().numpy().T, layer.bias.detach().float().numpy())


def default_budget(rows: int) -> float:
    """Return the seconds that a climb on so many rows may take where nothing is said."""
    return float(min(1800.0, 90.0 + 0.06 * rows))


def encoder_of(config: TrainConfig, prepared: Prepared) -> str | None:
    """Return the encoder that a climb uses: the one named, or the one with whose tokenizer the data was prepared."""
    if config.pretrained is not None:
        return config.pretrained
    name = str(prepared.manifest.tokenizer.get("name"))
    return name if name in encoders.NAMES else None


def why_no_encoder(prepared: Prepared) -> str:
    """Say why a climb has no encoder."""
    installed = encoders.installed_encoders()
    if not installed:
        return f"no encoder is installed: {encoders.INSTALL}"
    known = prepared.manifest.tokenizer.get("kind", "another")
    return f"the data has a {known} tokenizer: txt prepare DATA --tokenizer {installed[0]} takes the encoder's"


def _joined(one: Ints, other: Ints) -> Ints:
    """Return groups of rows that either grouping puts together, by itself or through others."""
    from scipy import sparse
    from scipy.sparse.csgraph import connected_components

    rows = np.arange(len(one))
    links = sparse.coo_matrix(
        (np.ones(2 * len(one)), (np.tile(rows, 2), np.concatenate([len(one) + one, len(one) + one.max() + 1 + other]))),
        shape=(len(one) + int(one.max()) + int(other.max()) + 2,) * 2,
    )
    return np.asarray(connected_components(links, directed=False)[1][: len(one)], np.int64)
