"""Every key of the labeling screen, pressed; what is checked is what is painted and what is in the store."""

import csv
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input

from tests.screens.conftest import REVIEWS, MakeApp, read_screen, write_reviews
from tests.screens.pilot import wait_for_text
from tests.screens.pilot import wait_until as until
from txt.labeling.actions import ACTIONS
from txt.labeling.guide import ClassGuide, Guide
from txt.labeling.item import Suggestion
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels
from txt.screens.label.app import LabelApp
from txt.screens.label.class_bar import ClassBar
from txt.screens.label.find_dialog import FindDialog
from txt.screens.label.group_dialogs import LabelAllDialog
from txt.screens.label.leave_questions import Restart
from txt.screens.label.screen import LabelScreen
from txt.screens.widgets.dialogs import ChoiceDialog, LineDialog, PageDialog

SMALL = (80, 24)


def stored(app: LabelApp) -> list[str | None]:
    """The label of each row, read afresh from the store."""
    labels = read_current_labels(app.session.journal.path)
    rows = range(len(app.session.rows))
    names = [app.session.states.row_id(row) for row in rows]
    return [labels[name].label if name in labels else None for name in names]


async def test_one_key_labels_saves_and_shows_the_next_text(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        assert REVIEWS[0] in read_screen(app)
        await pilot.press("3")
        assert stored(app)[0] == "positive"
        assert "The handle broke" in read_screen(app)
        assert REVIEWS[0] not in read_screen(app)
        assert "1 done · 7 left" in read_screen(app)


async def test_all_keys_are_on_screen(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL):
        for key in ("1  negative", "2  neutral", "3  positive"):
            assert key in read_screen(app)
        for action in ACTIONS:
            assert f"{action.key} {action.word}" in read_screen(app)


@pytest.mark.parametrize("key", ["s", "space"])
async def test_skip_leaves_a_row_without_a_label(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        assert app.session.states.is_skipped(0)
        assert app.session.row == 1


@pytest.mark.parametrize("keys", [("u", "U"), ("backspace", "ctrl+y")])
async def test_undo_and_redo(make_app: MakeApp, keys):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", keys[0])
        assert stored(app) == [None] * 8
        assert REVIEWS[0] in read_screen(app)
        assert "undone" in read_screen(app)
        await pilot.press(keys[1])
        assert stored(app)[0] == "positive"
        await pilot.press(keys[0], keys[0])
        assert "nothing to undo" in read_screen(app)


async def test_back_shows_the_label_and_forward_returns(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "left")
        assert REVIEWS[0] in read_screen(app)
        assert "● positive" in read_screen(app)
        await pilot.press("right")
        assert app.session.row == 1
        await pilot.press("left", "left")
        assert "this is the first row" in read_screen(app)


@pytest.mark.parametrize("key", ["f", "!"])
async def test_flag_marks_the_row_and_stays_on_it(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        assert "flagged" in read_screen(app)
        assert app.session.row == 0
        await pilot.press(key)
        assert "flag taken off" in read_screen(app)


@pytest.mark.parametrize("key", ["n", "ctrl+n"])
async def test_typing_a_note_triggers_no_shortcut(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        assert isinstance(app.screen, LineDialog)
        await pilot.press(*"123 squnfb", "enter")
        assert app.session.item().note == "123 squnfb"
        assert stored(app) == [None] * 8
        assert "note: 123 squnfb" in read_screen(app)


async def test_a_note_typed_faster_than_the_screen_opens_triggers_no_shortcut(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        for letter in "n123 squnfb\r":
            app.post_message(Key("enter" if letter == "\r" else letter, letter))
        await until(pilot, lambda: "note: 123 squnfb" in read_screen(app))
        assert stored(app) == [None] * 8
        assert app.session.row == 0


async def test_escape_leaves_the_note_as_it_was(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("n", *"first", "enter", "n", *" second", "escape")
        assert app.session.item().note == "first"


@pytest.mark.parametrize("key", ["g", "#"])
async def test_jump_shows_a_row_by_its_number(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key, "7", "enter")
        assert "Nachts leuchtet er blau 💙" in read_screen(app)
        await pilot.press(key, *"70", "enter")
        assert "there is no row 70: the file has 8" in read_screen(app)
        await pilot.press(key, *"here", "enter")
        assert "here is not a number" in read_screen(app)


async def test_other_columns_are_shown_on_demand(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        assert "shop" not in read_screen(app)
        await pilot.press("tab")
        assert "shop  north" in read_screen(app)
        await pilot.press("1")
        assert "shop  south" in read_screen(app)
        await pilot.press("tab")
        assert "shop" not in read_screen(app)


async def test_a_class_added_on_the_fly_has_the_next_key(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("+", *"positive", "enter")
        assert "there is a class `positive` already" in read_screen(app)
        await pilot.press(*"[red]", "enter")
        assert "4  positive[red]" in read_screen(app)
        await pilot.press("4")
        assert stored(app)[0] == "positive[red]"


@pytest.mark.parametrize("key", ["p", "%"])
async def test_the_pace_page_shows_counts_and_goes_with_any_key(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "3", "3", key)
        assert isinstance(app.screen, PageDialog)
        assert "positive 3 █" in read_screen(app)
        await pilot.press("1")
        assert isinstance(app.screen, LabelScreen)
        assert app.session.row == 3  # that key labeled nothing


@pytest.mark.parametrize("key", ["?", "f1"])
async def test_help_lists_every_key_on_one_screen(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press(key)
        assert isinstance(app.screen, PageDialog)
        for line in ("take back what you did last", "label all that the filter shows", "every action by its name"):
            assert line in read_screen(app)


async def test_identical_texts_are_offered_once(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        assert "2 identical rows" in read_screen(app)
        await pilot.press("1")
        assert "and its twin" in read_screen(app)
        assert stored(app)[5] == "negative"
        await pilot.press("2", "2", "3")
        assert app.session.row == 6


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


async def test_multi_label_toggles_and_enter_accepts(make_app: MakeApp):
    app = make_app(multi_label=True)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "1", "2", "1")
        assert "● neutral" in read_screen(app)
        assert app.session.row == 0
        await pilot.press("enter")
        assert stored(app)[0] == "neutral|positive"
        assert app.session.row == 1
        await pilot.press("left")
        assert "● neutral" in read_screen(app)
        assert "● positive" in read_screen(app)


async def test_mnemonic_keys_win_over_actions_which_keep_another_key(make_app: MakeApp):
    app = make_app(keys="negative=n,positive=p")
    async with app.run_test(size=SMALL) as pilot:
        assert "ctrl+n note" in read_screen(app)
        assert "% pace" in read_screen(app)
        await pilot.press("p", "n", "1")
        assert stored(app)[:3] == ["positive", "negative", "neutral"]


async def test_over_twenty_classes_are_found_by_typing(make_app: MakeApp):
    names = [f"class {word}" for word in ("apple", "banana", "cherry", "date", "elder", "fig", "grape")]
    app = make_app(labels=",".join([*names, *(f"other {number}" for number in range(20))]))
    async with app.run_test(size=SMALL) as pilot:
        assert "type to find one of 27" in read_screen(app)
        assert "! flag" in read_screen(app)
        await pilot.press(*"grp")
        assert "▸  class grape" in read_screen(app)
        await pilot.press("backspace", "backspace", "backspace", *"ban", "enter")
        assert stored(app)[0] == "class banana"
        await pilot.press("backspace")
        assert stored(app)[0] is None
        await pilot.press(*"other 1", "down", "enter")
        assert stored(app)[0].startswith("other 1")
        assert stored(app)[0] != "other 1"
        await pilot.press(*"zzz", "enter")
        assert "none has these letters" in read_screen(app)


async def test_long_texts_scroll(make_app: MakeApp):
    text = "\n".join(f"line {number:03}" for number in range(200))
    app = make_app([text, "second"])
    async with app.run_test(size=SMALL) as pilot:
        assert "line 000" in read_screen(app)
        assert "↓ more below" in read_screen(app)
        await pilot.press("down")
        assert "line 000" not in read_screen(app)
        assert "line 001" in read_screen(app)
        await pilot.press("up", "pagedown")
        assert "line 000" not in read_screen(app)
        await pilot.press("end")
        assert "line 199" in read_screen(app)
        assert "more below" not in read_screen(app)
        await pilot.press("pageup", "home")
        assert "line 000" in read_screen(app)
        await pilot.press("end", "1", "left")
        assert "line 000" in read_screen(app)


async def test_nothing_in_a_text_reaches_the_terminal_as_a_code_or_as_markup(make_app: MakeApp, tmp_path):
    odd = "\x1b[31mred\x1b]0;title\x07 [bold]x[/] [/foo] \u202eback \x9b2J"
    path = write_reviews(tmp_path / "odd.csv", [odd, "x"], ["\x1b[5mblink [b]", "[/x]"])
    app = make_app(path)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("tab", "n", *"[/b]", "enter", "/", *"red")
        await until(pilot, lambda: "1 row " in read_screen(app))
        await pilot.press("escape")
        shown = read_screen(app)
        assert "␛[31mred␛]0;title␇ [bold]x[/] [/foo] ‹202E›back ‹9B›2J" in shown
        assert "␛[5mblink [b]" in shown
        assert "note: [/b]" in shown
        assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in shown.replace("\n", ""))


async def test_keywords_are_highlighted(make_app: MakeApp):
    app = make_app(highlight="works|charm")
    async with app.run_test(size=SMALL):
        strips = app.screen._compositor.render_strips()
        marked = [segment.text for strip in strips for segment in strip if segment.style and segment.style.underline]
        assert marked == ["works", "charm"]


async def test_a_suggestion_has_a_line_of_its_own_and_enter_takes_it(make_app: MakeApp):
    app = make_app()
    app.session._suggest = lambda row: Suggestion("positive", 0.83, "model", "like its neighbours") if row else None
    async with app.run_test(size=SMALL) as pilot:
        assert "suggested" not in read_screen(app)
        await pilot.press("enter")
        assert app.session.row == 0
        await pilot.press("1")
        assert "suggested: positive · enter · the model gives it 83% · like its neighbours" in read_screen(app)
        await pilot.press("enter")
        (decision,) = app.session.journal.decisions_about([row_id(REVIEWS[1])])
        assert (decision.value, decision.suggestion, decision.score) == ("positive", "positive", 0.83)


async def test_when_all_is_labeled_the_screen_says_so_and_goes_back(make_app: MakeApp):
    app = make_app(REVIEWS[:2])
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "1")
        assert "Every row is labeled or skipped." in read_screen(app)
        await pilot.press("1", "enter", "f", "n", "s")
        assert stored(app) == ["positive", "negative"]
        await pilot.press("left")
        assert "The handle broke" in read_screen(app)


async def test_a_locked_store_is_told_and_the_decision_is_saved_when_it_is_free(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        blocker = sqlite3.connect(app.session.journal.path, isolation_level=None)
        blocker.execute("BEGIN IMMEDIATE")
        await pilot.press("3")
        assert "1 decision is not saved: another program holds the store." in read_screen(app)
        await pilot.press("q")
        assert isinstance(app.screen, ChoiceDialog)
        assert "1 decision is not saved" in read_screen(app)
        await pilot.press("escape")
        assert isinstance(app.screen, LabelScreen)
        blocker.execute("ROLLBACK")
        blocker.close()
        await until(pilot, lambda: "not saved" not in read_screen(app))
        assert stored(app)[0] == "positive"


async def test_leaving_says_how_much_was_done(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "q")
        assert "1 decision in this sitting, all saved." in read_screen(app)
        await pilot.press("escape")
        assert isinstance(app.screen, LabelScreen)
        await pilot.press("q", "enter")
    assert app.return_value is None
    assert app.return_code == 0


@pytest.mark.parametrize("key", ["ctrl+q", "ctrl+c"])
async def test_control_keys_leave_even_while_something_is_asked(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("n", key)
        assert isinstance(app.screen, LabelScreen)
        await pilot.press(key)
        assert isinstance(app.screen, ChoiceDialog)


async def test_leaving_can_export(make_app: MakeApp, tmp_path):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "q", "e")
        await until(pilot, lambda: not app.is_running)
    target = tmp_path / "reviews.labeled.csv"
    assert app.return_value == target
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == REVIEWS
    assert rows[0]["label"] == "positive"


async def test_exporting_over_another_file_is_refused_on_the_screen(make_app: MakeApp, tmp_path):
    (tmp_path / "reviews.labeled.csv").write_text("dear diary")
    app = make_app()
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("q", "e")
        await until(pilot, lambda: "--overwrite replaces it" in read_screen(app))
        assert isinstance(app.screen, LabelScreen)


async def test_clicks_do_what_keys_do(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.click(ClassBar, offset=(2, 0))
        assert stored(app)[0] == "negative"
        await pilot.click("#keys", offset=(10, 0))
        assert stored(app)[0] is None


async def test_the_palette_holds_every_action(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=SMALL) as pilot:
        titles = [command.title for command in app.get_system_commands(app.screen)]
        assert "Take back what you did last, without limit" in titles
        assert "Export the data file with its labels" in titles
        assert "Dark or light" in titles
        await pilot.press("ctrl+p", *"flag this row")
        await until(pilot, lambda: "take the flag off" in read_screen(app))
        await pilot.press("enter", "enter")
        await until(pilot, lambda: app.session.states.is_flagged(0))


async def test_what_another_annotator_does_shows_without_a_key(make_app: MakeApp, tmp_path):
    path = write_reviews(tmp_path / "reviews.csv")
    app, other = make_app(path), make_app(path, annotator="ben")
    other.session.label("positive")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "2 done" in read_screen(app))


async def test_a_big_file_is_labeled_while_it_is_still_being_read(make_app: MakeApp, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("txt.data.reading.open_rows._SMALL_BYTES", 1000)
    monkeypatch.setattr("txt.data.reading.open_rows._HEAD_ROWS", 50)
    texts = [f"text number {number:05}" for number in range(3000)] + ["text number 00000"]
    kept = tmp_path / "big.csv.labels.index"
    app = make_app(write_reviews(tmp_path / "big.csv", texts), kept=kept)
    async with app.run_test(size=SMALL) as pilot:
        assert "text number 00000" in read_screen(app)
        await pilot.press("3")
        assert "text number 00001" in read_screen(app)
        await until(pilot, lambda: len(app.session.rows) == 3001)
        await until(pilot, lambda: "2 done · 2,999 left" in read_screen(app))
        assert stored(app)[3000] == "positive"
        assert "1 identical row labeled alike" in read_screen(app)
        await pilot.press("/", *"number 02999")
        await until(pilot, lambda: "1 row " in read_screen(app))
    assert kept.exists()


async def test_a_reason_that_is_too_long_for_its_line_is_cut_with_a_mark(make_app: MakeApp):
    app = make_app()
    app.session.set_suggest(
        lambda _row: Suggestion("positive", 0.5, reason="sentiment-positive; strong-praise: like a charm " * 3)
    )
    async with app.run_test(size=SMALL):
        line = next(line for line in read_screen(app).splitlines() if "suggested:" in line)
        assert line.rstrip().endswith("…")


async def test_where_there_are_no_classes_yet_they_are_asked_for_beside_the_first_text(make_app: MakeApp):
    app = make_app(labels=None, need_classes=False)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert "Which classes?" in read_screen(app)
        assert REVIEWS[0] in read_screen(app)
        await pilot.press("enter")
        assert "a class needs a name" in read_screen(app)
        await pilot.press(*"good, bad,good", "enter")
        assert app.session.classes == ["good", "bad"]
        await pilot.press("2")
        assert stored(app)[0] == "bad"


async def test_who_names_no_classes_reads_on_and_adds_them_later(make_app: MakeApp):
    app = make_app(labels=None, need_classes=False)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("escape")
        assert "no classes yet, + adds them" in read_screen(app)
        await pilot.press("right", "+", *"good", "enter", "1")
        assert stored(app)[:2] == [None, "good"]


def send_at(app: LabelApp, keys: str, moment: float, *, apart: float = 0.0) -> None:
    """Send keys as a terminal does that read them at a moment, and one after the other."""
    for number, letter in enumerate(keys):
        event = Key(letter, letter)
        event.time = moment + number * apart
        app.post_message(event)


async def test_letters_typed_before_a_text_was_read_do_not_label_it(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3" * 30, time.monotonic())
        await until(pilot, lambda: "29 keys were typed before this text was read" in read_screen(app))
        assert stored(app) == ["positive", *[None] * 7]
        send_at(app, "1", time.monotonic() + 10)
        await until(pilot, lambda: "3 identical" not in read_screen(app) and stored(app)[1] == "negative")


async def test_a_key_held_down_labels_one_row(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3" * 40, time.monotonic(), apart=0.03)
        await until(pilot, lambda: "39 keys were typed" in read_screen(app))
        assert stored(app) == ["positive", *[None] * 7]


async def test_fast_takes_keys_however_early_they_come(make_app: MakeApp):
    app = make_app(fast=True)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "333", time.monotonic())
        await until(pilot, lambda: stored(app)[:3] == ["positive"] * 3)


async def test_undo_and_moving_are_never_too_early(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3u", time.monotonic())
        await until(pilot, lambda: "undone" in read_screen(app))
        assert stored(app) == [None] * 8


async def test_marks_that_were_not_accepted_wait_for_their_row(make_app: MakeApp):
    app = make_app(multi_label=True)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "3", "right")
        assert "the marks on row 1 are kept, and not accepted yet" in read_screen(app)
        assert "● " not in read_screen(app)
        await pilot.press("left")
        assert "● negative" in read_screen(app)
        assert "● positive" in read_screen(app)
        await pilot.press("right", "q")
        assert "Marks on 1 row are not accepted" in read_screen(app)
        await pilot.press("escape", "left", "enter")
        assert stored(app)[0] == "negative|positive"
        await pilot.press("q")
        assert "not accepted" not in read_screen(app)


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


async def test_a_file_with_a_label_in_every_row_offers_what_can_be_done_with_it(make_app: MakeApp, tmp_path):
    data = tmp_path / "labeled.csv"
    data.write_text("text,label\na good film,pos\na bad film,neg\n")
    for key, option in (("r", "review"), ("a", "relabel")):
        app = make_app(data, labels=None, need_classes=False)
        async with app.run_test(size=SMALL) as pilot:
            await until(pilot, lambda app=app: "All 2 rows have a label." in read_screen(app))
            await pilot.press(key)
            await until(pilot, lambda app=app: not app.is_running)
        assert app.return_value == Restart(option)
    app = make_app(data, labels=None, need_classes=False)
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "look through them" in read_screen(app))
        await pilot.press("enter")
        assert "a good film" in read_screen(app)
        await pilot.press("right")
        assert "a bad film" in read_screen(app)


async def test_the_class_that_makes_letters_search_says_so(make_app: MakeApp):
    app = make_app(labels=",".join(f"class {number}" for number in range(20)))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("+", *"one more", "enter")
        assert "new class one more: over 20 have no keys, so type letters of a name" in read_screen(app)


async def test_the_page_of_keys_begins_with_the_guide(make_app: MakeApp):
    app = make_app()
    guide = Guide((ClassGuide("negative", "Somebody complains.", "A question.", ("it broke",)),), "How do they feel?")
    app.labeling._sitting = replace(app.labeling._sitting, guide=guide)
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("?")
        shown = await wait_for_text(pilot, "Somebody complains.")
    assert shown.index("How do they feel?") < shown.index("1 negative") < shown.index("not: A question.")
    assert "“it broke”" in shown


async def test_in_a_long_list_the_likeliest_classes_come_first_and_an_arrow_chooses(make_app: MakeApp):
    names = [f"class{number:02}" for number in range(30)]
    app = make_app(labels=",".join(names))
    found = Suggestion("class21", 0.3, "model", who="names", ranked=("class21", "class07", "class12"), is_sure=False)
    app.session.set_suggest(lambda _row: found)
    async with app.run_test(size=(100, 30)) as pilot:
        shown = await wait_for_text(pilot, "perhaps: class21, class07, class12 · by names 30%")
        assert shown.index("the likeliest come first") < shown.index("class00")
        await pilot.press("enter")  # nothing sure is suggested, and nothing was chosen
        assert stored(app)[0] is None
        await pilot.press("down", "down", "enter")
        assert stored(app)[0] == "class07"
        await pilot.press(*"ss2", "enter")  # of those with these letters, a likely one first
        assert stored(app)[1] == "class21"


async def test_a_suggestion_that_appears_is_not_taken_by_an_enter_pressed_before(make_app: MakeApp):
    app = make_app(fast=False)

    class Coming:
        trouble = ""
        steps = 0

        def step(self) -> bool:
            self.steps += 1
            return self.steps == 2

        def suggest(self, _row: int) -> Suggestion:
            return Suggestion("positive", 0.9, "model", who="names")

    app.labeling._sitting = replace(app.labeling._sitting, suggester=Coming())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.session.suggestion is not None)
        app.labeling._guard.show_text(time.monotonic())
        await pilot.press("enter")
        assert stored(app)[0] is None
        await pilot.pause(0.4)
        await pilot.press("enter")
        assert stored(app)[0] == "positive"
