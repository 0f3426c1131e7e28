"""Shots: what a screen or a report shows at a moment, as SVG in dark and in light, without anything to fetch."""

import io
import re
from collections.abc import Callable
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, SVG_EXPORT_THEME
from textual.app import App
from textual.pilot import Pilot

from txt.charts.palette import DARK, LIGHT

_FONTS = "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace"


class Shot(NamedTuple):
    """One moment, in both kinds of colours."""

    dark: str
    light: str


async def shoot(app: App[object], pilot: Pilot[object], title: str) -> Shot:
    """Return what an app shows now, in dark and in light; it is dark again afterwards."""
    drawn = []
    for theme in (LIGHT, DARK):
        app.theme = theme
        await pilot.pause(0.2)
        drawn.append(clean(app.export_screenshot(title=title)))
    return Shot(dark=drawn[1], light=drawn[0])


def shoot_console(show: Callable[[Console], None], title: str, width: int = 84) -> Shot:
    """Return what is printed on a console, in dark and in light."""
    drawn = []
    for name, theme in (("dark", SVG_EXPORT_THEME), ("light", DEFAULT_TERMINAL_THEME)):
        console = Console(record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor")
        show(console)
        unique = re.sub(r"\W", "-", f"{title}-{name}")
        drawn.append(clean(console.export_svg(title=title, theme=theme, unique_id=unique)))
    return Shot(*drawn)


def clean(svg: str) -> str:
    """Return an SVG that takes a font of the reader's machine: a picture in a page may not fetch one."""
    svg = re.sub(r"\s*@font-face \{.*?\}", "", svg, flags=re.DOTALL)
    return re.sub(r"font-family: Fira Code, monospace", f"font-family: {_FONTS}", svg)
