"""Distilling: a linear model on n-grams learns what another model answers, and answers many times as fast.

It learns from the texts of the train split, from pieces of them, and from any texts without a label. Of rows that the
ladder judged out of fold, what was said there is learned, since a model is surer of the rows that it knows than it is
right. It is judged on val. Folds of the train rows would not do: what the teacher says of one row, it may have learned
from the label of another, so that they are only used to choose a strength.
Source: Hinton et al. 2015, "Distilling the Knowledge in a Neural Network".
"""

import random
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from txt.arrays import Floats, Ints
from txt.config import TrainConfig
from txt.data.near_duplicates import near_duplicates
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.calibration import softmax
from txt.model.build import spell_pieces
from txt.model.logistic import fit_logistic_soft
from txt.model.ngrams import NgramLogits
from txt.model.predict import predict_logits
from txt.prediction.classifier import Predictor
from txt.prediction.model_source import ModelSource
from txt.prediction.pieces import TextCutter
from txt.processes import count_cores
from txt.runs.events import Event, Finished, Working
from txt.runs.folder import EventLog, Run
from txt.training.ladder.cross_fit import SoftClasses, cross_fit
from txt.training.ladder.folds import make_folds
from txt.training.ladder.joined_model import make_ngram_model, save_classifier
from txt.training.ladder.kinds import kind_of
from txt.training.ladder.ngram_rows import NgramRows, find_usual_share, learn_ngrams
from txt.training.ladder.out_of_fold import read_out_of_fold
from txt.training.ladder.rows import JoinedRows
from txt.training.ladder.rung_events import make_evaluation, make_saved, make_started

_MOST_ROWS = 200_000
_MOST_NGRAMS = 400_000
_MOST_WEIGHTS = 10_000_000  # of n-grams times classes
_FOLDS = 5
_ASKED = 1024  # texts that the teacher is asked about between two looks at whether to stop
_SHARE_OF_LABELS = 0.5  # in what is learned of a row that has a label; the rest is the teacher's
_SHORTEST, _LONGEST_PIECE = 0.15, 0.7  # of a text's words
_FEWEST_WORDS = 3  # of a text that pieces are cut from


@dataclass(frozen=True)
class Lesson:
    """Texts to learn from: those of the run's rows first, then pieces of them, then those without a label.

    `owner` (N,) is the number of the run's row that a text is of; unlabeled ones have numbers of their own.
    """

    texts: list[str]
    owner: Ints
    rows: int


def check_teacher(source: ModelSource, teacher: Predictor) -> Prepared:
    """Return the data that a teacher learned from.

    Raises:
        InputError: the data is not known, a row has several labels, or the teacher is such a model itself.
    """
    if source.run is None:
        raise InputError(
            f"`{source.folder}` is a model without its run, and distilling takes the run's texts",
            "name the run: txt distill RUN",
        )
    if teacher.decision is not None:
        raise InputError("txt distill is for one label a row, and this model gives several")
    if teacher.machine is None:
        raise InputError(f"`{source.name}` is a linear model on n-grams already", "it answers as fast as it can")
    prepared = Prepared.open(source.run.locate_prepared())
    if prepared.labels != teacher.labels:
        raise InputError(f"`{prepared.path}` has other classes than the model of `{source.name}`")
    return prepared


def describe_judge(source: ModelSource, prepared: Prepared) -> str | None:
    """Say what is wrong with the rows that a student is judged on before test; None where nothing is."""
    if not len(prepared.split("val")):
        return "there is no val split, so what is said of the train rows is too good; test says how good it is"
    if source.run is not None and read_out_of_fold(source.run.path) is not None:
        return f"{source.name} learned from val too, so the score on val is too good; test says how good it is"
    return None


def make_lesson(texts: Sequence[str], unlabeled: Sequence[str], pieces: int, seed: int) -> Lesson:
    """Return texts, so many random pieces of each, and texts without a label; `owner` as in Lesson."""
    rng = random.Random(seed)
    found, owner = [*texts], [*range(len(texts))]
    for number, text in enumerate(texts):
        words = text.split()
        for _ in range(pieces if len(words) >= _FEWEST_WORDS else 0):
            size = max(2, int(len(words) * rng.uniform(_SHORTEST, _LONGEST_PIECE)))
            start = rng.randrange(len(words) - size + 1)
            found.append(" ".join(words[start : start + size]))
            owner.append(number)
    owner += range(len(texts), len(texts) + len(unlabeled))
    return Lesson([*found, *unlabeled], np.array(owner, np.int64), len(texts))


def distill(
    source: ModelSource,
    teacher: Predictor,
    prepared: Prepared,
    run: Run,
    unlabeled: Sequence[str] = (),
    pieces: int = 4,
    stop: Callable[[], bool] = lambda: False,
) -> Generator[Event, None, None]:
    """Fit a linear model on n-grams to what `teacher` answers, yielding events; each is written to the run first.

    The last event is Finished. `check_teacher` says what is refused.
    """
    with EventLog(run) as log:
        for event in _teach(source, teacher, prepared, run, unlabeled, pieces, stop):
            log.write(event)
            yield event


def _teach(
    source: ModelSource,
    teacher: Predictor,
    prepared: Prepared,
    run: Run,
    unlabeled: Sequence[str],
    pieces: int,
    stop: Callable[[], bool],
) -> Generator[Event, None, None]:
    begun = time.monotonic()
    seed, classes = run.config().seed, len(prepared.labels)
    rows, val = JoinedRows([prepared.split("train")], _MOST_ROWS, seed), prepared.split("val")
    texts = rows.texts()
    room = max(0, _MOST_ROWS // max(1, len(texts)) - 1)
    lesson = make_lesson(texts, unlabeled, min(pieces, room), seed)
    threads = count_cores()
    yield make_started(0, 1, 1, len(lesson.texts), threads)
    answers: list[Floats] = []
    for start in range(0, len(lesson.texts), _ASKED):
        if stop():
            yield _finished("interrupted", begun, len(lesson.texts))
            return
        answers.append(teacher.predict_probabilities(lesson.texts[start : start + _ASKED]).probabilities)
        done = min(start + _ASKED, len(lesson.texts))
        yield Working(time=time.time(), step=0, what="answers of the teacher", done=done, total=len(lesson.texts))
    targets = np.concatenate(answers).astype(np.float32)
    _replace_by_out_of_fold(targets, source, rows, teacher.temperature or 1.0)
    own = slice(0, lesson.rows)
    targets[own] *= 1 - _SHARE_OF_LABELS
    targets[np.arange(lesson.rows), rows.labels] += _SHARE_OF_LABELS
    ngrams = spell_pieces(prepared, NgramLogits(prepared.vocab_size, 0, 0, classes))
    cut = TextCutter(prepared.tokenizer(), prepared.manifest.max_length)
    found = learn_ngrams(cut(lesson.texts), ngrams, min(_MOST_NGRAMS, _MOST_WEIGHTS // classes))
    groups = np.append(near_duplicates(texts), lesson.rows + np.arange(len(unlabeled)))
    folds = make_folds(targets.argmax(1).astype(np.int64), groups[lesson.owner], _FOLDS, seed)
    fitted = cross_fit(found.matrix, targets, classes, folds[None], threads, stop, kind=SoftClasses())
    if fitted is None:
        yield _finished("interrupted", begun, len(lesson.texts))
        return
    linear = fit_logistic_soft(found.matrix(), targets, fitted.strength)
    own_rows = NgramRows(tuple(kind[own] for kind in found.kinds), found.totals[own])
    model = make_ngram_model(prepared, ngrams, linear, find_usual_share(own_rows, folds[own]))
    labels = val.labels if len(val) else rows.labels
    logits = fitted.logits[0, own] if not len(val) else predict_logits(model.eval(), val, torch.device("cpu"))
    judged = kind_of(prepared).judge(logits.astype(np.float64), labels, run.config().metric)
    save_classifier(model, prepared, judged.decision, run)
    loss = float(kind_of(prepared).losses(logits, labels).mean())
    yield make_evaluation(1, 1, loss, judged, True, loss, time.monotonic() - begun)
    yield make_saved(1, run)
    yield _finished("completed", begun, len(lesson.texts), loss)


def _replace_by_out_of_fold(
    targets: npt.NDArray[np.float32], source: ModelSource, rows: JoinedRows, temperature: float
) -> None:
    """Put what the ladder said out of fold of the run's own rows in the place of what the teacher says of them."""
    found = read_out_of_fold(source.run.path) if source.run is not None else None
    if found is None or found.logits.shape[1] != targets.shape[1]:
        return
    known = np.isin(found.places, rows.places)  # of train and val, one after the other
    places = np.searchsorted(rows.places, found.places[known])
    targets[places] = softmax(found.logits[known] / temperature)


def student_options(seed: int) -> TrainConfig:
    """Return the options that the run of a distilled model has: those of the ladder's first rung."""
    return TrainConfig(rungs=1, metric="loss", seed=seed)


def _finished(status: str, begun: float, rows: int, loss: float | None = None) -> Finished:
    seconds = time.monotonic() - begun
    return Finished(
        time=time.time(),
        step=0 if loss is None else 1,
        status=status,
        best_step=None if loss is None else 1,
        best_epoch=None if loss is None else 1.0,
        best_score=loss,
        seconds=seconds,
        rows_per_second=rows / seconds if seconds else 0.0,
        reason=None,
    )
