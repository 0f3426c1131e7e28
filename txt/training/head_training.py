"""Training a head alone, on embeddings that are computed once, or after the encoder has learned by contrast.

For few labels: the encoder first learns to bring rows of a class together and to push others apart, of which a handful
of rows gives many pairs; then a linear head is fitted. Source: Tunstall et al. 2022, "Efficient Few-Shot Learning
Without Prompts" (SetFit), with the loss of Khosla et al. 2020, "Supervised Contrastive Learning".
"""

import copy
import time
from collections.abc import Callable, Generator, Iterator
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.model.build import build_model, learning_rate_scale
from txt.model.dropout import Dropout, draw_mask_pool
from txt.model.pretrained import PretrainedClassifier
from txt.model.saved import save_model
from txt.model.several import write_decision, write_kind
from txt.runs.events import Evaluation, Event, Finished, Saved, Started, Warned
from txt.runs.folder import Run
from txt.training.batches import RowNumbers
from txt.training.best_model import BestModel
from txt.training.checkpoint import Checkpoint
from txt.training.distributed import Group
from txt.training.gradients import BatchLoss
from txt.training.linear_head import STRENGTHS, Head, embed_split, fit_head, fit_set_head
from txt.training.machine import Machine, measure_peak_memory
from txt.training.meter import Meter
from txt.training.optimizer import FlatAdamW
from txt.training.plan import derive_seed, linear_with_warmup
from txt.training.start import Built
from txt.training.validation import ValidationScores, is_better, score_logits

TEMPERATURE = 0.07
STEPS_PER_ROUND = 50
_ROWS_OF_A_CLASS = 4  # in a batch


class HeadTraining:
    """Fits a linear head; with `few_shot`, again after each of `num_epochs` rounds of contrastive training.

    It keeps no checkpoints: it takes seconds to minutes, and starts again from the beginning after a stop.
    """

    def __init__(self, run: Run, prepared: Prepared, machine: Machine, group: Group, built: Built) -> None:
        if group.size > 1:
            raise InputError("--freeze all and --few-shot train in one process", "start it without torchrun")
        self.run, self.config, self.machine, self.group = run, run.config(), machine, group
        self.train, self.val = prepared.split("train"), prepared.split("val")
        self.num_classes = len(prepared.labels)
        self.several = prepared.manifest.has_several
        self.targets = self.train.label_sets.matrix(self.num_classes) if self.several else None
        self.tokenizer, self.form = prepared.path / "tokenizer", prepared.manifest.form
        model = built.model or build_model(self.config, prepared, machine.device)
        nn.Module.to(model, machine.device)
        if not isinstance(model, PretrainedClassifier):
            raise InputError(f"`{self.config.pretrained}` is not a pretrained encoder", "--from minilm is one")
        self.model = model
        scale_of = partial(learning_rate_scale, self.model, self.config)
        self.optimizer = FlatAdamW(model, machine.dtype, self.config.weight_decay, scale_of)
        working = self.optimizer.working
        assert isinstance(working, PretrainedClassifier)
        self.working = working
        self.rounds = self.config.num_epochs if self.config.few_shot else 0
        self.step = 0
        self.best_step: int | None = None
        self.best_score: float | None = None
        self.best_model = BestModel[PretrainedClassifier](
            lambda model: save_model(model, self.tokenizer, run.model), copy.deepcopy
        )
        self.meter = Meter()
        self._begun = time.monotonic()

    def restore(self, _: Checkpoint) -> None:
        """Refuse: there are no checkpoints to go on from."""
        raise InputError("a training of the head alone has no checkpoints", "start it again under another --name")

    def events(self, stop: Callable[[], bool]) -> Generator[Event, None, None]:
        """Train to the end or until `stop()`; the last event is Finished."""
        yield self._make_started()
        self.step = 0 if self.rounds else 1
        yield from self._fit(0)
        status = "completed"
        for number in range(1, self.rounds + 1):
            yield from self._contrast(number, stop)
            if stop():
                status = "interrupted"
                break
            yield from self._fit(number)
        yield from self._save_waiting()
        if status == "completed" and self.best_step is None:
            status = "failed"
        yield self._make_finished(status)

    # The encoder

    def _contrast(self, number: int, stop: Callable[[], bool]) -> Iterator[Event]:
        """Train the encoder for one round."""
        total = self.rounds * STEPS_PER_ROUND
        pool = draw_mask_pool(self.config.dropout, self._derive_seed(number), self.machine.dtype, self.machine.device)
        self.working.train()
        for _ in range(STEPS_PER_ROUND):
            begun = time.perf_counter()
            rows = self._draw_batch()
            token_ids, lengths = self.train.gather(rows)
            inputs = torch.from_numpy(token_ids).to(self.machine.device)
            alike = torch.from_numpy(self._compare_labels(rows)).to(self.machine.device)
            drop = Dropout(pool, self._derive_seed(number, self.step))
            found = self.working.embed(inputs, lengths.tolist(), drop).float()  # (B, D)
            loss = contrastive_loss(found, alike)
            loss.backward()
            self.optimizer.collect()
            norm = self.optimizer.clip(self.config.max_grad_norm)
            rate = self.config.learning_rate * linear_with_warmup(self.step, total // 10, total)
            self.optimizer.step(rate)
            self.step += 1
            seconds = time.perf_counter() - begun
            batch = BatchLoss(loss.item(), count_nearest_right(found, alike))
            self.meter.add(batch, len(rows), int(lengths.sum()), norm, rate, seconds)
            if stop():
                break
        yield self.meter.event(self.step, self.step / STEPS_PER_ROUND, measure_peak_memory(self.machine.device))
        self.meter = Meter()

    def _draw_batch(self) -> RowNumbers:
        """Draw the rows of a step, sorted by length: some classes, and a few rows of each."""
        draw = np.random.default_rng(self._derive_seed(self.step, 1))
        present, counts = self._count_labels()
        wanted = min(len(present), max(2, self.config.batch_size // _ROWS_OF_A_CLASS))
        each = max(2, self.config.batch_size // wanted)
        chosen_labels = draw.choice(present, wanted, replace=False)
        if counts[np.searchsorted(present, chosen_labels)].max() < 2:  # rows alone in their class teach nothing
            chosen_labels[0] = draw.choice(present[counts > 1])
        rows = [draw.permutation(self._rows_with(label))[:each] for label in chosen_labels.tolist()]
        chosen = np.unique(np.concatenate(rows)) if self.several else np.concatenate(rows)
        return chosen[np.argsort(self.train.lengths[chosen], kind="stable")]

    def _count_labels(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the labels that train rows have, and how many have each."""
        if self.targets is None:
            return np.unique(self.train.labels, return_counts=True)
        counts = self.targets.sum(0)
        present = np.flatnonzero(counts)
        return present, counts[present]

    def _rows_with(self, label: int) -> RowNumbers:
        """Return the train rows that have a label."""
        holds = self.train.labels == label if self.targets is None else self.targets[:, label]
        return np.flatnonzero(holds)

    def _compare_labels(self, rows: RowNumbers) -> npt.NDArray[np.float32]:
        """Return how alike the labels of rows are, (B, B): 1 or 0, or the share that two rows' sets have in common."""
        if self.targets is None:
            labels = self.train.labels[rows]
            return np.asarray(labels[:, None] == labels, np.float32)
        sets = self.targets[rows].astype(np.float32)
        both, sizes = sets @ sets.T, sets.sum(1)
        return np.asarray(both / np.maximum(sizes[:, None] + sizes - both, 1), np.float32)

    def _derive_seed(self, *purpose: int) -> int:
        return derive_seed(self.config.seed, *purpose)

    # The head

    def _fit(self, number: int) -> Iterator[Event]:
        """Fit the head, at the strength with the lowest val loss, and keep the model when it is the best so far."""
        begun = time.perf_counter()
        train, val = (embed_split(self.working, split, self.machine.device) for split in (self.train, self.val))
        metric = self.config.metric
        best: tuple[float, Head] | None = None
        for strength in STRENGTHS:
            head = (
                fit_head(train, self.train.labels, self.num_classes, strength)
                if self.targets is None
                else fit_set_head(train, self.targets, strength)
            )
            loss = self._score_val(head.logits(val)).loss
            if best is None or loss < best[0]:
                best = loss, head
        assert best is not None
        head = best[1]
        score = self._score(head.logits(val), metric)
        waiting, is_best = self.best_model.waiting, False
        if is_better(score, self.best_score if waiting is None else waiting.score, metric):
            head.write(self.model.model.get_submodule("classifier"))
            write_kind(self.model.config, self.val.kind)
            decision = self._score_val(head.logits(val)).decision
            if decision is not None:
                write_decision(self.model.config, decision, self.form)
            is_best = self.best_model.keep(self.model, score, self.step)
            if is_best:
                self.best_score, self.best_step = score, self.step
            else:
                message = f"{self.best_model.describe_problem()}; it is tried again"
                yield Warned(time=time.time(), step=self.step, message=message)
        yield self._make_evaluation(number, head.logits(train), head.logits(val), score, is_best, begun)
        if is_best:
            yield self._make_saved(self.step)
        else:
            yield from self._save_waiting()

    def _save_waiting(self) -> Iterator[Event]:
        """Try again to save a model that the disk refused."""
        saved = self.best_model.try_again()
        if saved is not None:
            self.best_score, self.best_step = saved.score, saved.step
            yield self._make_saved(saved.step)

    def _make_saved(self, step: int) -> Saved:
        return Saved(time=time.time(), step=step, path=str(self.run.model.relative_to(self.run.path)), best=True)

    def _score(self, logits: npt.NDArray[np.float32], metric: str) -> float:
        return self._score_val(logits).score(metric)

    def _score_val(self, logits: npt.NDArray[np.float32]) -> ValidationScores:
        return score_logits(logits, self.val, self.num_classes, self.config.metric, time.perf_counter())

    # Events

    def _make_started(self) -> Started:
        return self.machine.describe_start(
            self.model,
            step=0,
            total_steps=self.rounds * STEPS_PER_ROUND or 1,
            steps_per_epoch=STEPS_PER_ROUND if self.rounds else 1,
            epochs=self.rounds or 1,
            train_rows=len(self.train),
        )

    def _make_evaluation(
        self,
        number: int,
        train: npt.NDArray[np.float32],
        val: npt.NDArray[np.float32],
        score: float,
        is_best: bool,
        begun: float,
    ) -> Evaluation:
        scored = self._score_val(val)
        learned = score_logits(train, self.train, self.num_classes, self.config.metric, begun)
        return Evaluation(
            time=time.time(),
            step=self.step,
            epoch=float(number),
            epoch_end=True,
            train_loss=learned.loss,
            train_accuracy=learned.metrics["accuracy"],
            val_loss=scored.loss,
            metrics=scored.metrics,
            metric=self.config.metric,
            score=score,
            best=is_best,
            best_score=score if self.best_score is None else self.best_score,
            confusion=scored.confusion.tolist(),
            seconds=time.perf_counter() - begun,
        )

    def _make_finished(self, status: str) -> Finished:
        seconds = time.monotonic() - self._begun
        return Finished(
            time=time.time(),
            step=self.step,
            status=status,
            best_step=self.best_step,
            best_epoch=None if self.best_step is None else float(self.best_step // STEPS_PER_ROUND),
            best_score=self.best_score,
            seconds=seconds,
            rows_per_second=(len(self.train) + len(self.val)) * (self.rounds + 1) / seconds,
            reason=self.best_model.describe_problem(),
        )


def contrastive_loss(embeddings: Tensor, alike: Tensor) -> Tensor:
    """Return the supervised contrastive loss (Khosla et al. 2020, equation 2) of embeddings (B, D).

    `alike` (B, B) says how much two rows belong together: 1 for rows of one class, 0 for others, and for sets of labels
    something between, by which each pair is weighted. Each row is to be more similar to its like than to the rest; a
    row that is like no other only counts as one of the others.
    """
    unit = F.normalize(embeddings, dim=1)
    others = ~torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    similarity = (unit @ unit.T / TEMPERATURE).masked_fill(~others, float("-inf"))  # (B, B)
    log_share = similarity - similarity.logsumexp(1, keepdim=True)
    weights = alike * others
    totals = weights.sum(1)
    if not totals.any():
        return embeddings.sum() * 0
    mean = (log_share.masked_fill(~others, 0.0) * weights).sum(1) / totals.clamp(min=1e-9)
    return -mean[totals > 0].mean()


def count_nearest_right(embeddings: Tensor, alike: Tensor) -> int:
    """Return how many of some rows (B, D) have one that is fully alike as the most similar other one."""
    unit = F.normalize(embeddings.detach(), dim=1)
    similarity = (unit @ unit.T).fill_diagonal_(float("-inf"))
    return int((alike.gather(1, similarity.argmax(1, keepdim=True)) >= 1).sum())
