"""Search by meaning in the label screen: a process beside it answers, and its rows are gone through best first."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.exploration.conftest import write_things
from tests.screens.conftest import make_app  # noqa: F401
from tests.screens.pilot import wait_for_text, wait_until
from tests.waiting import PATIENCE_SECONDS
from txt.config import PrepareConfig
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.errors import InputError
from txt.exploration.corpus import read_corpus
from txt.exploration.meaning_server import MOST, MeaningSearch, read_texts
from txt.labeling.query import parse_query
from txt.labeling.queue import Queue, QueueView
from txt.labeling.scanner import Found
from txt.labeling.side_process import Failed
from txt.screens.label.find_dialog import FindDialog
from txt.screens.label.group_dialogs import SimilarDialog
from txt.screens.widgets.row_list import RowList


def ask(search: MeaningSearch, words: str, among: bytes | None = None):
    """Return the last answer to a request."""
    number, until = search.find(words, among), time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for answer in search.answers():
            if isinstance(answer, Failed) or (answer.number == number and answer.done):
                return answer
        time.sleep(0.01)
    raise AssertionError("no answer")


def open_search(path: Path) -> MeaningSearch:
    rows = open_rows(path, ReadingOptions("text"), path.with_suffix(".index"))
    rows.close()
    return MeaningSearch(path, rows.form, ReadingOptions("text"), None)


def test_the_process_answers_with_the_nearest_rows_among_those_that_may_be_found(tmp_path):
    path = write_things(tmp_path / "things.csv")
    search = open_search(path)
    try:
        found = ask(search, "courier parcel delivery")
        assert isinstance(found, Found)
        assert 0 < len(found.rows) <= MOST
        assert (found.rows[:20] % 3 == 1).all()
        among = np.arange(240) >= 120
        rows = ask(search, "courier parcel delivery", np.packbits(among).tobytes()).rows
        assert rows.min() >= 120
        assert (rows[:20] % 3 == 1).all()
    finally:
        search.close()


def test_a_file_that_is_gone_is_told(tmp_path):
    path = write_things(tmp_path / "things.csv")
    rows = open_rows(path, ReadingOptions("text"), tmp_path / "index")
    rows.close()
    path.unlink()
    search = MeaningSearch(path, rows.form, ReadingOptions("text"), None)
    try:
        assert isinstance(ask(search, "parcel"), Failed)
    finally:
        search.close()


def test_the_texts_of_an_indexed_file_are_those_that_explore_reads(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.exploration.meaning_server._BLOCK", 50)
    path = tmp_path / "odd.csv"
    path.write_text('shop,text\na,"two\nlines, ""quoted"""\nb,\n\nc,plain\nd\n')
    rows = open_rows(path, ReadingOptions("text"), tmp_path / "index")
    rows.close()
    texts = [text for part in read_texts(path, rows.form, rows.index) for text in part]
    corpus = read_corpus(str(path), PrepareConfig(text_column="text"), None, lambda _done: None)
    assert texts == [text for part in corpus.read() for text in part]
    assert corpus.hashes.tolist() == rows.index.hashes.tolist()


def test_a_tilde_and_a_space_ask_for_a_meaning_and_other_tildes_are_words():
    def parse(typed):
        return parse_query(typed, ("text", "shop"), ("pos",), ())

    query = parse("is:unlabeled ~ refund never came")
    assert (query.meaning, query.text, query.states[0].value) == ("refund never came", "", "unlabeled")
    assert query.reads_file
    assert (parse("~5 days").meaning, parse("~5 days").text) == ("", "~5 days")
    assert parse("~").text == "~"
    with pytest.raises(InputError, match="takes no shop"):
        parse("~ refund shop:north")


def test_rows_by_meaning_are_gone_through_best_first_and_back():
    queue = Queue()
    queue.view = QueueView("~ a", np.array([7, 2, 9, 4]), ranked=True)
    decided = np.zeros(10, bool)
    decided[9] = True
    seen = []
    for _ in range(3):
        queue.move_on(decided, set())
        seen.append(queue.row)
        decided[queue.row] = True
    assert seen == [7, 2, 4]
    assert queue.back()
    assert queue.row == 9
    assert queue.forward(decided, set())
    assert queue.row == 4
    assert not queue.forward(decided, set())


async def test_the_dialog_shows_the_nearest_rows_and_keys_label_them(make_app, tmp_path):  # noqa: F811
    app = make_app(write_things(tmp_path / "things.csv", labels=False), labels="letter,other")
    async with app.run_test(size=(100, 30)) as pilot:
        await pilot.press("slash", *"~ courier parcel", "enter")
        await wait_until(pilot, lambda: not isinstance(app.screen, FindDialog))
        first = app.session.row
        assert first % 3 == 1
        assert app.session.queue.view.ranked
        assert f"1 of {len(app.session.queue.view.rows)}" in await wait_for_text(pilot, "~ courier parcel")
        await pilot.press("1")
        assert app.session.states.label(first) == "letter"
        assert app.session.row == app.session.queue.view.rows[1]
        await wait_for_text(pilot, f"2 of {len(app.session.queue.view.rows)}")
        await pilot.press("slash")
        await wait_for_text(pilot, "the nearest")
        await pilot.press("escape", "escape")
        await wait_until(pilot, lambda: app.session.queue.view is None)
        await pilot.press("q")


async def test_m_labels_a_text_and_those_like_it_with_one_key_and_one_undo_takes_it_back(make_app, tmp_path):  # noqa: F811
    app = make_app(write_things(tmp_path / "things.csv", labels=False), labels="kettle,letter")
    async with app.run_test(size=(100, 40)) as pilot:
        await pilot.press("m")
        await wait_until(pilot, lambda: isinstance(app.screen, SimilarDialog))
        dialog = app.screen
        await wait_for_text(pilot, "rows with this one")
        listed = dialog.query_one(RowList)
        group = listed.kept.tolist()
        assert group
        assert all(row % 3 == 0 for row in group)  # those about the same thing
        await pilot.press("down", "space")
        assert listed.left_out >= {group[0]}
        await pilot.pause(0.2)  # a key that came with the list would not count
        await pilot.press("1")
        await wait_until(pilot, lambda: app.screen is not dialog and app.session.row == 1)
        states = app.session.states
        labeled = {0, *group[1:]}
        assert {row for row in labeled if states.label(row) == "kettle"} == labeled
        assert states.label(group[0]) is None
        assert states.how(0) == "manual"
        assert states.how(group[1]) == "bulk"
        await pilot.press("u")
        assert not app.session.states.labeled.any()
        assert app.session.row == 0
        await pilot.press("q")


async def test_the_list_of_alike_rows_shows_labels_and_leaves_labeled_rows_out(make_app, tmp_path):  # noqa: F811
    app = make_app(write_things(tmp_path / "things.csv", labels=False), labels="kettle,letter")
    async with app.run_test(size=(100, 40)) as pilot:
        for row in range(3, 240, 3):
            app.session.jump(row + 1)
            app.session.label("letter")
        app.session.jump(1)
        await pilot.press("m")
        text = await wait_for_text(pilot, "labeled: ")
        assert "letter" in text
        assert "1 row with this one" in text
        await pilot.press("escape", "q")
