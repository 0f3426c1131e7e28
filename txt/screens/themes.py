"""The palettes as Textual's themes."""

from textual.theme import Theme

from txt.screens.palette import LIGHT, PALETTES

THEMES = [Theme(name=name, dark=name != LIGHT, **colors) for name, colors in PALETTES.items()]  # type: ignore[arg-type]
