"""What is said on stderr, and to whom."""

import io

import pytest
from rich.console import Console

from txt.cli import console


@pytest.mark.parametrize(("terminal", "told"), [(True, "loading 001 …\n"), (False, "")])
def test_only_a_terminal_is_told_what_takes_a_while(monkeypatch, terminal, told):
    written = io.StringIO()
    monkeypatch.setattr(console, "talk", Console(file=written, force_terminal=terminal, color_system=None))
    console.say_if_terminal("loading 001 …")
    assert written.getvalue() == told
