"""The result of a range test: the suggested rate, how sure it is, the safe range, and the curves it comes from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

import numpy as np

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.files import FORMAT, read_json, write_json
from txt.json_input import take_field
from txt.option_schema import list_options
from txt.search.loss_curve import LossCurve
from txt.search.range_test import RangeTestStep, build_loss_curves
from txt.search.suggestion_rules import RULES

_SURE, _FAIRLY_SURE = 3.0, 10.0  # how far apart the repeats' suggestions may lie, as a factor
_HARMLESS = 0.5  # of the rate from which on training does harm: the suggestion where there is no minimum,
_HIGHEST_WITHOUT_MINIMUM = 1e-3  # and at most this, as there is little evidence for it
_HIGHEST_AT_EDGE = 1e-3  # at higher rates pretrained weights are forgotten, which a few steps do not show
EDGE = "edge"


@dataclass(frozen=True)
class RatePoint:
    """One learning rate over all repeats: the median of the losses, and of the smoothed ones with their range."""

    lr: float
    loss: float
    smoothed: float
    low: float
    high: float
    val_loss: float | None


@dataclass(frozen=True)
class RangeTestResult:
    """The outcome of a range test.

    `suggestion` is None only where nothing can be said. `suggestions` holds the median over the repeats of every rule,
    and is empty where there is no clear minimum; `unclear` then says why, and the suggestion is half of the rate
    from which on training does harm, and at most 1e-3. `safe` is the range from where the loss begins to fall to where
    harm begins.
    """

    suggestion: float | None
    rule: str
    suggestions: dict[str, float]
    by_repeat: tuple[float, ...]
    safe: tuple[float, float] | None
    sureness: str
    unclear: str | None
    points: tuple[RatePoint, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "suggestion": self.suggestion,
            "rule": self.rule,
            "suggestions": self.suggestions,
            "by_repeat": list(self.by_repeat),
            "safe": list(self.safe) if self.safe else None,
            "sureness": self.sureness,
            "unclear": self.unclear,
            "points": [vars(point) for point in self.points],
        }


def find_suggestion(tried: Sequence[RangeTestStep], rule: str) -> RangeTestResult:
    """Read the suggestion of `rule` off the repeats of a range test: the median of those with a clear minimum."""
    curves = build_loss_curves(tried)
    if rule == EDGE:
        return _suggest_at_edge(curves, _summarize_points(tried, curves))
    troubles = [trouble for curve in curves if (trouble := curve.trouble()) is not None]
    points = _summarize_points(tried, curves)
    if 2 * len(troubles) >= len(curves):
        return _suggest_without_minimum(curves, troubles, rule, points)
    clear = [curve for curve in curves if curve.trouble() is None]
    found = [curve.suggestions() for curve in clear]
    by_repeat = tuple(each[rule] for each in found)
    suggestions = {name: median(each[name] for each in found) for name in RULES}
    low = median(curve.rate_after_share(0.1) for curve in clear)
    high = median(curve.harmful_rate() or float(curve.rates[-1]) for curve in clear)
    chosen = suggestions[rule]
    safe = min(low, chosen), max(high, chosen)
    return RangeTestResult(
        chosen, rule, suggestions, by_repeat, safe, _judge_sureness(by_repeat, len(curves)), None, points
    )


def _suggest_without_minimum(
    curves: Sequence[LossCurve], troubles: Sequence[str], rule: str, points: tuple[RatePoint, ...]
) -> RangeTestResult:
    kind = Counter(trouble.partition(":")[0] for trouble in troubles).most_common(1)[0][0]
    reason = next(trouble for trouble in troubles if trouble.startswith(kind))
    harmful = [rate for curve in curves if (rate := curve.harmful_rate()) is not None]
    if 2 * len(harmful) < len(curves) or not harmful:
        return RangeTestResult(None, rule, {}, (), None, "no suggestion", reason, points)
    by_repeat = tuple(min(_HARMLESS * rate, _HIGHEST_WITHOUT_MINIMUM) for rate in harmful)
    suggestion = median(by_repeat)
    return RangeTestResult(suggestion, rule, {}, by_repeat, None, "unsure", reason, points)


def _suggest_at_edge(curves: Sequence[LossCurve], points: tuple[RatePoint, ...]) -> RangeTestResult:
    """Suggest the rate at which training begins to do harm: where the loss is no longer below its initial value.

    For pretrained models. A training warms up to its peak rate and decays from there, so it regains what the first
    steps at the peak may lose.
    """
    by_repeat = tuple(min(edge, _HIGHEST_AT_EDGE) for curve in curves if (edge := curve.edge()) is not None)
    if 2 * len(by_repeat) < len(curves) or not by_repeat:
        reason = "the loss never rose above where it began"
        return RangeTestResult(None, EDGE, {}, (), None, "no suggestion", reason, points)
    suggestion = median(by_repeat)
    falls = [curve.rate_after_share(0.1) for curve in curves if curve.trouble() is None]
    safe = (min(median(falls), suggestion), suggestion) if falls else None
    return RangeTestResult(
        suggestion, EDGE, {EDGE: suggestion}, by_repeat, safe, _judge_sureness(by_repeat, len(curves)), None, points
    )


def _judge_sureness(by_repeat: Sequence[float], repeats: int) -> str:
    """Say how well the repeats agree; a single repeat, or few of many, is not enough to be sure."""
    spread = max(by_repeat) / min(by_repeat)
    if len(by_repeat) < 2 or len(by_repeat) < 0.6 * repeats or spread > _FAIRLY_SURE:
        return "unsure"
    return "sure" if spread <= _SURE else "fairly sure"


def _summarize_points(tried: Sequence[RangeTestStep], curves: Sequence[LossCurve]) -> tuple[RatePoint, ...]:
    smoothed: dict[float, list[float]] = {}
    for curve in curves:
        for rate, loss in zip(curve.rates.tolist(), curve.smoothed.tolist(), strict=True):
            smoothed.setdefault(rate, []).append(loss)
    raw: dict[float, list[RangeTestStep]] = {}
    for each in tried:
        if np.isfinite(each.adjusted):
            raw.setdefault(each.rate, []).append(each)
    return tuple(
        RatePoint(
            lr=rate,
            loss=median(each.loss for each in raw[rate]),
            smoothed=median(losses),
            low=min(losses),
            high=max(losses),
            val_loss=_median_val_loss(raw[rate]),
        )
        for rate, losses in sorted(smoothed.items())
    )


def _median_val_loss(tried: Sequence[RangeTestStep]) -> float | None:
    known = [each.val_loss for each in tried if each.val_loss is not None]
    return median(known) if known else None


FILE = "lrfind.json"
_HIGHEST_RATE = 100.0  # as for --end-lr


def make_key(config: TrainConfig) -> str:
    """Return the key of a suggestion: the options of the model that are set, and the batch size."""
    model = [each.name for each in list_options(TrainConfig).values() if each.group in ("Model", "Pretrained")]
    shown = [f"{name}={getattr(config, name)}" for name in model if getattr(config, name) is not None]
    return " ".join([*shown, f"batch_size={config.batch_size}"])


def save_finding(prepared: Prepared, config: TrainConfig, finding: RangeTestResult) -> None:
    """Write a finding beside those for other architectures; one for the same architecture is replaced."""
    entry = {
        "created": datetime.now().astimezone().isoformat(timespec="seconds"),
        "config": config.to_json(),
        **finding.to_json(),
    }
    found = {**_load_findings(prepared), make_key(config): entry}
    write_json(prepared.path / FILE, {"format": FORMAT, "fingerprint": prepared.fingerprint, "found": found})


def load_suggestion(prepared: Prepared, config: TrainConfig) -> float | None:
    """Return what an earlier test on this data suggested for this architecture and batch size, if there was one."""
    source, key = f"`{prepared.path / FILE}`", make_key(config)
    finding = take_field(_load_findings(prepared), key, dict, source, {})
    suggestion = take_field(finding, "suggestion", float | None, source, None)
    if suggestion is not None and not 0 < suggestion <= _HIGHEST_RATE:
        raise InputError(f"{source}: `suggestion` is {suggestion:g}, and no learning rate", "txt lrfind finds it again")
    return None if suggestion is None else float(suggestion)


def _load_findings(prepared: Prepared) -> dict[str, dict[str, Any]]:
    path = prepared.path / FILE
    if not path.exists():
        return {}
    value = read_json(path)
    if value.get("fingerprint") != prepared.fingerprint:  # the folder was prepared anew from other data
        return {}
    found = value.get("found")
    if not isinstance(found, dict):
        raise InputError(f"`{path}` holds no findings", "remove it: `txt lrfind` writes it again")
    return found
