"""One theme: colours are written in one file and named in all others, so that dark, light and sixteen colours work."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.color import ANSI_COLOR_NAMES
from textual.app import App
from textual.dom import DOMNode

import txt.screens
from txt.charts.palette import PALETTES, choose_theme
from txt.screens.app import ThemedApp
from txt.screens.kept_theme import read_theme

ROOT = Path(txt.screens.__file__).parents[1]
WRITTEN_HERE = ROOT / "charts" / "palette.py"
IN_FILES = {ROOT / "charts" / name for name in ("shapes.py", "svg.py", "run_figure.py")}  # pictures, not for terminals
DRAWING = [
    path
    for folder in ("screens", "charts", "wording", "cli")
    for path in (ROOT / folder).rglob("*.py")
    if path != WRITTEN_HERE and path not in IN_FILES
]
SIXTEEN = {name for name, number in ANSI_COLOR_NAMES.items() if number < 16}  # every terminal's own theme has these
OTHERS = set(ANSI_COLOR_NAMES) - SIXTEEN
STYLE_WORDS = {"bold", "dim", "italic", "underline", "reverse", "strike", "blink", "not", "on", "default"}
VALUE = r"#[0-9a-fA-F]{3,8}\b|\b(?:rgb|hsl)a?\("


def strings(path: Path) -> Iterator[str]:
    """Every string in a file of code, docstrings among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def is_style(text: str) -> bool:
    words = text.split()
    return bool(words) and all(word in STYLE_WORDS | set(ANSI_COLOR_NAMES) or re.match(VALUE, word) for word in words)


@pytest.mark.parametrize("path", DRAWING, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_styles_name_colours_that_every_terminal_has_a_theme_for(path):
    literal = [
        each for each in strings(path) if is_style(each) and (re.search(VALUE, each) or OTHERS & {*each.split()})
    ]
    assert not literal


def test_the_style_sheet_names_the_themes_colours_only():
    sheet = re.sub(r"/\*.*?\*/", "", (ROOT / "screens" / "txt.tcss").read_text(encoding="utf-8"), flags=re.DOTALL)
    colors = re.findall(r"(?:\b(?:color|background|border|tint)[a-z-]*):([^;]+);", sheet)
    assert len(colors) > 20
    used = {name for value in colors for name in re.findall(r"\$([\w-]+)", value)}
    assert used <= set(PALETTES["txt-dark"]), used
    for value in colors:
        rest = re.sub(r"\$[\w-]+|\d+%|\b(?:round|none)\b", "", value).strip()
        assert not rest, value


def test_both_palettes_give_every_colour_a_value():
    dark, light = PALETTES.values()
    assert dark.keys() == light.keys()


def drawn_kinds() -> list[type[DOMNode]]:
    """Every app, screen, dialog and widget of ours."""
    modules = [
        importlib.import_module(each.name) for each in pkgutil.walk_packages(txt.screens.__path__, "txt.screens.")
    ]
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    return [each for each in found if issubclass(each, DOMNode) and each.__module__.startswith("txt.")]


def test_no_screen_dialog_or_widget_has_a_style_sheet_of_its_own():
    kinds = drawn_kinds()
    assert len(kinds) > 20
    assert not [each for each in kinds if {"CSS", "DEFAULT_CSS"} & set(vars(each))]
    apps = [each for each in kinds if issubclass(each, App)]
    assert {each.CSS_PATH for each in apps} == {ROOT / "screens" / "txt.tcss"}


async def test_a_theme_is_found_by_name_and_kept_for_the_next_screen(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    app = ThemedApp()
    async with app.run_test():
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        assert "colours" in commands["Theme nord"].help
        commands["Theme nord"].callback()
        assert app.theme == "nord"
    assert read_theme() == "nord"
    assert choose_theme("truecolor", read_theme()) == "nord"
    assert choose_theme("standard", read_theme()).startswith("ansi")


def test_a_kept_theme_that_is_not_there_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("COLORTERM", "truecolor")
    (tmp_path / "txt").mkdir()
    (tmp_path / "txt" / "theme").write_bytes(b"\xff\x1b[31m" * 100)
    assert read_theme() is None
    (tmp_path / "txt" / "theme").write_text("no such theme")
    assert ThemedApp().theme in (*PALETTES, "ansi-dark", "ansi-light")
