"""Finding rows on the labeling screen, going through them, and labeling all that was found."""

import pytest
from textual.widgets import Input

from tests.screens.conftest import SMALL, MakeApp, read_screen, stored
from tests.screens.pilot import wait_until as until
from txt.screens.label.find_dialog import FindDialog
from txt.screens.label.group_dialogs import LabelAllDialog


async def test_search_shows_hits_while_typing_and_goes_through_them(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("/")
        assert isinstance(app.screen, FindDialog)
        await pilot.press(*"REFUND")
        await until(
            pilot, lambda: "3 rows" in read_screen(app) and "8  Refund came within two days" in read_screen(app)
        )
        await pilot.press("enter")
        assert app.session.row == 1
        assert "REFUND  1 of 3" in read_screen(app)
        await pilot.press("1")
        assert app.session.row == 7
        await pilot.press("left")
        assert "2 of 3" in read_screen(app)
        await pilot.press("escape")
        assert app.session.row == 0


@pytest.mark.parametrize(
    ("typed", "rows"),
    [
        ("/refund|kettle/", [1, 2, 5, 7]),
        ("shop:n*", [0, 2, 6]),
        ("shop:NORTH blau", [6]),
        ("-shop:north refund", [1, 5, 7]),
        ("is:labeled", [0, 1, 5]),
        ("is:unlabeled shop:east", [3, 4]),
        ("is:flagged", [2]),
        ("is:skipped", []),
        ("is:twin", [5]),
        ("label:positive", [0]),
        ("by:anna", [0, 1, 5]),
        ("SCHÖN", [6]),
    ],
)
async def test_filters(make_app: MakeApp, typed, rows):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "1", "f", "/", *typed)
        count = "1 row " if len(rows) == 1 else f"{len(rows)} rows" if rows else "nothing"
        await until(pilot, lambda: count in read_screen(app))
        if rows:
            await pilot.press("enter")
            assert app.session.queue.view.rows.tolist() == rows


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("/(/", "is not a regular expression"),
        ("is:labelled", "did you mean is:labeled?"),
        ("label:positiv", "did you mean label:positive?"),
        ("by:nobody", "by:nobody is unknown"),
    ],
)
async def test_a_wrong_search_says_what_is_wrong_with_it(make_app: MakeApp, typed, told):
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3", "/", *typed)
        await until(pilot, lambda: told in read_screen(app))
        await pilot.press("enter")
        assert isinstance(app.screen, FindDialog)


async def test_a_regular_expression_that_never_ends_does_not_stop_the_next_search(make_app: MakeApp, monkeypatch):
    monkeypatch.setattr("txt.screens.label.search_links._STUCK_SECONDS", 0.0)
    app = make_app(["a" * 40, "so good", "b"])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("/", *"/(a+)+b$/")
        await until(pilot, lambda: app.labeling._scanner.waiting)
        app.screen.query_one(Input).value = "good"
        await until(pilot, lambda: "1 row " in read_screen(app))


@pytest.mark.parametrize("key", ["b", "*"])
async def test_everything_a_filter_shows_is_labeled_after_a_preview(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        assert "first / finds something" in read_screen(app)
        await pilot.press("3", "/", *"shop:north", "enter")
        await until(pilot, lambda: app.session.queue.view is not None and len(app.session.queue.view.rows) == 3)
        await pilot.press(key)
        assert isinstance(app.screen, LabelAllDialog)
        assert "2 rows would be labeled" in read_screen(app)
        assert "3  It is a kettle." in read_screen(app)
        await pilot.press("enter")
        assert isinstance(app.screen, LabelAllDialog)
        await pilot.press("2")
        assert "labels 2 rows neutral" in read_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: "2 rows labeled neutral" in read_screen(app))
        assert stored(app) == ["positive", None, "neutral", None, None, None, "neutral", None]
        await pilot.press("u")
        assert stored(app) == ["positive", *[None] * 7]


async def test_labeled_rows_are_taken_in_only_when_asked_for(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "/", *"shop:north", "enter")
        await until(pilot, lambda: app.session.queue.view is not None and len(app.session.queue.view.rows) == 3)
        await pilot.press("b", "*")
        assert "3 rows would be labeled" in read_screen(app)
        await pilot.press("*", "2", "escape")
        assert stored(app) == ["positive", *[None] * 7]


async def test_more_rows_than_fit_are_looked_through_and_left_out(make_app: MakeApp):
    app = make_app([f"text number {number:03}" for number in range(50)])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("/", *"number")
        found = lambda: app.screen.search  # noqa: E731
        await until(pilot, lambda: found() and found().query.typed == "number" and found().done)
        await until(pilot, lambda: "50 rows" in read_screen(app))
        assert "text number 030" not in read_screen(app)
        await pilot.press(*["down"] * 31)
        await until(pilot, lambda: "text number 030" in read_screen(app))
        await pilot.press("delete", "enter")
        await until(pilot, lambda: app.session.row == 31)
        await until(pilot, lambda: "31 of 49" in read_screen(app))
        assert 30 not in app.session.queue.view.rows
        await pilot.press("b", *["pagedown"] * 9, "space", "1")
        assert "48 rows would be labeled" in read_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: "48 rows labeled negative" in read_screen(app))
        assert [row for row, label in enumerate(stored(app)) if label is None] == [30, 49]
