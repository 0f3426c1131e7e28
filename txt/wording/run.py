"""Formats a run as text: its state, the time left, its numbers, and the log."""

import shlex
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.text import Text

from txt.actions import Action, list_help
from txt.charts.run_plots import format_metric_name
from txt.charts.ticks import format_clock
from txt.metrics import LOSS
from txt.runs.diagnosis import Advice
from txt.runs.events import Acknowledged, Evaluation, Event, Finished, Rung, Saved, Started, Warned
from txt.runs.live import REMOVED, LogEntry, WatchedRun
from txt.runs.state import (
    DIED,
    DISCARDED,
    DIVERGED,
    EARLY_STOPPED,
    ENDED,
    FAILED,
    FINISHED,
    INTERRUPTED,
    NOT_STARTED,
    PAUSED,
    RUNNING,
    STARTING,
    find_kind,
)
from txt.sanitize import clip, sanitize
from txt.wording.key_page import format_key_page
from txt.wording.labeling import draw_progress_rule, join_left_right

RUN_ACTIONS = (
    Action("pause", "p", "pause", "pause the training, or go on with it; space too", other="space", controls=True),
    Action("save", "s", "save", "write a checkpoint now", controls=True),
    Action("stop", "x", "stop", "stop and save; --resume goes on", controls=True),
    Action("discard", "X", "discard", "stop, and remove the run", controls=True, rare=True),
    Action("slower", "-", "rate ÷2", "halve the learning rate from here on", controls=True),
    Action("faster", "+", "×2", "double the learning rate from here on", other="=", controls=True),
    Action("note", "n", "note", "write a note on the run", rare=True),
    Action("detach", "d", "detach", "leave the screen; the training goes on", controls=True),
    Action("metric", "m", "metric", "show another score, the gradient norm, rows/s, memory", rare=True),
    Action("axis", "a", "axis", "over steps, epochs or time", rare=True),
    Action("smooth", "g", "smooth", "smooth the curves more, or not at all", rare=True),
    Action("log", "l", "log", "logarithmic losses and learning rates", rare=True),
    Action("inspect", "i", "inspect", "a crosshair: the values of all lines at one step", rare=True),
    Action("overlay", "o", "overlay", "draw other runs over this one, each in a color and with a letter", rare=True),
    Action("picture", "c", "picture", "save the screen as an SVG file", rare=True),
    Action("help", "?", "keys", "all keys", other="f1"),
    Action("leave", "q", "leave", "leave: detach, or stop the training"),
)
REPLAY_ACTIONS = (
    Action("pause", "p", "pause", "hold the replay, or go on with it; space too", other="space"),
    Action("slower", "-", "slower", "half as fast"),
    Action("faster", "+", "faster", "twice as fast", other="="),
)
_MORE_KEYS = (
    ("1 2 3 4", "loss, score, learning rate or gap alone; again or esc: all"),
    ("5", "the confusion of the last evaluation; enter shows rows that it gets wrong"),
    ("↑ ↓", "zoom in and out"),
    ("← →", "move along, or the crosshair; end follows the newest, home shows all"),
    ("wheel", "zoom where the mouse is; a click shows a plot alone"),
    ("n ‖ ÷", "on the curves: a note, a pause, a change of the rate"),
    ("PgUp PgDn", "scroll the log"),
    ("ctrl+p", "every action by its name; themes and colors"),
)

_STATES = {
    STARTING: "starting …",
    RUNNING: "training",
    PAUSED: "paused",
    FINISHED: "finished",
    EARLY_STOPPED: "stopped early",
    INTERRUPTED: "stopped, saved",
    DISCARDED: "discarded",
    DIVERGED: "diverged",
    FAILED: "failed",
    NOT_STARTED: "not started",
}
_LONGEST_FORECAST = 7 * 86_400.0  # seconds; a day of the week says no more
_BAD = (DIED, FAILED, REMOVED, DIVERGED, DISCARDED)


def describe_state(run: WatchedRun) -> str:
    """Return the state of a run: `training`, `died at step 1,200` …"""
    state = run.state
    if state == DIED:
        return f"died at step {run.last_step:,}" if run.started else "died before it began"
    return "replay" if run.replayed and state == RUNNING else _STATES.get(state, state)


def describe_trouble(run: WatchedRun) -> str:
    """Return what went wrong and what to do about it; empty when nothing did."""
    name = shlex.quote(sanitize(str(run.run.name)))
    if run.state == DIED:
        return f"{describe_state(run)}, resume with: txt train --resume {name}"
    if run.state == FAILED:
        why = run.status.reason if run.status else None
        return f"failed at step {run.last_step:,}: {sanitize(why or 'see output.txt in its folder')}"
    if run.state == DIVERGED:
        return sanitize((run.finished.reason if run.finished else None) or "the loss exploded")
    return ""


def format_header(run: WatchedRun, width: int) -> list[Text]:
    """Return two lines: name, state and how long it will take; and how far it is."""
    state = describe_state(run)
    bad = run.state in _BAD
    left = Text.assemble(
        (clip(run.run.name, 30), "bold"), "  ", (f" {state} ", "bold reverse" if bad or run.state == PAUSED else "bold")
    )
    share = run.last_step / run.total_steps if run.total_steps else 0.0
    return [join_left_right(left, _describe_course(run), width), draw_progress_rule(min(share, 1.0), width)]


def format_numbers(run: WatchedRun, width: int) -> list[Text]:
    """Return two lines of numbers, what matters most first; what has no room is left out."""
    now, scores = run.now, run.scores
    first, second = [], []
    if "loss" in now:
        first.append(f"loss {now['loss']:.3f}")
    if scores.last:
        first.append(f"val {scores.last.val_loss:.3f}")
        if scores.last.metric != LOSS:
            first.append(f"{format_metric_name(scores.last.metric)} {scores.last.score:.4f}")
    if scores.best:
        first.append(f"best {scores.best.score:.4f} at epoch {scores.best.epoch:.3g}")
    if now:
        second += [f"lr {now['learning_rate']:.2e}", f"grad {now['gradient_norm']:.2f}"]
        second += [f"{now['rows_per_second']:,.0f} rows/s", f"{now['tokens_per_second'] / 1000:.3g}k tokens/s"]
        second.append(f"{now['memory_bytes'] / 2**30:.2f} GiB")
    if run.status and run.is_alive:
        if run.status.cpu is not None:
            second.append(f"CPU {run.status.cpu:.0%}")
        if run.status.device_use is not None:
            second.append(f"GPU {run.status.device_use:.0%}")
    if run.started:
        second.append(sanitize(f"{run.started.device} {run.started.precision}"))
        second.append(f"{run.started.train_rows:,} rows")
        second.append(f"{run.started.parameters / 1e6:.1f} M weights")
    return [_fit_parts(first, width), _fit_parts(second, width, "dim")]


def format_advice(run: WatchedRun, width: int) -> Text:
    """Return what is wrong, or else the most pressing advice, in a line."""
    if wrong := describe_trouble(run):
        return Text(clip(f"! {wrong}", width), "bold")
    if not run.advice:
        return Text("")
    said = _describe_advice(run.advice[0])
    more = f"  (+{len(run.advice) - 1})" if len(run.advice) > 1 else ""
    return Text(said.fit(width - len(more)) + more, "bold")


def format_log(entries: Sequence[LogEntry], epochs: int, width: int) -> list[Text]:
    """Return what happened, a line each, with its time of day."""
    lines = []
    for entry in entries:
        said = _describe_entry(entry.what, epochs)
        if said is not None:
            when = time.strftime("%H:%M:%S ", time.localtime(entry.time))
            strong = isinstance(entry.what, Warned | Finished | Advice)
            lines.append(Text(when, "dim").append(said.fit(width - len(when)), "bold" if strong else "default"))
    return lines


def build_help_page(actions: Sequence[Action]) -> Text:
    """Return all keys and what they do."""
    return format_key_page([*list_help(actions), *_MORE_KEYS])


def _describe_course(run: WatchedRun) -> list[str]:
    """Return when it will be over, what epoch and what step it is at."""
    parts = []
    left = run.seconds_left
    if left is not None:
        parts.append(f"{format_clock(left)} to go")
        if not run.replayed and left < _LONGEST_FORECAST:
            ends = time.strftime("%H:%M" if left < 72_000 else "%a %H:%M", time.localtime(time.time() + left))
            parts[-1] += f", ends {ends}"
    if run.started:
        if run.last_step <= run.total_steps:
            parts.append(f"epoch {run.epoch:.3g}/{run.started.epochs}")
            parts.append(f"step {run.last_step:,}/{run.total_steps:,}")
        else:  # a ladder, one of whose rungs takes steps of its own
            parts.append(f"step {run.last_step:,}")
        if run.finished and run.state in ENDED:
            parts.append(f"{format_clock(run.finished.seconds)} of training")
    return parts


def _fit_parts(parts: Sequence[str], width: int, style: str = "") -> Text:
    kept = list(parts)
    while kept and len(" · ".join(kept)) > width:
        kept.pop()
    return Text(" · ".join(kept), style)


class _LogLine(NamedTuple):
    """A line; where there is no room for all of it, its middle goes, and the ending, which matters most, stays."""

    words: str
    ending: str = ""

    def fit(self, width: int) -> str:
        return clip(self.words, max(width - len(self.ending), width // 3)) + self.ending


def _describe_advice(advice: Advice) -> _LogLine:
    flags = f" Try {' or '.join(advice.flags)}." if advice.flags else ""
    return _LogLine(f"→ {advice.message[:1].upper()}{advice.message[1:]}.", flags)


def _describe_entry(what: Event | Advice, epochs: int) -> _LogLine | None:
    for kind, words in _WORDS.items():
        if isinstance(what, kind):
            said = words(what, epochs)
            return _LogLine(said) if isinstance(said, str) else said
    return None


def _describe_evaluation(event: Evaluation, epochs: int) -> _LogLine:
    train = f"train loss {event.train_loss:.3f}, " if event.train_loss is not None else ""
    score = "" if event.metric == LOSS else f", {format_metric_name(event.metric)} {event.score:.4f}"
    words = f"epoch {event.epoch:.4g}/{epochs}: {train}val {event.val_loss:.3f}{score}"
    return _LogLine(words, "  ◆ best" if event.best else "")


def describe_rung(event: Rung) -> str:
    """Say how good a rung of the ladder is, or why it was left out."""
    if event.log_loss is None or event.accuracy is None:
        return f"{event.name}: left out, {event.reason}"
    loss, accuracy = (f"{value:.3f} [{low:.3f}, {high:.3f}]" for value, low, high in (event.log_loss, event.accuracy))
    kept = ", the best so far" if event.kept else ""
    return f"{event.name}: log loss {loss}, accuracy {accuracy} on {event.rows:,} rows, {event.seconds:.1f} s{kept}"


def _describe_saved(event: Saved, _epochs: int) -> str | None:
    return None if event.best else f"checkpoint at step {event.step:,}"


def _describe_started(event: Started, epochs: int) -> str:
    begun = f"goes on from step {event.step:,}" if event.step else "training begins"
    return f"{begun}: {event.total_steps:,} steps in {epochs} epochs on {event.device} in {event.precision}"


def _describe_finished(event: Finished, _epochs: int) -> str:
    best = "" if event.best_score is None else f", best {event.best_score:.4f} at epoch {event.best_epoch:.3g}"
    why = f": {event.reason}" if event.reason else best
    return f"{_STATES[find_kind(event)]} after {format_clock(event.seconds)} of training{why}"


def _describe_answer(event: Acknowledged, _epochs: int) -> str:
    done = {
        "pause": "paused",
        "resume": "goes on",
        "save": "saved, as asked",
        "stop": "stops, as asked",
        "discard": "ends, to be discarded",
        "rate": f"learning rate × {event.value:g} from here on" if isinstance(event.value, float | int) else "",
        "note": f"note: {event.value}",
    }
    words = done.get(event.command, event.command) if event.refused is None else f"{event.command}: {event.refused}"
    return f"{words} (step {event.step:,})"


_WORDS: dict[type, Callable[..., str | _LogLine | None]] = {
    Evaluation: _describe_evaluation,
    Rung: lambda event, _epochs: describe_rung(event),
    Saved: _describe_saved,
    Started: _describe_started,
    Finished: _describe_finished,
    Acknowledged: _describe_answer,
    Warned: lambda event, _epochs: f"warning: {event.message}",
    Advice: lambda advice, _epochs: _describe_advice(advice),
}
