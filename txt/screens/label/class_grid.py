"""The classes with their keys, counts and shares in columns; each can be clicked."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len
from rich.segment import Segment
from textual import events, on
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from txt.sanitize import clip
from txt.screens.widgets.chips import Chips

_GAP, _TIGHT_GAP = 3, 1
_LONGEST_NAME = 60
_FEW = 12  # classes that may each have a line of their own rather than lose their counts


@dataclass(frozen=True)
class ClassCell:
    """A class and its key; `count` is how many rows have it and `share` of how many (0 to 1), both None if unknown."""

    name: str
    key: str
    count: int | None = None
    share: float | None = None
    marked: bool = False


@dataclass(frozen=True)
class _Grid:
    """Cells in columns from top to bottom: how wide the name and the numbers of each column are."""

    cells: Sequence[ClassCell]
    lines: int
    names: Sequence[int]
    numbers: Sequence[int]
    keys: int
    detail: int
    gap: int = _GAP

    @property
    def widths(self) -> list[int]:
        """The cells that each column takes."""
        return [self.keys + 2 + name + number for name, number in zip(self.names, self.numbers, strict=True)]

    @property
    def width(self) -> int:
        """The cells that all take, with gaps between them."""
        return sum(self.widths) + self.gap * (len(self.names) - 1)

    def starts(self) -> list[int]:
        """Return the cell at which each column begins."""
        return [0, *accumulate(width + self.gap for width in self.widths)][: len(self.names)]


class ClassGrid(Widget):
    """Shows classes in as few lines as their full names, counts and shares allow, and in at most `most_lines`.

    Where they would take more, shares and then counts are left out, and at last the names are cut.
    """

    COMPONENT_CLASSES = {"chips--key", "chips--word", "chips--marked", "chips--extra"}  # noqa: RUF012

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.most_lines = 10
        self._laid_out = 0
        self._cells: Sequence[ClassCell] = ()

    def show(self, cells: Sequence[ClassCell], most_lines: int) -> None:
        """Show other classes; the screen is laid out anew only when they need more or fewer lines."""
        self._cells, self.most_lines = cells, most_lines
        self.refresh(layout=self.size.width > 0 and self._arrange(self.size.width).lines != self._laid_out)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that the classes take."""
        self._laid_out = self._arrange(width).lines
        return self._laid_out

    def on_resize(self, _event: events.Resize) -> None:
        """Take as many lines as are needed at the new width."""
        if self._arrange(self.size.width).lines != self._laid_out:
            self.refresh(layout=True)

    def render_line(self, y: int) -> Strip:
        """Draw a line of classes."""
        grid, plain = self._arrange(self.size.width), self.rich_style
        segments: list[Segment] = []
        for column, start in enumerate(grid.starts()):
            place = column * grid.lines + y
            if y >= grid.lines or place >= len(grid.cells):
                continue
            segments.append(Segment(" " * (start - sum(each.cell_length for each in segments)), plain))
            segments += [
                Segment(text, plain + self.get_component_rich_style(f"chips--{part}", partial=True))
                for text, part in _build_parts(grid, grid.cells[place], column)
            ]
        return Strip(segments).adjust_cell_length(self.size.width, plain)

    def _arrange(self, width: int) -> _Grid:
        return arrange_cells(self._cells, width, self.most_lines)

    @on(events.Click)
    def _press(self, event: events.Click) -> None:
        grid = self._arrange(self.size.width)
        for column, (start, width) in enumerate(zip(grid.starts(), grid.widths, strict=True)):
            place = column * grid.lines + event.y
            if start <= event.x < start + width and event.y < grid.lines and place < len(grid.cells):
                self.post_message(Chips.Pressed(grid.cells[place].name))


def arrange_cells(cells: Sequence[ClassCell], width: int, most_lines: int) -> _Grid:
    """Return the classes in columns: all their numbers if that takes no more lines than there may be."""
    allowed = max(min(most_lines, max(len(cells) // 2, 1) if len(cells) > _FEW else most_lines), 1)
    best: _Grid | None = None
    for detail in (2, 1, 0):
        for lines in range(1, len(cells) + 1):
            grid = _build_grid(cells, lines, detail)
            if grid.width <= width:
                if lines <= allowed:
                    return grid
                best = grid if best is None or lines < best.lines else best
                break
    if best is not None and best.lines <= most_lines:
        return best
    lines = max(min(most_lines, len(cells)), 1)
    grid = _build_grid(cells, lines, 0)
    columns = max(len(grid.names), 1)
    room = max((width - _TIGHT_GAP * (columns - 1)) // columns - grid.keys - 2, 1)
    return _Grid(cells, lines, [min(name, room) for name in grid.names], grid.numbers, grid.keys, 0, _TIGHT_GAP)


def count_fitting_cells(cells: Sequence[ClassCell], width: int, lines: int) -> int:
    """Return how many of the first classes fit into so many lines without losing anything but their shares."""
    fitting = 0
    for count in range(1, len(cells) + 1):
        if _build_grid(cells[:count], lines, 1).width > width:
            break
        fitting = count
    return max(fitting, min(lines, len(cells)))


def _build_grid(cells: Sequence[ClassCell], lines: int, detail: int) -> _Grid:
    columns = [cells[start : start + lines] for start in range(0, len(cells), lines)]
    keys = max((cell_len(cell.key) for cell in cells), default=0) + 2
    names = [max(cell_len(clip(cell.name, _LONGEST_NAME)) for cell in column) for column in columns]
    numbers = [max(cell_len(_format_numbers(cell, detail)) for cell in column) for column in columns]
    return _Grid(cells, lines if cells else 0, names, numbers, keys, detail)


def _build_parts(grid: _Grid, cell: ClassCell, column: int) -> list[tuple[str, str]]:
    """Return the pieces of a class and the component class of each."""
    name = clip(cell.name, min(grid.names[column], _LONGEST_NAME))
    number = _format_numbers(cell, grid.detail)
    fill = grid.names[column] - cell_len(name) + grid.numbers[column] - cell_len(number)
    key = f" {cell.key}".ljust(grid.keys - 1) + " "
    if cell.marked:
        return [(key, "key"), (f"● {name}", "marked"), (" " * fill + number, "extra")]
    return [(key, "key"), (f" {name} ", "word"), (" " * fill + number, "extra")]


def _format_numbers(cell: ClassCell, detail: int) -> str:
    if cell.count is None or not detail:
        return ""
    share = f"{cell.share:>4.0%}" if detail > 1 and cell.share is not None else ""
    return f" {cell.count:,} {share}".rstrip()
