"""Rules on the labeling screen: suggestions with their reasons, and the table that follows an edit."""

import os
from pathlib import Path

import pytest

from tests.screens.conftest import MakeApp, read_screen, stored
from tests.screens.pilot import wait_until as until
from txt.screens.label.rule_table import RuleTable
from txt.screens.label.text_pane import TextPane

SIZE = (100, 30)
RULES = """
[[rule]]
name = "refund"
label = "negative"
keywords = ["refund", "broke"]

[[rule]]
name = "charm"
label = "positive"
regex = 'like a \\w+'
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    return path


def rewrite(path: Path, source: str) -> None:
    beside = path.with_suffix(".new")
    beside.write_text(source)
    os.replace(beside, path)


async def test_a_rule_suggests_with_its_words_highlighted_and_enter_takes_it(make_app: MakeApp, rules: Path):
    app = make_app(rules=rules)
    async with app.run_test(size=SIZE) as pilot:
        told = "suggested: positive · enter · the rules give it 50% · charm: like a charm"
        await until(pilot, lambda: told in read_screen(app))
        pane = app.screen.query_one(TextPane)
        assert [pane.lines.text[slice(*span)] for span in pane._matches] == ["like a charm"]
        await pilot.press("enter")
        assert stored(app)[0] == "positive"
        assert "suggested: negative · enter · the rules give it 50% · refund: broke, refund" in read_screen(app)
        await pilot.press("3")
        assert stored(app)[1] == "positive"


async def test_the_table_follows_the_file_and_tells_its_mistakes(make_app: MakeApp, rules: Path):
    app = make_app(rules=rules)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("3", "r")
        await until(pilot, lambda: "100 % [21, 100]" in read_screen(app))
        assert isinstance(app.screen, RuleTable)
        rewrite(rules, RULES.replace("refund", "slow"))
        await until(pilot, lambda: "slow " in read_screen(app))
        rewrite(rules, RULES.replace('"positive"', '"postive"'))
        await until(pilot, lambda: "line 9, rule `charm`: unknown label `postive`" in read_screen(app))
        assert "did you mean `positive`?" in read_screen(app)
        rewrite(rules, RULES)
        await until(pilot, lambda: "unknown label" not in read_screen(app))
        await pilot.press("r")
        assert app.screen is app.labeling


async def test_a_pattern_that_never_ends_stops_no_key(make_app: MakeApp, rules: Path):
    endless = "[[rule]]\nname = 'endless'\nlabel = 'positive'\nregex = '([a-z ,]+)+$'\n"
    rewrite(rules, endless)
    app = make_app(rules=rules)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("1", "2")
        assert stored(app)[:2] == ["negative", "neutral"]
        await pilot.press("r")
        await until(pilot, lambda: "switched off: its regex takes too long at row 1" in read_screen(app))


async def test_an_export_from_the_screen_has_the_rules_labels(make_app: MakeApp, rules: Path, tmp_path: Path):
    app = make_app(rules=rules)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "suggested" in read_screen(app))
        await pilot.press("1", "q", "e")
        await until(pilot, lambda: (tmp_path / "reviews.labeled.csv").exists())
    text = (tmp_path / "reviews.labeled.csv").read_text()
    assert text.count(",rule,") == 3
    assert text.count(",manual,") == 1


async def test_without_rules_there_is_no_key_for_them(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SIZE) as pilot:
        assert "r rules" not in read_screen(app)
        await pilot.press("r")
        assert "r is not a key here" in read_screen(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)], ids=["80x24", "120x40", "200x60"])
@pytest.mark.usefixtures("still_clock")
def test_the_table(snap_compare, make_app: MakeApp, rules: Path, size: tuple[int, int]):
    app = make_app(rules=rules)
    app.session.stopwatch = type(app.session.stopwatch)(lambda: 0.0)

    async def open_table(pilot) -> None:
        await pilot.press("3", "1", "2", "r")
        await until(pilot, lambda: "covers" in read_screen(app))

    assert snap_compare(app, terminal_size=size, run_before=open_table)
