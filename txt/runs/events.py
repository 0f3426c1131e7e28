"""Events of a training: frozen values that can be written as JSON, and together are the complete record of a run.

The trainer yields them, `events.jsonl` holds one on each line, and every display is made from them. A line is read by
`parse_event` alone, which answers for what it returns: other code need not doubt the types and ranges of an event.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from types import UnionType
from typing import Any, NamedTuple, get_args, get_type_hints


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
    log_loss: list[float] | None = None
    accuracy: list[float] | None = None
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


class BadLine(ValueError):
    """A line of events.jsonl that holds no event: damaged, or written by something else."""


def describe_bad_lines(count: int) -> str:
    """Say how many lines of a record hold no event."""
    lines = "a line of events.jsonl is" if count == 1 else f"{count:,} lines of events.jsonl are"
    return f"{lines} damaged, and left out"


def parse_event(line: bytes) -> Event | None:
    """Return the event that a line of events.jsonl holds; None for a kind this version does not know.

    Raises:
        BadLine: it is not the JSON of an event.
    """
    return from_json(parse_line(line))


def parse_line(line: bytes) -> dict[str, Any]:
    """Return the JSON object of a line.

    Raises:
        BadLine: it is not one.
    """
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):  # too many brackets one inside the other are a RecursionError
        raise BadLine("not JSON") from None
    if not isinstance(value, dict):
        raise BadLine("not an object")
    return value


def from_json(value: Mapping[str, Any]) -> Event | None:
    """Return the event that a JSON object holds, or None for a kind this version does not know.

    Raises:
        BadLine: a field is missing, has another type, or a number that no training can have.
    """
    name = value.get("event")
    if not isinstance(name, str):
        raise BadLine("it names no kind of event")
    kind = KINDS.get(name)
    if kind is None:
        return None
    found = {}
    for field in _FIELDS[name]:
        if field.name not in value and field.is_optional:
            continue
        entry = value.get(field.name, MISSING)
        if not field.accepts(entry):
            raise BadLine(f"`{field.name}` of a {name} event is missing or not valid")
        found[field.name] = entry
    return kind(**found)


class _Field(NamedTuple):
    """A field of an event: whether it may be missing, and what it can hold."""

    name: str
    is_optional: bool
    accepts: Callable[[Any], bool]


_MOST = 3.4028235e38  # of a float32, which the index and TensorBoard keep
_LAST_TIME = 253_402_300_799.0  # the end of the year 9999, the last that a calendar can show


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < 1 << 63


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and -_MOST <= value <= _MOST  # NaN compares as False


def _is_time(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= _LAST_TIME


def _is_text(value: Any) -> bool:
    """Tell whether it is a text that can be printed: half of a surrogate pair cannot."""
    return isinstance(value, str) and (value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value))


def _is_scores(value: Any) -> bool:
    """Tell whether it is a table of scores; all versions of `txt` have written the accuracy."""
    if not isinstance(value, dict) or "accuracy" not in value:
        return False
    return all(name.isidentifier() and _is_number(score) for name, score in value.items())


def _is_confusion(value: Any) -> bool:
    """Tell whether it is a square of counts."""
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(row, list) and len(row) == len(value) and all(map(_is_count, row)) for row in value)


def _is_interval(value: Any) -> bool:
    """Tell whether it is a score with the ends of its interval."""
    return isinstance(value, list) and len(value) == 3 and all(map(_is_number, value))


_CHECKS: Mapping[Any, Callable[[Any], bool]] = {
    int: _is_count,
    float: _is_number,
    str: _is_text,
    bool: lambda value: isinstance(value, bool),
    type(None): lambda value: value is None,
    dict[str, float]: _is_scores,
    list[list[int]]: _is_confusion,
    list[float]: _is_interval,
}


def _make_check(hint: Any) -> Callable[[Any], bool]:
    """Return the function that checks a value against a type; of a union, any of its types will do."""
    if not isinstance(hint, UnionType):
        return _CHECKS[hint]
    checks = [_CHECKS[each] for each in get_args(hint)]
    return lambda value: any(check(value) for check in checks)


def _list_fields(kind: type[Event]) -> list[_Field]:
    hints = get_type_hints(kind)
    return [
        _Field(
            item.name, item.default is not MISSING, _is_time if item.name == "time" else _make_check(hints[item.name])
        )
        for item in fields(kind)
    ]


_FIELDS = {name: _list_fields(kind) for name, kind in KINDS.items()}
