"""The tick marks of an axis: at round numbers, powers of ten, or whole minutes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True)
class Axis:
    """What an axis shows, from `low` to `high`, and its marks as (place, label)."""

    low: float
    high: float
    marks: Sequence[tuple[float, str]] = ()


def build_number_axis(low: float, high: float, most: int) -> Axis:
    """Return an axis with at most about so many marks, at multiples of 1, 2 or 5 times a power of ten."""
    step = _choose_round_step((high - low) / max(most - 1, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    marks = [(count * step, _format_number(count * step, decimals)) for count in range(first, last + 1)]
    return Axis(low, high, marks)


def build_log_axis(low: float, high: float, most: int) -> Axis:
    """Return an axis over logarithms to base ten, marked at powers of ten, or at round numbers between two of them."""
    powers = list(range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1))
    if len(powers) >= 2:
        every = math.ceil(len(powers) / max(most, 1))
        return Axis(low, high, [(float(power), f"1e{power}") for power in powers[::every]])
    plain = build_number_axis(10**low, 10**high, most)
    return Axis(low, high, [(math.log10(place), label) for place, label in plain.marks if place > 0])


def build_time_axis(low: float, high: float, most: int) -> Axis:
    """Return an axis over seconds."""
    wanted = (high - low) / max(most - 1, 1)
    step = next((each for each in _SECONDS if each >= wanted), math.ceil(wanted / 86400) * 86400)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return Axis(low, high, [(float(count * step), format_clock(count * step)) for count in range(first, last + 1)])


def format_clock(seconds: float) -> str:
    """Return a span of time as `45s`, `3:20` minutes or `2:05:00` hours."""
    whole = round(seconds)
    if abs(whole) < 60:
        return f"{whole}s"
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"


def _choose_round_step(wanted: float) -> float:
    if not wanted > 0 or not math.isfinite(wanted):
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(wanted))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * (1 - 1e-9))


def _format_number(value: float, decimals: int) -> str:
    if value and (decimals > 3 or abs(value) >= 1e10):
        # As many digits as tell a mark from the next one: 1.45e-2 and 1.50e-2, not 1.5e-2 twice.
        digits, _, power = f"{value:.{max(decimals + math.floor(math.log10(abs(value)) + 1e-9), 0)}e}".partition("e")
        return f"{digits.rstrip('0').rstrip('.') if '.' in digits else digits}e{int(power)}"
    if abs(value) >= 1e6 and not decimals:
        return f"{value / 1e6:.6g}M"
    if abs(value) >= 10_000 and not decimals:
        return f"{value / 1000:,.6g}k"
    return f"{value:,.{decimals}f}" if value else "0"
