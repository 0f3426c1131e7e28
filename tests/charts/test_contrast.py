"""Every colour of a chart is seen on every theme: 3:1 at least against what it is drawn on, 4.5:1 for words."""

import pytest
from rich.color import Color as RichColor
from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

from txt.charts import plot_drawing, run_plots
from txt.charts.palette import DARK, LIGHT, PALETTES, RUN_COLORS
from txt.charts.plot import BAR_COLOR
from txt.charts.raster import Ink
from txt.screens import lrfind
from txt.screens.app import THEMES, build_terminal_theme
from txt.wording import exploration

PAINTED = {theme.name: theme for theme in [*THEMES, *BUILTIN_THEMES.values()] if not theme.name.startswith("ansi")}


def list_chart_colors() -> set[str]:
    """Every colour that a chart draws lines in."""
    inks = [each for module in (plot_drawing, run_plots) for each in vars(module).values() if isinstance(each, Ink)]
    assert len(inks) >= 5
    assert not [ink for ink in inks if "dim" in ink.style]
    return (
        {ink.color for ink in inks if ink.color}
        | set(lrfind.MARKS.values())
        | set(RUN_COLORS)
        | set(exploration._COLORS)
        | {BAR_COLOR}
    )


def contrast(one: Color, other: Color) -> float:
    """The ratio of the Web Content Accessibility Guidelines, from 1 to 21."""

    def luminance(color: Color) -> float:
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.clamped.normalized
        ]
        return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def grounds(theme: Theme) -> list[Color]:
    """What charts stand on in a theme."""
    colors = theme.to_color_system().generate()
    return [Color.parse(colors[name]) for name in ("background", "surface")]


@pytest.mark.parametrize("theme", PAINTED.values(), ids=PAINTED.keys())
def test_the_lines_of_a_chart_are_seen_on_every_theme(theme):
    terminal = build_terminal_theme(DARK if theme.dark else LIGHT)
    for name in list_chart_colors():
        painted = Color(*RichColor.parse(name).get_truecolor(terminal))
        for ground in grounds(theme):
            assert contrast(painted, ground) >= 3, (name, painted.hex, ground.hex)


@pytest.mark.parametrize("name", [DARK, LIGHT])
def test_words_in_our_themes_are_read(name):
    palette = {part: Color.parse(color) for part, color in PALETTES[name].items()}
    for ground in ("background", "surface", "panel"):
        for ink in ("foreground", "primary", "accent", "warning", "error"):
            assert contrast(palette[ink], palette[ground]) >= 4.5, (ink, ground)


def test_a_run_and_those_drawn_over_it_have_colours_of_their_own():
    own = {run_plots._TRAIN.color, run_plots._RAW.color, run_plots._VAL.color, plot_drawing.BEST.color}
    assert len(set(RUN_COLORS)) == len(RUN_COLORS)
    assert not own & set(RUN_COLORS[1:])
