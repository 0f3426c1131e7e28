"""Measures the gain from copies: one learner on the rows alone, with duplicates, and with copies, five times.

Duplicates are the fair comparison: a linear model on a few thousand rows gains from seeing them more often, and most of
what is said to be the gain of augmentation is that.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from random import Random
from statistics import mean, variance
from typing import Any

from txt.augmentation.engine import Engine, LabelCheck, Row
from txt.augmentation.label_check import TFIDF, OneLearnerPerLabel, fit_check_on
from txt.augmentation.label_form import find_form, write_set
from txt.augmentation.originals import make_key
from txt.augmentation.plan import plan_by_class
from txt.augmentation.recipe import make_recipe
from txt.augmentation.survey import find_columns, read_rows
from txt.config import AugmentConfig, PrepareConfig
from txt.data.label_kinds import LabelForm
from txt.data.reading.table import open_table
from txt.errors import InputError
from txt.proportions import Interval

ROUNDS = 5
_HELD_OUT = 0.2
_MOST_ROWS = 20_000  # of the file; with more, copies gain almost nothing
_FEWEST_ROWS = 20
_T_QUANTILE = 2.776  # of 97.5 %, four degrees of freedom

LabeledText = tuple[str, str]
Predict = Callable[[Sequence[LabeledText], Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class GainLearner:
    """What is trained: `predict` learns from labeled rows, and returns the labels of some texts.

    `predict_sets` does so where rows have several labels, which are then written as `write_set` does; without it,
    `predict` can do both.
    """

    name: str
    predict: Predict
    predict_sets: Predict | None = None


@dataclass(frozen=True)
class Arm:
    """One way to train: rows it trains on, mean accuracy, and the gain over nothing added."""

    name: str
    rows: int
    accuracy: float
    gain: Interval | None


@dataclass(frozen=True)
class Gain:
    """The three arms, the gain of copies over duplicates, and the conclusion in words."""

    arms: tuple[Arm, ...]
    over_duplicates: Interval
    verdict: str
    how: str

    def to_json(self) -> dict[str, Any]:
        """Return the gain as a JSON object."""
        return {"format": 1, **asdict(self)}


def predict_tfidf(train: Sequence[LabeledText], texts: Sequence[str]) -> list[str]:
    """Predict by TF-IDF 1–2-grams with a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # seconds to import, and few measure
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(random_state=0))
    model.fit([text for text, _ in train], [label for _, label in train])
    return [str(label) for label in model.predict(list(texts))]


def predict_tfidf_sets(train: Sequence[LabeledText], texts: Sequence[str]) -> list[str]:
    """Predict which labels hold by TF-IDF 1–2-grams with a linear support vector machine a label."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.svm import LinearSVC

    model = OneLearnerPerLabel(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC(random_state=0))
    model.fit([text for text, _ in train], [LabelForm().parse(label) for _, label in train])
    held = model.predict(list(texts))
    return [write_set([model.names[place] for place in row.nonzero()[0].tolist()]) for row in held]


TFIDF_LEARNER = GainLearner("TF-IDF with a linear SVM", predict_tfidf, predict_tfidf_sets)


def measure_gain(
    source: Path | str,
    config: AugmentConfig,
    reading: PrepareConfig,
    tell: Callable[[str], None] = lambda _: None,
    *,
    learner: GainLearner = TFIDF_LEARNER,
    check: LabelCheck | None = None,
) -> Gain:
    """Hold out a fifth of the train rows five times, and score the learner on it with and without copies of the rest.

    Equal texts stay on one side, and the rows of val and test are not looked at.

    Args:
        source: a data file, or `-` for standard input.
        config: which copies of which rows.
        reading: options that settle columns, encoding and delimiter.
        tell: is called with messages for the user during the work.
        learner: what is trained.
        check: predicts labels; copies whose label flips are dropped. `config.check` may say `tfidf` instead, which
            learns from the rows that are copied alone.

    Raises:
        InputError: there are too few labeled rows, or only one class.
    """
    rows = _read_labeled_rows(source, config, reading)
    form = find_form((label for _, label in rows), reading)
    if form is not None:
        rows = [(text, write_set(form.parse(label))) for text, label in rows]
    predict = learner.predict if form is None else learner.predict_sets or learner.predict
    recipe, notes = make_recipe(config, [text for text, _ in rows[:1000]], check=check)
    for note in notes:
        tell(f"note: {note}")
    engine = Engine(recipe)
    scores: dict[str, list[float]] = {"nothing added": [], "plain duplicates": [], "copies": []}
    sizes: dict[str, int] = {}
    for number in range(ROUNDS):
        train, held_out = _divide_rows(rows, config.seed + number)
        if config.check == TFIDF:
            engine.check = fit_check_on(train, reading)
        for name, trained_on in _make_arms(engine, train, config, number).items():
            sizes[name] = len(trained_on)
            scores[name].append(_measure_accuracy(predict, trained_on, held_out))
        tell(f"round {number + 1} of {ROUNDS}: " + ", ".join(f"{name} {each[-1]:.1%}" for name, each in scores.items()))
    return _conclude(scores, sizes, learner, form is not None)


def _measure_accuracy(predict: Predict, train: Sequence[LabeledText], held_out: Sequence[LabeledText]) -> float:
    predicted = predict(train, [text for text, _ in held_out])
    return mean(label == found for (_, label), found in zip(held_out, predicted, strict=True))


def _read_labeled_rows(source: Path | str, config: AugmentConfig, reading: PrepareConfig) -> list[LabeledText]:
    with open_table(source, reading) as table:
        columns = find_columns(table, reading)
        if columns.label is None:
            raise InputError("--evaluate needs a label, and no column looks like one", "name it with --label-column")
        rows = [
            (row[columns.text] or "", row[columns.label] or "")
            for row in chain.from_iterable(read_rows(table))
            if columns.why_not(row, config.split) is None
        ]
    if len(rows) < _FEWEST_ROWS or len({label for _, label in rows}) < 2:
        raise InputError(
            f"--evaluate needs {_FEWEST_ROWS} labeled rows of two classes at least, and `{source}` has {len(rows)}"
        )
    return rows if len(rows) <= _MOST_ROWS else Random(config.seed).sample(rows, _MOST_ROWS)


def _divide_rows(rows: Sequence[LabeledText], seed: int) -> tuple[list[LabeledText], list[LabeledText]]:
    keys = sorted({make_key(text) for text, _ in rows})
    held_out = set(Random(seed).sample(keys, max(1, int(len(keys) * _HELD_OUT))))
    sides: tuple[list[LabeledText], list[LabeledText]] = ([], [])
    for text, label in rows:
        sides[make_key(text) in held_out].append((text, label))
    return sides


def _make_arms(
    engine: Engine, train: Sequence[LabeledText], config: AugmentConfig, number: int
) -> dict[str, list[LabeledText]]:
    """Return what each arm trains on: as many duplicates of each row as it has copies."""
    first = number * len(train)  # other numbers, so that every round has copies of its own
    planned = plan_by_class(Counter(label for _, label in train), config)
    made = engine.copies([Row(first + place, text, planned.copies(label)) for place, (text, label) in enumerate(train)])
    pairs = list(zip(train, made.copies, strict=True))
    return {
        "nothing added": list(train),
        "plain duplicates": [row for row, copies in pairs for _ in range(1 + len(copies))],
        "copies": [*train, *((copy.text, label) for (_, label), copies in pairs for copy in copies)],
    }


def estimate_difference(gains: Sequence[float]) -> Interval:
    """Return the mean and its interval, corrected for rounds that share rows (Nadeau and Bengio, 2003)."""
    spread = math.sqrt((1 / len(gains) + _HELD_OUT / (1 - _HELD_OUT)) * variance(gains))
    value = mean(gains)
    return Interval(value, value - _T_QUANTILE * spread, value + _T_QUANTILE * spread)


def _conclude(scores: dict[str, list[float]], sizes: dict[str, int], learner: GainLearner, several: bool) -> Gain:
    nothing = scores["nothing added"]

    def gain_over(name: str, than: Sequence[float]) -> Interval:
        return estimate_difference([a - b for a, b in zip(scores[name], than, strict=True)])

    arms = tuple(
        Arm(name, sizes[name], mean(each), None if name == "nothing added" else gain_over(name, nothing))
        for name, each in scores.items()
    )
    over = gain_over("copies", scores["plain duplicates"])
    verdict = _describe_gain(over)
    how = (
        f"{learner.name}, {ROUNDS} rounds on a fifth of the train rows held out; the interval allows for "
        "rounds that share rows" + ("; accuracy is the share of rows whose labels are all right" if several else "")
    )
    return Gain(arms, over, verdict, how)


def _describe_gain(over: Interval) -> str:
    bounds = f"({over.low:+.1%} to {over.high:+.1%})"
    if over.low > 0:
        return f"Copies gain {over.value:+.1%} over plain duplicates {bounds}"
    if over.high < 0:
        return f"Copies lose {over.value:+.1%} against plain duplicates {bounds}"
    return f"No gain: copies and plain duplicates differ by {over.value:+.1%} {bounds}"
