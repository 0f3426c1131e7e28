"""The base classes of all apps and screens: colours, the command palette, and how to leave."""

import asyncio
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from rich.color import parse_rgb_hex
from rich.segment import Segment
from rich.terminal_theme import TerminalTheme
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from txt.actions import Action
from txt.charts.palette import DARK, LIGHT, PALETTES, TERMINAL_COLORS, choose_theme
from txt.sanitize import sanitize_lines
from txt.screens.kept_theme import keep_theme, read_theme

Result = TypeVar("Result")

_ENDING = (signal.SIGTERM, signal.SIGHUP)

THEMES = [Theme(name=name, dark=name != LIGHT, **colors) for name, colors in PALETTES.items()]  # type: ignore[arg-type]


def build_terminal_theme(name: str) -> TerminalTheme:
    """Return what a screen paints for the terminal's sixteen colours, such as a chart's `bright_blue`."""
    rgb = [parse_rgb_hex(color[1:]) for color in TERMINAL_COLORS[name]]
    background, foreground = (parse_rgb_hex(PALETTES[name][part][1:]) for part in ("background", "foreground"))
    return TerminalTheme(background, foreground, list(rgb[:8]), list(rgb[8:]))


class Sink(LineFilter):
    """Lets only letters reach the terminal: each widget sanitizes what it shows, and this holds where one forgets."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the pieces of a line with visible characters for control codes and what turns text round."""
        return [
            each if each.control or each.text.isprintable() else Segment(sanitize_lines(each.text), each.style)
            for each in segments
        ]


class ThemedApp(App[Result]):
    """An app in our colours, or the terminal's own where it has sixteen or none; it may begin with a screen."""

    CSS_PATH = Path(__file__).with_name("txt.tcss")

    def __init__(self, first: Screen[Any] | None = None) -> None:
        super().__init__(ansi_color=True if os.environ.get("NO_COLOR") else None)  # else it would paint in greys
        self._first = first
        for theme in THEMES:
            self.register_theme(theme)
        self.ansi_theme_dark, self.ansi_theme_light = build_terminal_theme(DARK), build_terminal_theme(LIGHT)
        kept = read_theme()
        self.theme = choose_theme(self.console.color_system, kept if kept in self.available_themes else None)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what each line goes through before it is painted."""
        return [*super().get_line_filters(), Sink()]

    def get_default_screen(self) -> Screen[Any]:
        """Return the screen to begin with."""
        return self._first or super().get_default_screen()

    def list_themes(self) -> Iterable[SystemCommand]:
        """Yield a command for each theme, ours first; the one chosen is kept for all screens."""
        names = sorted(self.available_themes, key=lambda name: (name not in PALETTES, name))
        other = LIGHT if self.current_theme.dark else DARK
        yield SystemCommand("Dark or light", f"colours: {other}", partial(self.choose_theme, other))
        for name in names:
            kind = "dark" if self.available_themes[name].dark else "light"
            yield SystemCommand(f"Theme {name}", f"colours, {kind}", partial(self.choose_theme, name))

    def choose_theme(self, name: str) -> None:
        """Use a theme from now on, in all screens."""
        self.theme = name
        if not keep_theme(name):
            self.notify("the theme is not kept: the user's settings cannot be written", severity="warning")

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:  # noqa: ARG002
        """Yield what the command palette offers: the themes."""
        yield from self.list_themes()

    def on_load(self) -> None:
        """Handle SIGTERM and SIGHUP: their default would end the program without restoring the terminal."""
        loop = asyncio.get_running_loop()
        for number in _ENDING:
            with suppress(NotImplementedError, RuntimeError, ValueError):  # on Windows, or not in the main thread
                loop.add_signal_handler(number, self._obey, loop)

    def _obey(self, loop: asyncio.AbstractEventLoop) -> None:
        for number in _ENDING:  # the next one ends the program at once
            loop.remove_signal_handler(number)
        self.leave_on_signal()

    def leave_on_signal(self) -> None:
        """Leave when the program is told to end."""
        self.exit()


class ActingScreen(Screen[None]):
    """A screen with named actions, so that keys, clicks and the command palette can run them."""

    @property
    def actions(self) -> Sequence[Action]:
        """What keys do here."""
        raise NotImplementedError

    def run_action_named(self, name: str) -> None:
        """Do what one of the actions says."""
        getattr(self, f"_do_{name}")()


class ActingApp(ThemedApp[Result]):
    """Runs an acting screen; leaving is an action of that screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", "Leave", show=False, priority=True),
    ]

    def __init__(self, acting: ActingScreen) -> None:
        super().__init__(acting)
        self._acting = acting

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield what the command palette offers: every action, and the themes."""
        if screen is self._acting:
            for action in self._acting.actions:
                title = action.help[0].upper() + action.help[1:]
                yield SystemCommand(title, f"key {action.key}", partial(self._acting.run_action_named, action.name))
        yield from self.list_themes()

    def action_leave(self) -> None:
        """Leave the screen, or close the dialog over it."""
        if self.screen is self._acting:
            self._acting.run_action_named("leave")
        else:
            self.screen.dismiss(None)
