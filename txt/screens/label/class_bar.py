"""The classes with their keys; over twenty of them, a line that completes what is typed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.labeling.classes import MOST_KEYS, match_classes
from txt.sanitize import sanitize
from txt.screens.widgets.chips import Chip, Chips

_SHOWN = 40  # of the classes that fit what is typed; the screen cuts off what it has no room for


@dataclass(frozen=True)
class KeyOutcome:
    """The effect of a key: whether it was used, and the class it chose, if any."""

    used: bool
    chosen: str | None = None


class ClassBar(Vertical):
    """Shows classes, and turns keys into a choice."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._names: Sequence[str] = ()
        self._keys: Mapping[str, str] = {}
        self._counts: Mapping[str, int] = {}
        self._marked: Collection[str] = ()
        self._typed = ""
        self._place = 0

    @property
    def typing(self) -> bool:
        """Tell whether there are too many classes for keys, so that names are typed."""
        return len(self._names) > MOST_KEYS

    def compose(self) -> ComposeResult:
        """Lay out the line that is typed and the classes."""
        yield Static(id="typed")
        yield Chips(id="classes")

    def show(
        self,
        classes: Sequence[str],
        keys: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
        marked: Collection[str] = (),
    ) -> None:
        """Show classes, their keys and counts; `marked` are those of the row."""
        self._names, self._keys, self._counts, self._marked = classes, keys, counts or {}, marked
        if self.has_class("typing") != self.typing:
            self.set_class(self.typing, "typing")
        self._draw()

    def clear(self) -> None:
        """Forget what was typed."""
        self._typed, self._place = "", 0

    def press(self, key: str, character: str | None) -> KeyOutcome:
        """Take a key: one of a class, or in a long list a letter of its name, the arrows, enter or backspace."""
        if not self.typing:
            chosen = next((name for name, own in self._keys.items() if own == character), None)
            return KeyOutcome(chosen is not None, chosen)
        used = self._type(key, character)
        if key == "enter" and self._typed and (found := self._find_classes()):
            chosen = found[min(self._place, len(found) - 1)]
            self.clear()
            return KeyOutcome(True, chosen)
        if used:
            self._draw()
        return KeyOutcome(used)

    def _type(self, key: str, character: str | None) -> bool:
        if key in ("down", "up") and self._typed:
            self._place = max(0, min(self._place + (1 if key == "down" else -1), len(self._find_classes()) - 1))
        elif key == "backspace" and self._typed:
            self._typed, self._place = self._typed[:-1], 0
        elif key == "escape" and self._typed:
            self.clear()
        elif character and (character.isalnum() or (self._typed and character in " _-.:&'")):
            self._typed, self._place = self._typed + character, 0
        else:
            return False
        return True

    def _find_classes(self) -> list[str]:
        return match_classes(self._typed, self._names)

    def _draw(self) -> None:
        if self.typing:
            self._draw_typing()
        else:
            chips = [self._build_chip(name, self._keys.get(name, "")) for name in self._names]
            self.query_one("#classes", Chips).show(chips)

    def _draw_typing(self) -> None:
        found = self._find_classes()
        line = Text.assemble(("class ", "bold"), sanitize(self._typed), ("▏", "bold"))
        line.append(
            "  enter takes the first · ↓ the next" if self._typed else f"  type to find one of {len(self._names)}",
            style="dim",
        )
        if self._typed and not found:
            line.append("  none has these letters", style="bold")
        self.query_one("#typed", Static).update(line)
        chips = [
            self._build_chip(name, "▸" if self._typed and place == self._place else " ")
            for place, name in enumerate(found)
        ]
        self.query_one("#classes", Chips).show(chips[:_SHOWN])

    def _build_chip(self, name: str, key: str) -> Chip:
        count = self._counts.get(name, 0)
        return Chip(name, key, name, f"({count:,})" if count else "", name in self._marked)
