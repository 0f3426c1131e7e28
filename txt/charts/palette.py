"""The colours of all screens by name, and which of them suit a terminal; Textual's themes are made from these."""

import os
from collections.abc import Mapping

DARK, LIGHT = "txt-dark", "txt-light"
PALETTES: Mapping[str, Mapping[str, str]] = {
    DARK: {
        "primary": "#7aa2f7",
        "accent": "#e0af68",
        "warning": "#e0af68",
        "error": "#f7768e",
        "foreground": "#e8e8ea",
        "background": "#15161a",
        "surface": "#1d1f25",
        "panel": "#262830",
    },
    LIGHT: {
        "primary": "#2f5fc4",
        "accent": "#8a5200",
        "warning": "#8a5200",
        "error": "#b3123a",
        "foreground": "#1b1c20",
        "background": "#fbfbf9",
        "surface": "#f0f0ec",
        "panel": "#e4e4df",
    },
}

# The sixteen colours of a terminal as the screens paint them, so that a chart's `bright_blue` is seen on each of our
# themes and of Textual's: at least 3:1 against their backgrounds. Black to white, then the bright ones.
TERMINAL_COLORS: Mapping[str, tuple[str, ...]] = {
    DARK: (
        *("#3a3d46", "#f7768e", "#73c991", "#e0af68", "#7f99d9", "#c099ff", "#56c8d8", "#c8cad2"),
        *("#a3a8b5", "#ff9aa9", "#9ece6a", "#ffc777", "#8fb4ff", "#d5b8ff", "#86e1fc", "#ffffff"),
    ),
    LIGHT: (
        *("#1b1c20", "#b3123a", "#1f6b2e", "#7d5200", "#4a68ad", "#7d2fbd", "#0b6475", "#5c6068"),
        *("#5c6068", "#b3123a", "#1f6b2e", "#8a5200", "#1d4fbf", "#7d2fbd", "#0b6475", "#1b1c20"),
    ),
}

RUN_COLORS = ("bright_blue", "bright_magenta", "bright_cyan", "bright_red", "green", "magenta", "cyan")
"""The colour of a run, and those of others drawn over it; a letter tells them apart where there is no colour."""

# Styles of a confusion cell, each from this share of its class upwards. The background of the terminal is not known, so
# small shares only colour the number: a pale background would be too bright on black.
RIGHT_SHADES = ((0.75, "bold #ffffff on #1f5fd0"), (0.5, "#000000 on #6f9ff0"), (0.0, "blue"))
WRONG_SHADES = ((0.25, "bold #ffffff on #a84a05"), (0.1, "#000000 on #e08f3c"), (0.03, "yellow"))


def choose_theme(color_system: str | None, kept: str | None = None) -> str:
    """Return the theme for a terminal: its own sixteen colours, the one `kept` by the user, or ours, dark or light."""
    background = os.environ.get("COLORFGBG", "").rpartition(";")[2]
    light = background in ("7", "15")
    if color_system in (None, "standard") or os.environ.get("NO_COLOR"):
        return "ansi-light" if light else "ansi-dark"
    return kept or (LIGHT if light else DARK)
