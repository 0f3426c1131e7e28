"""A distilled model beside its teacher: how often they agree, how right each is, and how fast."""

import time
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from txt.config import PredictConfig
from txt.data.prepared import Prepared
from txt.prediction.classifier import Predictor, load_source
from txt.prediction.model_source import ModelSource
from txt.proportions import wilson_interval
from txt.runs.folder import Run

_ROWS = 500
_ROUNDS = 3


@dataclass(frozen=True)
class TeacherComparison:
    """Two models on rows of which the student learned none: accuracies and agreement as [value, low, high]."""

    split: str
    rows: int
    student_accuracy: tuple[float, float, float]
    teacher_accuracy: tuple[float, float, float]
    agreement: tuple[float, float, float]
    student_rows_per_second: float
    teacher_rows_per_second: float

    def to_json(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return asdict(self)

    def describe(self, teacher: str) -> list[str]:
        """Say it in words."""
        times = self.student_rows_per_second / max(self.teacher_rows_per_second, 1e-9)
        return [
            f"On {self.rows:,} rows of {self.split} it is right in {_spell(self.student_accuracy)} and {teacher} in "
            f"{_spell(self.teacher_accuracy)}; they agree in {_spell(self.agreement)}.",
            f"It answers {self.student_rows_per_second:,.0f} rows/s, {times:.0f} times as many as {teacher} here "
            f"({self.teacher_rows_per_second:,.0f}).",
        ]


def compare_with_teacher(teacher: Predictor, student: Run, prepared: Prepared) -> TeacherComparison:
    """Compare the two on up to 500 rows of test, or of val where there is no test split; they take turns at speed."""
    name = next((each for each in ("test", "val") if len(prepared.split(each))), "train")
    split = prepared.split(name)
    rows = np.sort(np.random.default_rng(0).permutation(len(split))[:_ROWS])
    texts, labels = list(split.texts(rows)), split.labels[rows]
    models = {"teacher": teacher, "student": load_source(ModelSource(student.model, student), PredictConfig())}
    answers = {kind: np.array([each.label for each in model.predict(texts)]) for kind, model in models.items()}
    seconds: dict[str, list[float]] = {kind: [] for kind in models}
    for _ in range(_ROUNDS):
        for kind, model in models.items():
            begun = time.perf_counter()
            model.predict_probabilities(texts)
            seconds[kind].append(time.perf_counter() - begun)
    right = np.array(prepared.labels)[labels]

    def share(matches: Any) -> tuple[float, float, float]:
        found = wilson_interval(int(matches.sum()), len(texts))
        return found.value, found.low, found.high

    return TeacherComparison(
        name,
        len(texts),
        share(answers["student"] == right),
        share(answers["teacher"] == right),
        share(answers["student"] == answers["teacher"]),
        len(texts) / median(seconds["student"]),
        len(texts) / median(seconds["teacher"]),
    )


def _spell(share: tuple[float, float, float]) -> str:
    return f"{share[0]:.1%} [{share[1]:.1%}, {share[2]:.1%}]"
