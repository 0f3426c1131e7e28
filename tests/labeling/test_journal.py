import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from txt.errors import InputError
from txt.labeling.store.claims import claim, find_claimed_rows
from txt.labeling.store.decision import Decision, now, row_id
from txt.labeling.store.journal import Journal, read_current_labels, store_path
from txt.labeling.store.store_file import DamagedStoreError, NotSavedError


@pytest.fixture
def journal(tmp_path: Path):
    with Journal.open(tmp_path / "data.csv.labels.db") as opened:
        yield opened


def decide(journal: Journal, text: str, label: str | None = None, **others) -> Decision:
    kind = "label" if label is not None else "skip"
    values = {"act": journal.new_act(), "kind": kind, "row_id": row_id(text), "value": label, "annotator": "anna"}
    decision = Decision(**{**values, "time": now(), **others})
    with journal.transaction():
        journal.append([decision])
    return decision


def take_back(journal: Journal, act: int, kind: str = "undo") -> None:
    decide(journal, "", kind=kind, target=act, row_id=None)


def test_labels_are_found_by_the_text_of_their_row(journal):
    decide(journal, "so good", "pos")
    decide(journal, "so bad", "neg")
    decide(journal, "what", None)
    labels = read_current_labels(journal.path)
    assert {name: label.label for name, label in labels.items()} == {row_id("so good"): "pos", row_id("so bad"): "neg"}
    assert labels[row_id("so good")].annotator == "anna"


def test_the_latest_label_of_a_row_stands(journal):
    decide(journal, "hm", "pos")
    decide(journal, "hm", "neg", annotator="ben")
    assert read_current_labels(journal.path)[row_id("hm")].label == "neg"


def test_skipping_a_labeled_row_takes_its_label_off(journal):
    decide(journal, "hm", "pos")
    decide(journal, "hm")
    assert read_current_labels(journal.path) == {}


def test_undo_brings_the_label_before_and_redo_the_one_after(journal):
    decide(journal, "hm", "pos")
    second = decide(journal, "hm", "neg")
    take_back(journal, second.act)
    assert read_current_labels(journal.path)[row_id("hm")].label == "pos"
    take_back(journal, second.act, "redo")
    assert read_current_labels(journal.path)[row_id("hm")].label == "neg"


def test_rows_with_the_same_text_have_ids_of_their_own():
    assert row_id("same", 0) != row_id("same", 1)
    assert row_id("same", 1).split("-")[0] == row_id("same", 0).split("-")[0]


def test_row_ids_are_the_same_in_every_version():
    assert row_id("so good") == "db14823610541ee6-0"
    assert row_id("Grüße 👋", 2) == "e30942a5de765d9e-2"


@pytest.mark.parametrize("statement", ["UPDATE decisions SET value = 'neg'", "DELETE FROM decisions"])
def test_a_decision_can_never_be_changed_or_deleted(journal, statement):
    decide(journal, "hm", "pos")
    with pytest.raises(sqlite3.IntegrityError, match="never"):
        journal.connection.execute(statement)


def test_commits_wait_for_the_disk(journal):
    assert journal.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    with journal.transaction(durable=False):
        claim(journal, "row", "far:1:mine")
    decide(journal, "hm", "pos")
    assert journal.connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_a_reopened_store_knows_what_undo_takes_next(journal):
    first, second = decide(journal, "a", "pos"), decide(journal, "b", "pos")
    decide(journal, "c", "pos", annotator="ben")
    take_back(journal, second.act)
    with Journal.open(journal.path) as again:
        history = again.history("anna")
    assert (history.next_undo(), history.next_redo()) == (first.act, second.act)


def test_news_are_only_what_others_wrote(journal):
    with Journal.open(journal.path) as other:
        mine = decide(journal, "a", "pos")
        with other.transaction() as news:
            theirs = replace(mine, row_id=row_id("b"), annotator="ben")
            other.append([theirs])
        assert news == [mine]
        assert journal.news() == [theirs]
        assert journal.news() == other.news() == []


def test_news_of_a_transaction_that_failed_come_again(journal):
    with Journal.open(journal.path) as other:
        mine = decide(journal, "a", "pos")
        with pytest.raises(ZeroDivisionError), other.transaction() as first:
            raise ZeroDivisionError
        with other.transaction() as second:
            assert first == second == [mine]


def test_a_claimed_row_is_known_to_the_other_session_until_it_is_given_back(journal):
    with Journal.open(journal.path) as other:
        with journal.transaction():
            claim(journal, "row", "far:1:mine")
        assert find_claimed_rows(other, "far:1:other") == {"row"}
        assert find_claimed_rows(journal, "far:1:mine") == set()
        with journal.transaction():
            claim(journal, None, "far:1:mine")
        assert find_claimed_rows(other, "far:1:other") == set()


def test_many_can_open_a_new_store_at_the_same_moment(tmp_path):
    path = tmp_path / "data.csv.labels.db"
    code = (
        "import sys; from pathlib import Path; from txt.labeling.store.journal import Journal; sys.stdin.readline(); "
    )
    code += "Journal.open(Path(sys.argv[1])).close()"
    command = [sys.executable, "-c", code, str(path)]
    starting = [subprocess.Popen(command, stdin=subprocess.PIPE, text=True) for _ in range(6)]
    for process in starting:  # all are loaded by now, or will be, and wait for the word
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in starting:
        process.communicate()
    assert [process.returncode for process in starting] == [0] * 6


def test_a_locked_store_says_so_and_keeps_nothing_of_the_act(journal):
    blocker = sqlite3.connect(journal.path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(NotSavedError, match="another program holds the store"):
        decide(journal, "hm", "pos")
    blocker.execute("ROLLBACK")
    blocker.close()
    assert read_current_labels(journal.path) == {}
    decide(journal, "hm", "pos")
    assert len(read_current_labels(journal.path)) == 1


def test_a_full_disk_says_so_and_labeling_goes_on_once_there_is_room(journal):
    pages = journal.connection.execute("PRAGMA page_count").fetchone()[0]
    journal.connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(NotSavedError, match="the disk is full"):
        decide(journal, "hm", "pos" * 10_000)
    journal.connection.execute("PRAGMA max_page_count = 1000000")
    decide(journal, "hm", "pos")
    assert len(read_current_labels(journal.path)) == 1


def test_a_store_of_a_newer_format_is_refused(journal):
    journal.connection.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="has format 99, and this txt reads up to 1"):
        Journal.open(journal.path)


def test_another_programs_database_is_left_alone(tmp_path):
    path = tmp_path / "accounts.db"
    sqlite3.connect(path, isolation_level=None).execute("CREATE TABLE money (amount)").connection.close()
    with pytest.raises(InputError, match="is not a label store"):
        Journal.open(path)


def test_a_file_that_is_no_database_is_called_damaged(tmp_path):
    path = store_path(tmp_path / "data.csv")
    path.write_bytes(b"this was a store once" * 1000)
    with pytest.raises(DamagedStoreError, match="is damaged"):
        Journal.open(path)


def test_a_store_in_a_folder_that_may_not_be_written_hints_at_another_place(tmp_path):
    with pytest.raises(InputError) as caught:
        Journal.open(tmp_path / "missing" / "data.csv.labels.db")
    assert "--store" in caught.value.hint


def test_reading_labels_of_a_file_without_a_store_makes_none(tmp_path):
    with pytest.raises(InputError, match="no labels yet"):
        read_current_labels(tmp_path / "data.csv.labels.db")
    assert list(tmp_path.iterdir()) == []


def test_a_decision_comes_back_as_it_was_written(journal):
    written = decide(
        journal, "hm", "pos", how="model", suggestion="neg", score=0.75, seconds=2.5, time="2031-05-06T07:08:09.123Z"
    )
    ((read,),) = journal.read_all_decisions()
    assert read == written
    assert replace(read, value="neg") != written
