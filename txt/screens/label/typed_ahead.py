"""Guards a new text from keys that were typed before anybody could have read it."""

SECONDS = 0.15
"""How long a new text is on screen before a key can be about it: less than anybody reads in."""


class TypedAheadGuard:
    """Drops the keys that decide on a text less than SECONDS after it came, and after a key dropped before.

    The second part is for a key that is held down, or a paste: each of its letters comes soon after the one before.
    `dropped` is how many were dropped since the text came.
    """

    def __init__(self, *, is_off: bool = False) -> None:
        self.dropped = 0
        self._is_off = is_off
        self._since = float("-inf")

    def show_text(self, moment: float) -> None:
        """Note that a new text came at a moment (of the clock of Textual's events)."""
        self.dropped, self._since = 0, moment

    def admits(self, moment: float) -> bool:
        """Tell whether a key of a moment counts; one that does not makes those right after it not count either."""
        if self._is_off or moment - self._since >= SECONDS:
            return True
        self.dropped += 1
        self._since = max(moment, self._since)
        return False

    def describe(self) -> str:
        """Say what was dropped."""
        keys = "a key was" if self.dropped == 1 else f"{self.dropped:,} keys were"
        return f"{keys} typed before this text was read, and dropped; --fast takes them"
