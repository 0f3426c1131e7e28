"""The shapes of a figure (lines, dots, text), drawn as SVG or as PNG."""

import html
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from txt.errors import InputError
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from PIL import ImageDraw

WIDTH, HEIGHT = 960, 710
COLORS = {
    "paper": "#ffffff",
    "ink": "#1b1f24",
    "muted": "#626c78",
    "grid": "#dfe3e8",
    "train": "#1f5fd0",
    "raw": "#a9c3ef",
    "val": "#b45309",
    "gap": "#7a3fa0",
}

_SHARP = 3  # a PNG is drawn this many times larger and then scaled down, for smooth lines

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True)
class LineShape:
    """A line through points, in a colour of COLORS."""

    points: Points
    color: str
    width: float = 1.8
    dashed: bool = False


@dataclass(frozen=True)
class DotShape:
    """A dot, in a colour of COLORS."""

    x: float
    y: float
    color: str


@dataclass(frozen=True)
class TextShape:
    """Text whose baseline begins, has its middle or ends at a point."""

    x: float
    y: float
    text: str
    color: str = "ink"
    size: float = 12
    anchor: str = "start"
    bold: bool = False


Shape = LineShape | DotShape | TextShape


def svg(shapes: Iterable[Shape]) -> str:
    """Draw shapes as a stand-alone SVG document."""
    drawn = "\n".join(map(_render_svg_shape, shapes))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" '
        f"height=\"{HEIGHT}\" font-family=\"system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif\">\n"
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{COLORS["paper"]}"/>\n{drawn}\n</svg>\n'
    )


def png(shapes: Iterable[Shape]) -> bytes:
    """Draw shapes as a PNG of twice the figure's size.

    Raises:
        InputError: Pillow, which draws it, is not installed.
    """
    try:
        from PIL import Image, ImageDraw  # not one of our dependencies
    except ImportError:
        raise InputError("a PNG needs Pillow, which is not installed", "pip install pillow, or --svg") from None
    large = 2 * _SHARP
    image = Image.new("RGB", (WIDTH * large, HEIGHT * large), COLORS["paper"])
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        _draw_png_shape(draw, shape, large)
    content = io.BytesIO()
    image.resize((WIDTH * 2, HEIGHT * 2), Image.Resampling.LANCZOS).save(content, "PNG", optimize=True)
    return content.getvalue()


def _render_svg_shape(shape: Shape) -> str:
    color = COLORS[shape.color]
    match shape:
        case LineShape():
            points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
            dashes = ' stroke-dasharray="5 4"' if shape.dashed else ""
            return (
                f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="{shape.width:g}" '
                f'stroke-linejoin="round"{dashes}/>'
            )
        case DotShape():
            return f'<circle cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="2.8" fill="{color}"/>'
        case TextShape():
            weight = ' font-weight="600"' if shape.bold else ""
            return (
                f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" font-size="{shape.size:g}" fill="{color}" '
                f'text-anchor="{shape.anchor}"{weight}>{html.escape(sanitize(shape.text))}</text>'
            )


def _draw_png_shape(draw: "ImageDraw.ImageDraw", shape: Shape, large: int) -> None:
    color = COLORS[shape.color]
    match shape:
        case LineShape():
            for piece in _split_into_dashes(shape) if shape.dashed else [shape.points]:
                draw.line([(x * large, y * large) for x, y in piece], color, round(shape.width * large), joint="curve")
        case DotShape():
            x, y, reach = shape.x * large, shape.y * large, 2.8 * large
            draw.ellipse((x - reach, y - reach, x + reach, y + reach), color)
        case TextShape():
            from PIL import ImageFont

            anchor = {"start": "ls", "middle": "ms", "end": "rs"}[shape.anchor]
            font = ImageFont.load_default(shape.size * large)
            place = shape.x * large, shape.y * large
            draw.text(place, sanitize(shape.text), color, font, anchor, stroke_width=int(shape.bold))


def _split_into_dashes(line: LineShape) -> list[Points]:
    """Return the dashes of a straight line, 5 long with 4 between."""
    (x0, y0), (x1, y1) = line.points[0], line.points[-1]
    length = math.hypot(x1 - x0, y1 - y0)

    def along(distance: float) -> tuple[float, float]:
        return x0 + (x1 - x0) * distance / length, y0 + (y1 - y0) * distance / length

    return [(along(begin), along(min(begin + 5, length))) for begin in range(0, int(length), 9)]
