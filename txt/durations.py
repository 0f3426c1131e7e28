"""Durations as text: exact for time that has passed, rounded for estimates."""


def format_duration(seconds: float) -> str:
    """Return a span as people say it: `48 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def format_estimate(seconds: float) -> str:
    """Return a span as exact as an estimate deserves: `45 s`, `12 min`, `3 h 20 min`, `14 h`, `6 days`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min" if minutes and hours < 10 else f"{hours} h"
    return f"{hours / 24:.0f} days"
