"""What undo and redo take next: one annotator's acts in order, without limit."""

from dataclasses import dataclass, field


@dataclass
class History:
    """The acts that stand and those that were undone, the latest last."""

    _done: dict[int, None] = field(default_factory=dict)
    _undone: dict[int, None] = field(default_factory=dict)

    def replay(self, act: int, kind: str, target: int | None) -> None:
        """Carry one act over; acts come in the order in which they were taken."""
        if kind == "undo" and target in self._done:
            del self._done[target]
            self._undone[target] = None
        elif kind == "redo" and target in self._undone:
            del self._undone[target]
            self._done[target] = None
        elif target is None and act not in self._done:
            self._done[act] = None
            self._undone.clear()

    def to_undo(self) -> int | None:
        """Return the act that undo takes back next."""
        return next(reversed(self._done), None)

    def to_redo(self) -> int | None:
        """Return the act that redo restores next."""
        return next(reversed(self._undone), None)
