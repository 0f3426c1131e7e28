"""Every key of the labeling screen, pressed; what is checked is what is painted and what is in the store."""

import csv
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key

from tests.screens.conftest import REVIEWS, SMALL, MakeApp, read_screen, stored, write_reviews
from tests.screens.pilot import wait_for_text
from tests.screens.pilot import wait_until as until
from txt.labeling.actions import ACTIONS
from txt.labeling.guide import ClassGuide, Guide
from txt.screens.label.class_bar import ClassBar
from txt.screens.label.leave_questions import Restart
from txt.screens.label.screen import LabelScreen
from txt.screens.widgets.dialogs import ChoiceDialog, LineDialog, PageDialog


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
