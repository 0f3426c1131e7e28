import random
import socket
import sqlite3
import subprocess
import sys
from dataclasses import astuple

import numpy as np
import pytest

from tests.labeling.conftest import write_csv
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.errors import InputError
from txt.labeling.queue import QueueView
from txt.labeling.session import LabelSession
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels
from txt.labeling.store.store_file import NotSavedError

TEXTS = ["so good", "so bad", "what", "fine", "meh"]


def close(session: LabelSession) -> None:
    session.leave()
    session.journal.close()


def labels_of(session: LabelSession) -> list[str | None]:
    return [session.states.label(row) for row in range(len(session.rows))]


def picture(session: LabelSession) -> list[tuple]:
    """All that is known of every row."""
    states = session.states
    shown = []
    for row in range(len(session.rows)):
        note = session._read_note(row)
        shown.append((states.label(row), states.is_skipped(row), states.is_flagged(row), note, states.how(row)))
    return [*shown, tuple(session.classes), astuple(session.progress())[:5]]


def test_a_label_is_saved_and_the_next_row_shown(open_session):
    session = open_session(TEXTS)
    assert session.item().text == "so good"
    session.label("pos")
    assert session.item().text == "so bad"
    assert read_current_labels(session.journal.path)[row_id("so good")].label == "pos"


def test_a_new_sitting_begins_at_the_first_row_without_a_decision(open_session):
    first = open_session(TEXTS)
    first.label("pos")
    first.skip()
    close(first)
    assert open_session(TEXTS).item().text == "what"


def test_after_the_last_row_nothing_is_left(open_session):
    session = open_session(TEXTS[:2])
    session.label("pos")
    session.label("neg")
    assert session.item() is None
    assert session.label("pos") == ""
    assert session.progress().left == 0


def test_going_back_and_changing_a_label_returns_to_the_row_that_was_waiting(open_session):
    session = open_session(TEXTS)
    for label in ("pos", "pos", "neu"):
        session.label(label)
    assert session.row == 3
    session.back()
    session.back()
    assert session.row == 1
    session.label("neg")
    assert session.row == 3
    assert labels_of(session) == ["pos", "neg", "neu", None, None]


def test_back_and_forward_walk_the_same_way(open_session):
    session = open_session(TEXTS)
    session.label("pos")
    session.forward()
    session.label("pos")
    seen = [session.row]
    for _ in range(3):
        session.back()
        seen.append(session.row)
    for _ in range(3):
        session.forward()
        seen.append(session.row)
    assert seen == [3, 2, 1, 0, 1, 2, 3]


def test_a_row_passed_over_is_offered_again_at_the_end(open_session):
    session = open_session(TEXTS[:3])
    session.forward()
    session.label("pos")
    session.label("pos")
    assert session.row == 0


def test_undo_shows_the_row_it_took_the_label_off(open_session):
    session = open_session(TEXTS)
    session.label("pos")
    session.label("neg")
    session.undo()
    assert (session.row, labels_of(session)) == (1, ["pos", None, None, None, None])
    session.redo()
    assert (session.row, labels_of(session)) == (2, ["pos", "neg", None, None, None])
    session.undo()
    session.redo()
    session.back()
    session.label("neu")
    assert labels_of(session)[1] == "neu"


def test_undo_and_redo_work_in_the_next_sitting(open_session):
    first = open_session(TEXTS)
    first.label("pos")
    first.label("neg")
    close(first)
    second = open_session(TEXTS)
    second.undo()
    second.undo()
    assert second.undo() == "nothing to undo"
    assert labels_of(second) == [None] * 5
    second.redo()
    close(second)
    third = open_session(TEXTS)
    assert labels_of(third) == ["pos", None, None, None, None]
    third.redo()
    assert labels_of(third) == ["pos", "neg", None, None, None]
    assert third.redo() == "nothing to redo"


def test_a_new_decision_ends_what_can_be_redone(open_session):
    session = open_session(TEXTS)
    session.label("pos")
    session.undo()
    session.label("neg")
    assert session.redo() == "nothing to redo"


def test_one_annotator_does_not_undo_what_another_did(open_session):
    anna, ben = open_session(TEXTS), open_session(TEXTS, "ben")
    anna.label("pos")
    ben.label("neg")
    ben.undo()
    assert ben.undo() == "nothing to undo"
    anna.refresh()
    assert labels_of(anna) == ["pos", None, None, None, None]


def test_identical_rows_are_offered_once_and_share_the_label(open_session):
    session = open_session(["same", "other", "same", "same"])
    assert session.item().copies == 3
    session.label("pos")
    assert labels_of(session) == ["pos", None, "pos", "pos"]
    assert [session.states.how(row) for row in (0, 2, 3)] == ["manual", "duplicate", "duplicate"]
    session.label("neg")
    assert session.item() is None
    session.undo()
    session.undo()
    assert labels_of(session) == [None] * 4


def test_changing_a_label_changes_it_on_the_twins_too(open_session):
    session = open_session(["same", "other", "same"])
    session.label("pos")
    session.back()
    session.label("neg")
    assert labels_of(session) == ["neg", None, "neg"]


def test_without_twins_identical_rows_are_labeled_one_by_one(open_session):
    session = open_session(["same", "other", "same"], twins=False)
    session.label("pos")
    session.label("pos")
    session.label("neg")
    assert labels_of(session) == ["pos", "pos", "neg"]


def test_rows_added_to_the_file_get_the_label_of_their_twins(open_session, tmp_path):
    first = open_session(["a", "b"])
    first.label("pos")
    close(first)
    path = write_csv(tmp_path / "data.csv", ["x", "a", "b", "a"])
    session = open_session(path)
    assert session.adopt(session.rows.index) == 1
    assert labels_of(session) == [None, "pos", None, "pos"]
    assert session.states.how(3) == "duplicate"
    session.undo()
    assert labels_of(session) == [None] * 4


def test_labels_follow_their_rows_when_the_file_is_sorted_or_shortened(open_session, tmp_path):
    first = open_session(["c", "a", "b"])
    for label in ("pos", "neg", "neu"):
        first.label(label)
    close(first)
    session = open_session(write_csv(tmp_path / "data.csv", ["a", "b", "new"]))
    assert labels_of(session) == ["neg", "neu", None]
    assert session.states.unmatched == {row_id("c")}
    assert read_current_labels(session.journal.path)[row_id("c")].label == "pos"


def test_labels_in_the_file_count_as_done_unless_they_are_left_aside(open_session, tmp_path):
    path = write_csv(tmp_path / "data.csv", TEXTS[:3], label=["good", "", "bad"])
    session = open_session(path, label_column="label", labels=())
    assert session.row == 1
    assert session.classes == ["bad", "good"]
    assert session.progress().done == 2
    again = open_session(path, "ben", label_column="label", labels=(), file_labels=False)
    assert (again.row, again.progress().done, again.classes) == (0, 0, ["bad", "good"])


def test_rows_without_a_text_are_not_offered(open_session):
    session = open_session(["", "a", "", "b"])
    session.label("pos")
    session.label("pos")
    assert session.item() is None
    assert session.progress().total == 2


def test_flags_and_notes_stay_with_their_row_and_can_be_undone(open_session):
    session = open_session(TEXTS)
    session.flag()
    session.set_note("is this irony?")
    assert (session.item().flagged, session.item().note) == (True, "is this irony?")
    session.set_note("")
    assert session.item().note == ""
    session.undo()
    assert session.item().note == "is this irony?"
    session.undo()
    session.undo()
    assert (session.item().flagged, session.item().note) == (False, "")


def test_a_class_added_on_the_fly_is_there_next_time_and_its_keys_stay(open_session):
    first = open_session(TEXTS)
    first.add_class("odd")
    first.label("odd")
    close(first)
    second = open_session(TEXTS, labels=())
    assert second.classes == ["neg", "neu", "pos", "odd"]
    assert second.keys == {"neg": "1", "neu": "2", "pos": "3", "odd": "4"}
    with pytest.raises(InputError, match="already"):
        second.add_class("odd")


def test_a_class_is_seen_by_the_other_annotator(open_session):
    anna, ben = open_session(TEXTS), open_session(TEXTS, "ben")
    anna.add_class("odd")
    ben.refresh()
    assert ben.classes == ["neg", "neu", "pos", "odd"]


def test_everything_in_a_view_is_labeled_by_one_act_and_undone_by_one(open_session):
    session = open_session([f"row {number}" for number in range(50)])
    session.label("neg")
    rows = session.select_bulk_rows(np.arange(0, 50, 2), overwrite=False)
    assert rows.tolist() == list(range(2, 50, 2))
    session.label_all(rows, "pos")
    assert session.progress().classes == {"neg": 1, "neu": 0, "pos": 24}
    session.undo()
    assert session.progress().classes == {"neg": 1, "neu": 0, "pos": 0}
    session.redo()
    assert labels_of(session)[:4] == ["neg", None, "pos", None]


def test_labeling_all_reaches_identical_rows_outside_the_view(open_session):
    session = open_session(["a", "b", "a", "c"])
    session.label_all(np.array([0, 1]), "pos")
    assert labels_of(session) == ["pos", "pos", "pos", None]
    assert session.states.how(2) == "duplicate"


def test_labeling_goes_through_the_rows_of_a_view_only(open_session):
    session = open_session(TEXTS)
    session.set_view(QueueView("odd", np.array([1, 3])))
    assert session.row == 1
    session.label("pos")
    assert session.row == 3
    session.label("pos")
    assert session.row == 3
    assert session.back() == ""
    assert session.back() == "this is the first row"
    session.set_view(None)
    assert session.row == 0


def test_two_annotators_never_have_the_same_row_on_screen(open_session):
    texts = [f"row {number}" for number in range(60)]
    sessions = [open_session(texts, name) for name in ("anna", "ben", "cleo")]
    given = []
    rng = random.Random(7)
    while any(session.row is not None for session in sessions):
        rows = [session.row for session in sessions if session.row is not None]
        assert len(set(rows)) == len(rows)
        session = rng.choice([each for each in sessions if each.row is not None])
        given.append(session.row)
        session.label(rng.choice(session.classes))
    assert sorted(given) == list(range(60))


def test_a_label_given_by_another_meanwhile_is_shown_before_it_is_changed(open_session):
    anna, ben = open_session(TEXTS), open_session(TEXTS, "ben")
    ben.jump(1)
    ben.label("neg")
    assert "ben decided on this meanwhile (neg)" in anna.label("pos")
    assert labels_of(anna)[0] == "neg"
    anna.label("pos")
    assert labels_of(anna)[0] == "pos"


def test_a_row_left_by_closing_is_offered_to_the_others(open_session):
    anna, ben = open_session(TEXTS[:2]), open_session(TEXTS[:2], "ben")
    close(anna)
    ben.label("pos")
    assert ben.row == 0


def test_a_row_that_a_killed_sitting_had_on_screen_is_offered_at_once(open_session):
    killed = subprocess.Popen([sys.executable, "-c", ""])
    killed.wait()
    ghost = open_session(TEXTS, "ghost")
    ghost._token = f"{socket.gethostname()}:{killed.pid}:0"
    ghost.journal.connection.execute("DELETE FROM claims")
    ghost._save([])
    assert open_session(TEXTS, "anna").row == 0


def test_a_row_on_the_screen_of_another_machine_stays_taken(open_session):
    far = open_session(TEXTS, "far")
    far._token = "another-machine:1:0"
    far.journal.connection.execute("DELETE FROM claims")
    far._save([])
    assert open_session(TEXTS, "anna").row == 1


def test_decisions_wait_while_the_store_is_locked_and_are_written_afterwards(open_session):
    session = open_session(TEXTS)
    blocker = sqlite3.connect(session.journal.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    session.label("pos")
    session.label("neg")
    session.undo()
    assert session.problem == "another program holds the store"
    assert not session.retry()
    assert labels_of(session) == ["pos", None, None, None, None]
    blocker.execute("ROLLBACK")
    blocker.close()
    assert session.retry()
    assert session.problem is None
    assert [label.label for label in read_current_labels(session.journal.path).values()] == ["pos"]
    session.redo()
    assert labels_of(session) == ["pos", "neg", None, None, None]


def test_labeling_all_on_a_full_disk_labels_nothing(open_session):
    session = open_session([f"row {number}" for number in range(5000)])
    session.label("neg")
    pages = session.journal.connection.execute("PRAGMA page_count").fetchone()[0]
    session.journal.connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    before = picture(session)
    with pytest.raises(NotSavedError, match="the disk is full"):
        session.label_all(np.arange(1, 5000), "pos")
    assert picture(session) == before


@pytest.mark.parametrize("seed", range(3))
def test_a_thousand_random_acts_undone_leave_the_state_of_the_start(open_session, seed):
    rng = random.Random(seed)
    texts = [rng.choice("abcdefghijklmnopqrstuvwxyz") * rng.randint(1, 3) for _ in range(120)]
    session = open_session(texts)
    for _ in range(20):
        session.label(rng.choice(session.classes))
    for _ in range(20):
        session.undo()
    start = picture(session)
    acts = {
        "label": lambda: session.label(rng.choice(session.classes)),
        "skip": session.skip,
        "flag": session.flag,
        "note": lambda: session.set_note(rng.choice(["", "hm", "irony?"])),
        "back": session.back,
        "forward": session.forward,
        "jump": lambda: session.jump(rng.randint(1, len(texts))),
        "undo": session.undo,
        "redo": session.redo,
        "all": lambda: session.label_all(
            session.select_bulk_rows(
                np.unique(np.array([rng.randrange(120) for _ in range(9)])), overwrite=rng.random() < 0.5
            ),
            rng.choice(session.classes),
        ),
        "class": lambda: session.add_class(f"class {rng.random()}"),
    }
    weights = [30, 5, 5, 5, 10, 10, 10, 10, 10, 2, 1]
    for name in rng.choices(list(acts), weights, k=1000):
        acts[name]()
    again = open_session(texts)
    assert picture(again) == picture(session)
    while session.undo() != "nothing to undo":
        pass
    assert picture(session) == start
    assert picture(open_session(texts)) == start


def test_seconds_on_screen_leave_idle_time_out(tmp_path):
    from txt.labeling.pace import IDLE_SECONDS, Stopwatch
    from txt.labeling.store.journal import Journal
    from txt.labeling.task import Task

    moment = [0.0]
    rows = open_rows(write_csv(tmp_path / "data.csv", TEXTS), ReadingOptions(), tmp_path / "data.index")
    with Journal.open(tmp_path / "labels.db") as journal:
        session = LabelSession(rows, journal, Task("anna", ("neg", "pos")), stopwatch=Stopwatch(lambda: moment[0]))
        moment[0] += 4
        session.label("pos")
        moment[0] += 5
        session.stopwatch.touch()
        moment[0] += 3600
        session.label("pos")
        ((first, second),) = journal.read_all_decisions()
        assert (first.seconds, second.seconds) == (4, 5 + IDLE_SECONDS)
