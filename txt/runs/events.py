"""Events of a training: frozen values that can be written as JSON, and together are the complete record of a run.

The trainer yields them, `events.jsonl` holds one on each line, and every display is made from them.
"""

from dataclasses import asdict, dataclass, field, fields
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened; `time` is in seconds since the epoch."""

    time: float

    def to_json(self) -> dict[str, Any]:
        """Return the event as a JSON object, its kind under `event`."""
        return {"event": type(self).__name__.lower(), **asdict(self)}


@dataclass(frozen=True, kw_only=True)
class Started(Event):
    """Training begins, or goes on from `step`."""

    step: int
    total_steps: int
    steps_per_epoch: int
    epochs: int
    train_rows: int
    parameters: int
    device: str
    precision: str
    threads: int
    pid: int
    host: str


@dataclass(frozen=True, kw_only=True)
class Step(Event):
    """The mean over the steps since the last such event."""

    step: int
    epoch: float
    loss: float
    accuracy: float
    learning_rate: float
    gradient_norm: float
    rows_per_second: float
    tokens_per_second: float
    memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class Evaluation(Event):
    """The val split was scored; `epoch_end` marks the one after each epoch, which also has the epoch's train means."""

    step: int
    epoch: float
    epoch_end: bool
    train_loss: float | None
    train_accuracy: float | None
    val_loss: float
    metrics: dict[str, float]
    metric: str
    score: float
    best: bool
    best_score: float
    confusion: list[list[int]]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Working(Event):
    """How far a part of the work is that takes no steps: `done` of `total`."""

    step: int
    what: str
    done: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Rung(Event):
    """A rung of the ladder was judged on rows that its model did not learn from, or was left out for a `reason`.

    `rows` are those it was judged on; `log_loss` and `accuracy` come with the ends of their 95 % intervals. `seconds`
    is what it took, `weights` is the model's size, `rows_per_second` how fast it predicts. `kept` tells that it was the
    best one so far.
    """

    step: int
    name: str
    rows: int = 0
    log_loss: tuple[float, float, float] | None = None
    accuracy: tuple[float, float, float] | None = None
    seconds: float = 0.0
    weights: int = 0
    rows_per_second: float = 0.0
    kept: bool = False
    reason: str | None = None


@dataclass(frozen=True, kw_only=True)
class Saved(Event):
    """A checkpoint is on disk, whole."""

    step: int
    path: str
    best: bool


@dataclass(frozen=True, kw_only=True)
class Warned(Event):
    """Something the user should know; training goes on."""

    step: int
    message: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Acknowledged(Event):
    """A command from outside was carried out, or `refused` for a reason; `number` is the one it was sent under."""

    step: int
    command: str
    value: float | str | None
    number: str
    refused: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finished(Event):
    """Training ended: `completed`, `early_stopped`, `interrupted`, `discarded`, `diverged` or `failed`."""

    step: int
    status: str
    best_step: int | None
    best_epoch: float | None
    best_score: float | None
    seconds: float
    rows_per_second: float
    reason: str | None = None


KINDS: dict[str, type[Event]] = {
    kind.__name__.lower(): kind
    for kind in (Started, Working, Step, Evaluation, Rung, Saved, Warned, Acknowledged, Finished)
}


def from_json(value: dict[str, Any]) -> Event | None:
    """Return the event that a JSON object holds, or None for a kind this version does not know."""
    kind = KINDS.get(str(value.get("event")))
    if kind is None:
        return None
    known = {item.name for item in fields(kind)}
    return kind(**{name: entry for name, entry in value.items() if name in known})
