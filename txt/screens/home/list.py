"""The list of the home screen: the things in the folder under the headings of their kinds, one of them chosen."""

from collections.abc import Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.text import Text

from txt.folder.entry import BEGIN, DATA, LABELS, PREPARED, RUN, STUDY, FolderEntry
from txt.sanitize import clip, sanitize
from txt.screens.widgets.choice_list import ChoiceList

_HEADINGS = {
    DATA: "Data files",
    PREPARED: "Prepared folders",
    LABELS: "Label stores",
    RUN: "Runs",
    STUDY: "Studies",
    BEGIN: "How to begin",
}


class HomeList(ChoiceList[FolderEntry]):
    """The things in the folder under the headings of their kinds, one of them chosen."""

    def __init__(self) -> None:
        super().__init__(id="home-list")
        self._first = 0

    def show(self, entries: Sequence[FolderEntry], chosen: tuple[str, str] | None = None) -> None:
        """Show other things; the one chosen, or named as kind and name, stays so if it is among them."""
        before = chosen or ((self.chosen.kind, self.chosen.name) if self.chosen else None)
        self._items = entries
        places = [place for place, entry in enumerate(entries) if (entry.kind, entry.name) == before]
        self.move_to(places[0] if places else self._at)

    def render(self) -> Text:
        """Draw the part of the list in which the chosen thing is."""
        lines = self._build_lines()
        at = next((number for number, (place, _) in enumerate(lines) if place == self._at), 0)
        self._first = min(max(self._first, at - self.size.height + 1), max(at - 1, 0))
        shown = lines[self._first : self._first + self.size.height]
        return Text("\n", no_wrap=True, overflow="ellipsis").join(line for _, line in shown)

    def _build_lines(self) -> list[tuple[int | None, Text]]:
        """Return each line with the place of the thing it is about; headings are about none."""
        widest = max(self.size.width // 3, 12)
        name_widths = {
            kind: min(max(cell_len(sanitize(entry.name)) for entry in entries), widest)
            for kind, entries in groupby(self._items, lambda entry: entry.kind)
        }
        lines: list[tuple[int | None, Text]] = []
        for place, entry in enumerate(self._items):
            if place == 0 or self._items[place - 1].kind != entry.kind:
                lines += [(None, Text())] if place else []
                lines.append((None, Text(_HEADINGS[entry.kind], style="bold")))
            line = _format_entry(entry, name_widths[entry.kind], self.size.width)
            if place == self._at:
                line.stylize("reverse")
            lines.append((place, line))
        return lines

    def _find_clicked(self, line: int) -> int | None:
        lines = self._build_lines()[self._first :]
        return lines[line][0] if line < len(lines) else None


def _format_entry(entry: FolderEntry, name_width: int, width: int) -> Text:
    """Return a thing as one line: a mark where it is broken, its name, its state, and the step that Enter takes."""
    step = f"→ {entry.steps[0].words}" if entry.steps else ""
    room = max(width - name_width - 4 - (cell_len(step) + 2 if step else 0), 8)
    line = Text("✗ " if entry.is_broken else "  ").append(_fit_text(entry.name, name_width)).append("  ")
    line.append(_fit_text(entry.state, room), style="dim" if entry.is_broken else "")
    return line.append(f"  {step}" if step else "")


def _fit_text(text: str, width: int) -> str:
    """Return text cut or filled to a width in cells."""
    shown = Text(clip(text, width))
    shown.truncate(width, overflow="ellipsis", pad=True)
    return shown.plain
