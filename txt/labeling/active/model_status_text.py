"""The status of the active-learning model as text."""

from txt.labeling.active.active_learning import LEAST_MEASURED, ModelStatus
from txt.proportions import Interval
from txt.sanitize import clip

_MOST_CLASSES = 12


def summarize_status(standing: ModelStatus) -> str:
    """Return how good the model is in a few words, or what is being waited for."""
    if standing.doing:
        return standing.doing
    if standing.accuracy is None or standing.measured < LEAST_MEASURED:
        return f"model of {standing.trained_on:,} labels" if standing.trained_on else "no model yet"
    return f"model {format_interval(standing.accuracy)}"


def describe_status(standing: ModelStatus) -> list[str]:
    """Return all that is known of the model, a line each."""
    lines = [standing.doing] if standing.doing else []
    if standing.trained_on:
        lines.append(f"The model has learned from {standing.trained_on:,} labels.")
    else:
        lines.append("There is no model yet: it needs labels of two classes.")
    if standing.held_out:
        lines.append(_describe_measured(standing))
    if standing.shares and standing.measured >= LEAST_MEASURED:
        lines.append(f"Shares of the classes in the whole file, from these {standing.measured:,} rows alone:")
        shown = list(standing.shares.items())[:_MOST_CLASSES]
        width = max(len(clip(name, 30)) for name, _ in shown)
        lines += [f"  {clip(name, 30):<{width}}  {format_interval(share)}" for name, share in shown]
        if len(standing.shares) > len(shown):
            lines.append(f"  and {len(standing.shares) - len(shown)} more classes")
    if standing.advice:
        lines.append(standing.advice[0].upper() + standing.advice[1:] + ".")
    return lines


def format_interval(interval: Interval) -> str:
    """Return a share with its 95 % interval: `84 % [77, 89]`."""
    return f"{interval.value:.0%} [{100 * interval.low:.0f}, {100 * interval.high:.0f}]".replace("%", " %")


def _describe_measured(standing: ModelStatus) -> str:
    rows = f"{standing.measured:,} of {standing.held_out:,} rows held out are labeled"
    if standing.accuracy is None or standing.measured < LEAST_MEASURED:
        return f"{rows[0].upper()}{rows[1:]}; on them, the model will be measured."
    return f"It is right on {format_interval(standing.accuracy)} of the rows it never learned from; {rows}."
