"""Keys with their labels, in as many lines as they need; each can be clicked."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.segment import Segment
from textual import events, on
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from txt.sanitize import clip

_WIDEST_WORD = 30


@dataclass(frozen=True)
class Chip:
    """A key and what it does; `name` is sent when it is clicked, `extra` is dim text after the word.

    A `quiet` one takes as little room as it can.
    """

    name: str
    key: str
    word: str
    extra: str = ""
    marked: bool = False
    quiet: bool = False

    def parts(self) -> list[tuple[str, str]]:
        """Return its pieces and the component class of each."""
        word = clip(self.word, _WIDEST_WORD)
        pieces = [(self.key if self.quiet else f" {self.key} ", "key"), (" ", "word")]
        pieces.append((f"● {word}", "marked") if self.marked else (word, "word"))
        return [*pieces, (f" {self.extra}", "extra")] if self.extra else pieces

    @property
    def width(self) -> int:
        """The cells it takes."""
        return sum(cell_len(text) for text, _ in self.parts())


class Chips(Widget):
    """A flow of chips."""

    COMPONENT_CLASSES = {"chips--key", "chips--word", "chips--marked", "chips--extra"}  # noqa: RUF012

    class Pressed(Message):
        """A chip was clicked."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, chips: Sequence[Chip] = (), *, gap: int = 3, id: str | None = None) -> None:
        super().__init__(id=id)
        self._chips = list(chips)
        self._gap = gap

    def show(self, chips: Sequence[Chip]) -> None:
        """Show other chips; the screen is laid out anew only when they need more or fewer lines."""
        width = self.size.width
        before = len(_flow_chips(self._chips, width, self._gap))
        self._chips = list(chips)
        self.refresh(layout=width > 0 and len(_flow_chips(self._chips, width, self._gap)) != before)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the chips take."""
        return len(_flow_chips(self._chips, width, self._gap))

    def on_resize(self, _event: events.Resize) -> None:
        """Take as many lines as are needed at the new width: the layout may have been made while it was another."""
        if len(_flow_chips(self._chips, self.size.width, self._gap)) != self.size.height:
            self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """Draw a line of chips."""
        lines = _flow_chips(self._chips, self.size.width, self._gap)
        plain = self.rich_style
        segments: list[Segment] = []
        for place, chip in lines[y] if y < len(lines) else []:
            segments.append(Segment(" " * (place - sum(each.cell_length for each in segments)), plain))
            segments += [
                Segment(text, plain + self.get_component_rich_style(f"chips--{part}", partial=True))
                for text, part in chip.parts()
            ]
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    @on(events.Click)
    def _press(self, event: events.Click) -> None:
        lines = _flow_chips(self._chips, self.size.width, self._gap)
        for place, chip in lines[event.y] if event.y < len(lines) else []:
            if place <= event.x < place + chip.width:
                self.post_message(self.Pressed(chip.name))


def _flow_chips(chips: Sequence[Chip], width: int, gap: int) -> list[list[tuple[int, Chip]]]:
    """Return the chips of each line with the cell at which they begin."""
    lines: list[list[tuple[int, Chip]]] = [[]]
    place = 0
    for chip in chips:
        if place and place + chip.width > width:
            lines.append([])
            place = 0
        lines[-1].append((place, chip))
        place += chip.width + gap
    return lines
