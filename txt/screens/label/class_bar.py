"""The classes with their keys; over twenty of them, a line that completes what is typed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from txt.labeling.classes import MOST_KEYS, match_classes
from txt.sanitize import sanitize
from txt.screens.label.class_grid import ClassCell, ClassGrid, count_fitting_cells

_SEARCH_LINES = 4  # of the classes that fit what is typed


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
        self._counts: Mapping[str, int] | None = None
        self._most_lines = 10
        self._marked: Collection[str] = ()
        self._typed = ""
        self._place = 0
        self._likely: Sequence[str] = ()
        self._is_choosing = False

    @property
    def typing(self) -> bool:
        """Tell whether there are too many classes for keys, so that names are typed."""
        return len(self._names) > MOST_KEYS

    def compose(self) -> ComposeResult:
        """Lay out the line that is typed and the classes."""
        yield Static(id="typed")
        yield ClassGrid(id="classes")

    def show(
        self,
        classes: Sequence[str],
        keys: Mapping[str, str],
        counts: Mapping[str, int] | None = None,
        marked: Collection[str] = (),
        likely: Sequence[str] = (),
    ) -> None:
        """Show classes, their keys and the rows that have them; `marked` are those of the row.

        In a long list those that are `likely` come first.
        """
        self._likely = likely
        self._names, self._keys, self._counts, self._marked = classes, keys, counts, marked
        if self.has_class("typing") != self.typing:
            self.set_class(self.typing, "typing")
        self._draw()

    def limit_lines(self, most: int) -> None:
        """Take at most so many lines for the classes."""
        self._most_lines = most

    def clear(self) -> None:
        """Forget what was typed."""
        self._typed, self._place, self._is_choosing = "", 0, False

    def means_class(self, character: str | None) -> bool:
        """Tell whether a letter chooses a class, or types the name of one."""
        if self.typing:
            return character is not None and character.isalnum()
        return character in self._keys.values()

    def press(self, key: str, character: str | None) -> KeyOutcome:
        """Take a key: one of a class, or in a long list a letter of its name, the arrows, enter or backspace."""
        if not self.typing:
            chosen = next((name for name, own in self._keys.items() if own == character), None)
            return KeyOutcome(chosen is not None, chosen)
        used = self._type(key, character)
        if key == "enter" and (self._typed or self._is_choosing) and (found := self._find_classes()):
            chosen = found[min(self._place, len(found) - 1)]
            self.clear()
            return KeyOutcome(True, chosen)
        if used:
            self._draw()
        return KeyOutcome(used)

    def _type(self, key: str, character: str | None) -> bool:
        if key in ("down", "up") and not self._typed and self._likely and not self._is_choosing:
            self._is_choosing = key == "down"
            return self._is_choosing
        if key in ("down", "up") and (self._typed or self._is_choosing):
            self._place = max(0, min(self._place + (1 if key == "down" else -1), len(self._find_classes()) - 1))
        elif key == "backspace" and self._typed:
            self._typed, self._place = self._typed[:-1], 0
        elif key == "escape" and (self._typed or self._is_choosing):
            self.clear()
        elif character and (character.isalnum() or (self._typed and character in " _-.:&'")):
            self._typed, self._place = self._typed + character, 0
        else:
            return False
        return True

    def _find_classes(self) -> list[str]:
        others = [name for name in self._names if name not in self._likely]
        return match_classes(self._typed, [*(name for name in self._likely if name in self._names), *others])

    def _draw(self) -> None:
        if self.typing:
            self._draw_typing()
        else:
            self._show_cells([self._build_cell(name, self._keys.get(name, "")) for name in self._names])

    def _draw_typing(self) -> None:
        found = self._find_classes()
        line = Text.assemble(("class ", "bold"), sanitize(self._typed), ("▏", "bold"))
        line.append(
            "  enter takes the first · ↓ the next"
            if self._typed or self._is_choosing
            else "  the likeliest come first: ↓ chooses, or type letters of another"
            if self._likely
            else f"  type to find one of {len(self._names)}: over {MOST_KEYS} have no keys",
            style="dim",
        )
        if self._typed and not found:
            line.append("  none has these letters", style="bold")
        self.query_one("#typed", Static).update(line)
        lines = max(min(_SEARCH_LINES, self._most_lines - 1), 1)
        cells = [
            self._build_cell(name, "▸" if (self._typed or self._is_choosing) and place == self._place else " ")
            for place, name in enumerate(found)
        ]
        grid = self.query_one(ClassGrid)
        self._show_cells(cells[: count_fitting_cells(cells, grid.size.width, lines)], lines)

    def _show_cells(self, cells: Sequence[ClassCell], lines: int | None = None) -> None:
        self.query_one(ClassGrid).show(cells, lines or self._most_lines)

    def _build_cell(self, name: str, key: str) -> ClassCell:
        if self._counts is None:
            return ClassCell(name, key, marked=name in self._marked)
        count, total = self._counts.get(name, 0), sum(self._counts.values())
        return ClassCell(name, key, count, count / total if total else None, name in self._marked)
