"""Rows that come in an order of somebody's choice, and rows that are gone through again."""

import numpy as np

from tests.labeling.conftest import Open, write_csv
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.task import Task

TEXTS = ["a one", "b two", "c three", "d four", "e five"]


def reviewing(tmp_path, labels, order) -> LabelSession:
    path = write_csv(tmp_path / "labeled.csv", TEXTS, label=labels)
    rows = open_rows(path, ReadingOptions("text", "label"), path.with_suffix(".index"))
    return LabelSession(
        rows, Journal.open(store_path(path)), Task("anna", review=True), order=np.array(order, np.int64)
    )


def test_a_new_order_leaves_the_row_on_screen_and_chooses_the_next(open_session: Open):
    session = open_session(TEXTS)
    session.queue.order = np.array([3, 1])
    assert session.row == 0
    session.label("pos")
    assert session.row == 3
    session.label("pos")
    assert session.row == 1
    session.label("pos")
    assert session.row == 2  # the order is used up, so the file's order goes on


def test_going_on_without_a_decision_never_shows_a_row_of_the_order_twice(open_session: Open):
    session = open_session(TEXTS)
    session.queue.order = np.array([3, 1])
    seen = [session.row]
    for _ in range(4):
        session.forward()
        seen.append(session.row)
    assert seen == [0, 3, 1, 2, 4]


def test_a_filter_goes_by_the_file_and_not_by_the_order(open_session: Open):
    from txt.labeling.queue import QueueView

    session = open_session(TEXTS)
    session.queue.order = np.array([4, 3])
    session.set_view(QueueView("x", np.array([1, 2, 4])))
    assert session.row == 1
    session.label("pos")
    assert session.row == 2


def test_a_review_offers_its_rows_once_in_order_though_all_have_labels(tmp_path):
    session = reviewing(tmp_path, ["pos", "neg", "pos", "neg", "pos"], [4, 1])
    assert session.row == 4
    session.label("neg")
    assert session.row == 1
    assert session.progress().left == 1
    session.skip()
    assert session.row is None
    assert [session.states.label(row) for row in (4, 1)] == ["neg", "neg"]
    kinds = session.journal.connection.execute("SELECT kind, how FROM decisions").fetchall()
    assert kinds == [("label", "review")] * 2
    session.undo()
    assert session.row == 1
    assert session.progress().left == 1
    session.journal.close()
