import io

import pytest

from txt.errors import TxtError
from txt.labeling.plain import PlainLabeling

TEXTS = ["so good", "so bad\nin two lines", "\x1b[31mred", "so good", "meh"]


def run(session, *answers: str) -> str:
    """Answer with some lines, and return all that was written."""
    written: list[str] = []
    PlainLabeling(session, io.StringIO("".join(answer + "\n" for answer in answers)), written.append).run()
    return "".join(written)


def labels_of(session) -> list[str | None]:
    return [session.states.label(row) for row in range(len(session.rows))]


def test_each_text_is_asked_for_with_the_keys_of_the_screen(open_session):
    session = open_session(TEXTS)
    shown = run(session, "3", "1")
    assert "Text 1: so good\n(2 identical rows)\nLabel (1=neg, 2=neu, 3=pos): 3\n" in shown
    assert "Text 2: so bad\nin two lines\n" in shown
    assert labels_of(session) == ["pos", "neg", None, "pos", None]


def test_a_text_cannot_steer_the_terminal(open_session):
    assert "\x1b" not in run(open_session(TEXTS), "3", "1", "m", "/ red", "n \x1b[31m")


def test_digits_as_classes_are_stored_as_the_prompt_shows_them(open_session):
    session = open_session(["a", "b", "c"], labels=("0", "1"))
    shown = run(session, "0", "1", "0")
    assert "Label (0=0, 1=1): 0\nlabeled 0\n" in shown
    assert labels_of(session) == ["0", "1", "0"]


def test_the_stored_class_is_said_and_its_twins(open_session):
    assert "Label (1=neg, 2=neu, 3=pos): 3\nlabeled pos, and its twin\n" in run(open_session(TEXTS), "3")


def test_a_class_can_be_written_out(open_session):
    session = open_session(TEXTS)
    run(session, "neu")
    assert labels_of(session)[0] == "neu"


@pytest.mark.parametrize("answer", ["x", "9", "33", "uu", "so good"])
def test_what_is_no_key_labels_nothing_and_is_asked_again(open_session, answer):
    session = open_session(TEXTS)
    shown = run(session, answer)
    assert f"`{answer}` is not a key here: 1=neg, 2=neu, 3=pos, or ? for all keys." in shown
    assert shown.count("Text 1:") == 2
    assert labels_of(session) == [None] * 5


def test_an_empty_line_asks_again(open_session):
    session = open_session(TEXTS)
    assert run(session, "").count("Text 1:") == 2


def test_undo_skip_flag_note_jump_and_back(open_session):
    session = open_session(TEXTS)
    shown = run(session, "3", "u", "U", "s", "f", "n is this irony?", "g 5", "<", ">", "p", "?")
    assert labels_of(session) == ["pos", None, None, "pos", None]
    assert session.states.is_skipped(1)
    assert "undone" in shown
    assert "done again" in shown
    assert "(flagged, note: is this irony?)" in shown
    assert "Text 5: meh" in shown
    assert "3 done, 2 left" in shown
    assert "take back what you did last" in shown


def test_what_a_key_needs_is_asked_for(open_session):
    session = open_session(TEXTS)
    shown = run(session, "n", "a note", "+", "odd", "4")
    assert "Note: " in shown
    assert "New class: " in shown
    assert labels_of(session)[0] == "odd"


def test_finding_and_labeling_all_of_it(open_session):
    session = open_session(TEXTS)
    shown = run(session, "/ so", "b 3", "n", "b 3", "y", "/", "", "s")
    assert "3 rows found" in shown
    assert "Label these 3 rows without a label pos? (y)" in shown
    assert "nothing labeled" in shown
    assert labels_of(session) == ["pos", "pos", None, "pos", None]
    assert session.states.is_skipped(2)
    assert "is:odd is unknown" in run(session, "/ is:odd")


def test_several_labels_are_toggled_and_an_empty_line_accepts(open_session):
    session = open_session(TEXTS, multi_label=True)
    shown = run(session, "1", "3", "1", "2", "", "3")
    assert "neu|pos; Enter accepts" in shown
    assert labels_of(session)[:2] == ["neu|pos", None]


def test_many_classes_are_chosen_by_name(open_session):
    session = open_session(TEXTS, labels=tuple(f"class {number}" for number in range(30)))
    shown = run(session, "class 7", "c29")
    assert "one of 30 classes, by its name" in shown
    assert labels_of(session)[:2] == ["class 7", "class 29"]


def test_it_ends_when_all_is_labeled_or_the_annotator_leaves(open_session):
    session = open_session(TEXTS)
    assert "Every row is labeled or skipped." in run(session, "1", "1", "1", "1", "1", "1")
    again = open_session(TEXTS)
    assert run(again, "q", "3").count("Label (") == 0


def test_decisions_that_could_not_be_saved_at_the_end_are_told(open_session):
    session = open_session(TEXTS)
    pages = session.journal.connection.execute("PRAGMA page_count").fetchone()[0]
    session.journal.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(TxtError, match=r"decisions? (is|are) not saved: the disk is full"):
        run(session, *["n " + "long " * 2000] * 3)
