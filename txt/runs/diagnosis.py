"""Advice from the learning curves of a training: what is wrong, and which flag to try next.

Each check looks for one pattern and reports it only when it is clear: a false alarm on a healthy run costs the reader
more than a missed problem.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from txt.arrays import Floats, Ints
from txt.config import TrainConfig
from txt.idle_options import keep_effective_flags
from txt.metrics import SUBSET
from txt.proportions import Interval
from txt.recipes import PRESETS
from txt.runs.curves import Curves, collect_curves, has_fallen, score
from txt.runs.events import Event

CLEAR_RISE = 1.10  # of the val loss above its lowest; less is the noise of a small val split
STEEP_RISE = 1.25  # is clear after a single epoch
WIDE_GAP = 0.15  # between the accuracies on train and val
SLOW_SECONDS = 60.0  # nobody needs advice on the speed of a shorter run
EARLY = 0.3  # of a training: before that, warm-up alone can explain why nothing is learned yet
BALANCED = 1.5  # times the rows of the smallest class: weights would hardly differ
MIN_CLASS_ROWS = 10  # a class with fewer val rows may stay unpredicted by chance


@dataclass(frozen=True)
class Advice:
    """A finding in a sentence, the epoch since which it holds, and the flags to try, ready to paste."""

    kind: str
    message: str
    flags: tuple[str, ...] = ()
    since_epoch: float | None = None


@dataclass(frozen=True)
class TrainingFacts:
    """What is known beside the events, as far as it is.

    `labels` are the classes' names, `train_lengths` (N,) the tokens of the train rows as trained on, `cores` those of
    the machine, `difference` the accuracy above the baseline's, `train_counts` (C,) the train rows of each class.
    """

    labels: Sequence[str] = ()
    train_lengths: Ints | None = None
    cores: int | None = None
    difference: Interval | None = None
    train_counts: Ints | None = None

    def quote_class(self, label: int) -> str:
        """Return a class's name in backquotes."""
        return f"`{self.labels[label] if label < len(self.labels) else f'class {label}'}`"


@dataclass(frozen=True)
class TrainingCase:
    """A training to diagnose."""

    curves: Curves
    config: TrainConfig
    facts: TrainingFacts


DiagnosisCheck = Callable[[TrainingCase], Advice | None]


def diagnose(events: Iterable[Event], config: TrainConfig, facts: TrainingFacts | None = None) -> list[Advice]:
    """Return the advice that a training's events give reason for, the most pressing first; none on a healthy run.

    A running training can be diagnosed by its events so far. The checks of a group explain the same symptom, so only
    the first one that finds something is reported.
    """
    if config.rungs:
        return []  # the checks are about the course of one training, and the ladder judges its rungs itself
    case = TrainingCase(collect_curves(events), config, facts or TrainingFacts())
    groups: list[tuple[DiagnosisCheck, ...]] = [FAILURES] if _first_advice(FAILURES, case) else [FIT, CLASSES, BASELINE]
    if any(SUBSET in entry.metrics for entry in case.curves.epochs):  # of several labels: the others ask for classes
        groups = [(find_out_of_memory, find_divergence)]
    found = [_first_advice(group, case) for group in [*groups, *((check,) for check in SPEED)]]
    return [replace(advice, flags=keep_effective_flags(advice.flags, config)) for advice in found if advice]


def find_out_of_memory(case: TrainingCase) -> Advice | None:
    """Find a run that ended because it ran out of memory."""
    curves, config = case.curves, case.config
    ended = curves.finished
    if ended is None or ended.status != "failed" or "memory" not in (ended.reason or "").lower():
        return None
    flags = [f"--accumulate {2 * config.accumulate}"]
    flags += [] if config.gradient_checkpointing else ["--gradient-checkpointing"]
    flags += [f"--batch-size {config.batch_size // 2}"] if config.batch_size > 1 else []
    return Advice("memory", "there was not enough memory for a step", tuple(flags))


def find_divergence(case: TrainingCase) -> Advice | None:
    """Find a train loss that exploded, or that rose again and stayed high."""
    curves, config = case.curves, case.config
    flags = [f"--lr {config.learning_rate / 3:.1g}", f"--warmup-steps {2 * _warmup_steps(curves, config)}"]
    flags += [] if 0 < config.max_grad_norm <= 1 else ["--max-grad-norm 1"]
    if curves.finished and curves.finished.status == "diverged":
        return Advice("diverging", "the loss exploded: the learning rate is too high for this model", tuple(flags))
    if len(curves.steps) < 20:
        return None
    blocks = np.array_split(np.array([step.loss for step in curves.steps]), 10)
    lowest = min(range(10), key=lambda b: float(blocks[b].mean()))
    low, end = float(blocks[lowest].mean()), float(blocks[-1].mean())
    if end < 1.3 * low or end - low < max(0.1, 4 * _standard_error(blocks[lowest], blocks[-1])):
        return None
    since = curves.steps[len(curves.steps) * (lowest + 1) // 10 - 1].epoch
    message = f"the train loss rose again, from {low:.2f} to {end:.2f}: the learning rate is too high"
    return Advice("diverging", message, tuple(flags), since)


def find_no_learning(case: TrainingCase) -> Advice | None:
    """Find a run that does no better than the class frequencies alone."""
    curves, config, facts = case.curves, case.config, case.facts
    if not curves.epochs or len(curves.steps) < 10 or curves.progress < EARLY:
        return None
    constant, rows = curves.constant_loss(config), curves.class_rows
    majority = rows.max() / rows.sum()
    accuracy = max(entry.metrics["accuracy"] for entry in curves.epochs)
    losses = np.array([step.loss for step in curves.steps])
    end = losses[-max(5, len(losses) // 4) :].mean()
    if end < 0.95 * constant or accuracy > majority + 0.1 * (1 - majority):
        return None
    cause, flags = _explain_wrong_rate(losses, constant, config)
    message = f"the loss stays at {end:.2f}, what guessing by class frequency gives ({constant:.2f}): {cause}"
    only = curves.only_prediction
    message += "" if only is None else f"; it predicts {facts.quote_class(only)} for every row"
    return Advice("not learning", message, flags)


def find_collapse(case: TrainingCase) -> Advice | None:
    """Find a model that answers with one class only."""
    curves, config, facts = case.curves, case.config, case.facts
    only = curves.only_prediction
    if only is None or curves.progress < EARLY:
        return None
    flags = (*_rare_class_flags(case), f"--lr {config.learning_rate / 3:.1g}")
    return Advice("collapsed", f"it predicts {facts.quote_class(only)} for every row of val", flags)


def find_overfitting(case: TrainingCase) -> Advice | None:
    """Find a val loss that rises while the train loss goes on falling."""
    curves, config = case.curves, case.config
    lowest = curves.lowest
    after = [] if lowest is None else curves.epochs[lowest + 1 :]
    if lowest is None or not after:
        return None
    low, last = curves.epochs[lowest], after[-1]
    rise = last.val_loss / max(low.val_loss, 1e-9)
    clear = rise > STEEP_RISE or (rise > CLEAR_RISE and len(after) >= 2)
    if not clear or last.val_loss - low.val_loss < 0.02 or not has_fallen(low.train_loss, last.train_loss, 0.05):
        return None
    found = f"the val loss rises since epoch {low.epoch:.0f}, from {low.val_loss:.2f} to {last.val_loss:.2f}"
    gap = (last.train_accuracy or 0) - last.metrics["accuracy"]
    holds = score(last) > score(low) and score(last) >= max(map(score, curves.epochs)) - 0.003
    if holds and gap < WIDE_GAP:
        flag = "--label-smoothing 0.1" if config.label_smoothing == 0 else "--dropout 0.2"
        message = f"{found}, but its score does not fall: its confidence grows faster than its skill"
        return Advice("overconfident", message, (flag,), low.epoch)
    message = f"{found}, while the train loss falls: it memorises the train rows"
    return Advice("overfitting", message, _overfitting_flags(config), low.epoch)


def find_underfitting(case: TrainingCase) -> Advice | None:
    """Find a run that ended without fitting even its train rows."""
    curves, config = case.curves, case.config
    if len(curves.epochs) < 2 or not curves.finished:
        return None
    before, last = curves.epochs[-2:]
    if last.train_loss is None or last.train_accuracy is None:
        return None
    constant = curves.constant_loss(config)
    if last.train_loss < 0.75 * constant or last.train_accuracy - last.metrics["accuracy"] > 0.05:
        return None
    message = (
        f"it hardly fits the rows it is trained on: their loss is {last.train_loss:.2f}, guessing has {constant:.2f}"
    )
    flags = [f"--lr {3 * config.learning_rate:.1g}"]
    if has_fallen(before.train_loss, last.train_loss, 0.01):
        flags.insert(0, f"--epochs {2 * config.num_epochs}")
    elif larger := _next_preset(config, larger=True):
        flags.append(f"--preset {larger}")
    flags += ["--dropout 0"] if config.dropout > 0.15 else []
    return Advice("underfitting", message, tuple(flags))


def find_early_end(case: TrainingCase) -> Advice | None:
    """Find a run that ended while it was still improving."""
    curves, config = case.curves, case.config
    if len(curves.epochs) < 2 or curves.finished is None or curves.finished.status != "completed":
        return None
    before, last = curves.epochs[-2:]
    best = curves.lowest == len(curves.epochs) - 1 and score(last) > max(map(score, curves.epochs[:-1]))
    if not best or not has_fallen(before.val_loss, last.val_loss, 0.02):
        return None
    falls = f"the val loss fell from {before.val_loss:.2f} to {last.val_loss:.2f} in the last epoch"
    return Advice(
        "still improving", f"it was still improving at its end: {falls}", (f"--epochs {2 * config.num_epochs}",)
    )


def find_plateau(case: TrainingCase) -> Advice | None:
    """Find a run that did not improve during most of its epochs."""
    curves, config = case.curves, case.config
    if curves.best is None:
        return None
    best, total = curves.epochs.index(curves.best) + 1, len(curves.epochs)
    if total - best < max(4, 0.6 * total):
        return None
    flag = "--patience 2" if config.patience == 0 else f"--epochs {best + 1}"
    return Advice("plateau", f"it did not improve after epoch {best} of {total}", (flag,), float(best))


def find_ignored_classes(case: TrainingCase) -> Advice | None:
    """Find classes that the best model never predicts."""
    curves, facts = case.curves, case.facts
    counts = curves.best_counts
    if counts is None or curves.progress < EARLY or len(curves.steps) < 10:
        return None
    never = np.flatnonzero((counts.sum(1) >= MIN_CLASS_ROWS) & (counts.sum(0) == 0))
    if not len(never):
        return None
    named = ", ".join(facts.quote_class(int(label)) for label in never[:3]) + (" …" if len(never) > 3 else "")
    absent = facts.train_counts is not None and not facts.train_counts[never].any()
    message = f"never predicted, though val has rows of it: {named}"
    if absent:
        return Advice("ignored classes", f"{message}; the train split has none, so label some, or split anew")
    return Advice("ignored classes", message, _rare_class_flags(case))


def find_imbalance(case: TrainingCase) -> Advice | None:
    """Find an accuracy that hides poor scores on rare classes."""
    curves = case.curves
    if curves.best is None or not _rare_class_flags(case):
        return None
    metrics, rows = curves.best.metrics, curves.class_rows
    accuracy, macro_f1 = metrics["accuracy"], metrics.get("macro_f1", 1.0)
    if accuracy - macro_f1 < 0.15 or rows.max() < 4 * rows[rows > 0].min():
        return None
    message = f"an accuracy of {accuracy:.2f} hides a macro-F1 of {macro_f1:.2f}: rare classes score badly"
    return Advice("imbalance", message, _rare_class_flags(case))


def find_beaten_by_baseline(case: TrainingCase) -> Advice | None:
    """Find a model that is worse than a bag of words."""
    config, facts, curves = case.config, case.facts, case.curves
    if facts.difference is None or facts.difference.high >= 0:
        return None
    worse = -100 * facts.difference.value
    message = f"a bag of words is better by {worse:.1f} points of accuracy: use that, or label more rows"
    flags = [f"--preset {smaller}"] if (smaller := _next_preset(config, larger=False)) else []
    flags += [f"--epochs {2 * config.num_epochs}"] if curves.epochs and curves.best is curves.epochs[-1] else []
    flags += _dropout_flags(config)
    return Advice("worse than the baseline", message, tuple(flags))


def find_long_texts(case: TrainingCase) -> Advice | None:
    """Find a few long texts that take a large part of the work."""
    curves, facts = case.curves, case.facts
    lengths = facts.train_lengths
    if curves.seconds < SLOW_SECONDS or lengths is None or not len(lengths):
        return None
    cap = int(np.ceil(np.quantile(lengths, 0.95, method="lower") / 16)) * 16
    saved = 1 - np.minimum(lengths, cap).sum() / lengths.sum()
    if saved < 0.2:
        return None
    whole = f"{100 * (lengths <= cap).mean():.0f} % of the texts stay whole"
    message = (
        f"a few long texts make it slow: cut at {cap} tokens, {whole} and {100 * saved:.0f} % of the work is saved"
    )
    return Advice("slow", message, (f"--max-length {cap}",))


def find_full_precision(case: TrainingCase) -> Advice | None:
    """Find float32 asked for where the machine may have something faster."""
    curves, config = case.curves, case.config
    if curves.seconds < SLOW_SECONDS or config.precision != "float32":
        return None
    message = "float32 was asked for: `auto` takes bf16 where the machine is faster with it"
    return Advice("slow", message, ("--precision auto",))


def find_idle_cores(case: TrainingCase) -> Advice | None:
    """Find cores that were left unused."""
    curves, config, facts = case.curves, case.config, case.facts
    started, cores = curves.started, facts.cores or 0
    on_cpu = started is not None and started.device == "cpu"
    if curves.seconds < SLOW_SECONDS or not on_cpu or not 0 < config.threads < cores:
        return None
    return Advice("slow", f"it ran on {config.threads} of {cores} cores", ("--threads 0",))


FAILURES: tuple[DiagnosisCheck, ...] = (find_out_of_memory, find_divergence, find_no_learning, find_collapse)
FIT: tuple[DiagnosisCheck, ...] = (find_overfitting, find_underfitting, find_early_end, find_plateau)
CLASSES: tuple[DiagnosisCheck, ...] = (find_ignored_classes, find_imbalance)
BASELINE: tuple[DiagnosisCheck, ...] = (find_beaten_by_baseline,)
SPEED: tuple[DiagnosisCheck, ...] = (find_long_texts, find_full_precision, find_idle_cores)


def _first_advice(checks: tuple[DiagnosisCheck, ...], case: TrainingCase) -> Advice | None:
    return next((advice for check in checks if (advice := check(case))), None)


def _explain_wrong_rate(losses: Floats, constant: float, config: TrainConfig) -> tuple[str, tuple[str, ...]]:
    """Say whether the learning rate is too low or too high for a loss that stays where it began."""
    third = max(2, len(losses) // 3)
    early, late, rate = losses[:third], losses[-third:], config.learning_rate
    thrown = early.mean() > 1.05 * constant  # worse than guessing: large steps, not small ones
    creeping = early.mean() - late.mean() > max(3 * _standard_error(early, late), 0.005 * constant)
    if thrown or (rate >= 5e-4 and not creeping):
        return "the learning rate is too high", (f"--lr {rate / 10:.1g}",)
    if creeping or rate <= 2e-5:
        return "the learning rate is too low", (f"--lr {5 * rate:.1g}", f"--epochs {2 * config.num_epochs}")
    cause = "the learning rate is wrong, or the labels do not follow from the texts"
    return cause, (f"--lr {rate / 5:.1g}", f"--lr {5 * rate:.1g}")


def _standard_error(one: Floats, other: Floats) -> float:
    """Return the standard error of the difference between two means."""
    return float(np.sqrt(one.var() / len(one) + other.var() / len(other)))


def _warmup_steps(curves: Curves, config: TrainConfig) -> int:
    total = curves.started.total_steps if curves.started else 1000
    return config.warmup_steps or max(10, total // 10)


def _overfitting_flags(config: TrainConfig) -> tuple[str, ...]:
    flags = ["--patience 3"] if config.patience == 0 else []
    flags += _dropout_flags(config)
    flags += [f"--preset {smaller}"] if (smaller := _next_preset(config, larger=False)) else []
    return tuple(flags)


def _dropout_flags(config: TrainConfig) -> list[str]:
    return [f"--dropout {min(0.5, config.dropout + 0.2):.1g}"] if config.dropout < 0.5 else []


def _rare_class_flags(case: TrainingCase) -> tuple[str, ...]:
    """Return what helps rare classes; weights only where some class of the train split is rare."""
    config, counts = case.config, case.facts.train_counts
    present = counts[counts > 0] if counts is not None else None
    balanced = present is not None and len(present) > 0 and present.max() < BALANCED * present.min()
    flags = ["--class-weights balanced"] if config.class_weights == "none" and not balanced else []
    flags += ["--metric macro_f1"] if config.metric == "accuracy" else []
    return tuple(flags)


def _next_preset(config: TrainConfig, *, larger: bool) -> str | None:
    """Return the next larger or smaller preset than the model that was trained."""
    now = config.num_layers * config.d_model**2
    sizes = {name: preset["num_layers"] * preset["d_model"] ** 2 for name, preset in PRESETS.items()}
    fitting = [name for name, size in sizes.items() if (size > now if larger else size < now)]
    return (min if larger else max)(fitting, key=sizes.__getitem__, default=None)
