"""Estimates how long the rest of a training takes, from the pace of its last steps."""

from collections import deque

from txt.runs.feed import StepRows

_STEPS_KEPT = 200
_RECENT_SECONDS = 20.0


class StepPace:
    """Remembers when the last steps were taken."""

    def __init__(self) -> None:
        self._steps: deque[tuple[float, int]] = deque(maxlen=_STEPS_KEPT)

    def add(self, rows: StepRows) -> None:
        """Take in the steps that came next."""
        late = rows[-_STEPS_KEPT:]
        self._steps.extend(zip(late["time"].tolist(), late["step"].tolist(), strict=True))

    def clear(self) -> None:
        """Forget all steps after a pause: its duration says nothing about the pace."""
        self._steps.clear()

    def estimate_seconds(self, step: int) -> float | None:
        """Return how long it will be until a step; None where nothing can be said."""
        if not step or len(self._steps) < 2:
            return None
        (then, first), (late, last) = self._find_recent(), self._steps[-1]
        if last <= first or late <= then:
            return None
        return (step - last) * (late - then) / (last - first)

    def _find_recent(self) -> tuple[float, int]:
        """Return where the pace is measured from: a while ago, and at least half of what is known."""
        late = self._steps[-1][0]
        for when, step in self._steps:
            if late - when <= max(_RECENT_SECONDS, (late - self._steps[0][0]) / 2):
                return when, step
        return self._steps[0]
