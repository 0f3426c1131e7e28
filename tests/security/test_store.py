"""A label store from elsewhere: nothing that it says of itself runs, and nothing beside it is written or removed."""

import io
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.waiting import PATIENCE_SECONDS
from txt.cli import main
from txt.errors import InputError
from txt.files import LinkedError
from txt.labeling.store.decision import Decision, now, row_id
from txt.labeling.store.journal import Journal, read_current_labels, store_path
from txt.labeling.store.recovery import recover

DATA = "text,label\n" + "".join(f"a text number {number},\n" for number in range(20))


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a store beside `data.csv` with twelve labels."""
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data.csv"
    data.write_text(DATA)
    with Journal.open(store_path(data)) as journal:
        add_labels(journal, 12)
        with journal.transaction():
            journal.set_settings(classes='["cat", "dog"]', text_column="text")
    return store_path(data)


def add_labels(journal: Journal, count: int) -> None:
    with journal.transaction():
        journal.append(
            Decision(
                act=journal.new_act(),
                kind="label",
                row_id=row_id(f"a text number {number}"),
                value=("cat", "dog")[number % 2],
                annotator="ann",
                time=now(),
            )
            for number in range(count)
        )


def change(store: Path, *statements: str) -> None:
    with closing(sqlite3.connect(store)) as connection, connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


ATTACKS = {
    "a trigger that changes labels": [
        "CREATE TRIGGER evil AFTER INSERT ON decisions BEGIN"
        " INSERT INTO settings VALUES ('classes', '[\"dog\"]') ON CONFLICT (name) DO NOTHING; END"
    ],
    "a trigger that drops decisions": [
        "CREATE TRIGGER evil BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END"
    ],
    "a view without end": [
        "DROP VIEW current",
        "CREATE VIEW current AS WITH RECURSIVE n (row_id) AS (SELECT 1 UNION ALL SELECT row_id + 1 FROM n)"
        " SELECT row_id, 'label' AS kind, 'x' AS label, 'a' AS annotator, 't' AS time, 'h' AS how, 1 AS number FROM n",
    ],
    "a view that fills the memory": [
        "DROP VIEW current_notes",
        "CREATE VIEW current_notes AS SELECT 'r' AS row_id, 1 AS number, zeroblob(900000000) AS value",
    ],
    "a table that is a view": [
        "ALTER TABLE settings RENAME TO kept",
        "CREATE VIEW settings AS SELECT name, value FROM kept",
    ],
    "an index by an expression": ["CREATE INDEX evil ON decisions (abs(act))"],
    "a trigger of ours that is gone": ["DROP TRIGGER decisions_never_go"],
    "a table of its own": ["CREATE TABLE more (x)"],
}

COMMANDS = [
    ["label", "data.csv", "--stats"],
    ["label", "data.csv", "--export", "out.csv"],
    ["label", "data.csv", "--plain"],
    ["prepare", "data.csv"],
    ["train", "data.csv", "--plain"],
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_store_that_says_anything_but_ours_is_not_read(store: Path, attack: str, capsys: pytest.CaptureFixture[str]):
    change(store, *ATTACKS[attack])
    for write in (False, True):
        with pytest.raises(InputError, match="and is not read"):
            Journal.open(store, write=write)
    for typed in COMMANDS[:2]:
        assert main(typed) == 2, typed
        said = capsys.readouterr().err
        assert "label store" in said
        assert "--recover" in said


def test_every_command_that_reads_a_store_refuses_one_that_is_not_ours(store: Path, capsys):
    change(store, *ATTACKS["a view without end"])
    for typed in COMMANDS:
        assert main(typed) == 2, typed
        assert "and is not read" in capsys.readouterr().err


@pytest.mark.parametrize("attack", ATTACKS)
def test_recovery_takes_over_the_decisions_alone(store: Path, attack: str):
    before = read_current_labels(store)
    change(store, *ATTACKS[attack])
    saved = recover(store)
    assert saved.decisions == 12
    assert read_current_labels(store) == before
    with Journal.open(store) as journal:
        add_labels(journal, 2)
        assert len(journal.news()) == 0
        assert journal.last_number == 14
    assert saved.damaged.exists()


INTO = "INSERT INTO decisions (act, kind, row_id, value, annotator, time, how) VALUES"


@pytest.mark.parametrize(
    "statement",
    [
        f"{INTO} ('x', 'label', 'r', 'v', 'a', 't', 'h')",
        f"{INTO} (1, 'label', x'ff', 'v', 'a', 't', 'h')",
        f"{INTO} (1, 'label', 'r', x'00', 'a', 't', 'h')",
        f"{INTO} (1, 'label', 'r', 'v', x'61', 't', 'h')",
        "INSERT INTO decisions (act, kind, annotator, time, how, seconds) VALUES (1, 'label', 'a', 't', 'h', 'long')",
        "INSERT INTO settings VALUES ('keys', x'00')",
        "INSERT INTO claims VALUES (x'00', 'a:b:c', 1e12)",
    ],
)
def test_values_of_another_type_are_one_clear_error(store: Path, statement: str, capsys):
    change(store, statement)
    assert main(["label", "data.csv", "--stats"]) == 2
    assert "wrong type" in capsys.readouterr().err
    if "settings" not in statement and "claims" not in statement:
        assert recover(store).decisions == 12


@pytest.mark.parametrize("value", ["[", "{}", "3", '["a", 1]', "[" * 100_000, "1" + "0" * 5000])
@pytest.mark.parametrize("name", ["classes", "keys"])
def test_settings_that_are_not_ours_are_one_clear_error(store: Path, name: str, value: str, capsys, monkeypatch):
    with closing(sqlite3.connect(store)) as connection, connection:
        connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))
    connection.close()
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))
    code = main(["label", "data.csv", "--plain", "--labels", "cat,dog"])
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert code in (0, 2), said


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_no_store_and_no_file_beside_it_is_written_through_a_link(store: Path, tmp_path: Path, ending: str):
    precious = tmp_path / "precious"
    precious.write_bytes(store.read_bytes() if not ending else b"mine")
    before = precious.read_bytes()
    place = store.with_name(store.name + ending)
    place.unlink(missing_ok=True)
    place.symlink_to(precious)
    with pytest.raises(LinkedError):
        Journal.open(store)
    assert precious.read_bytes() == before
    place.unlink()
    place.symlink_to(tmp_path / "made")
    with pytest.raises(LinkedError):
        Journal.open(store)
    assert not (tmp_path / "made").exists()


def test_a_store_that_is_a_pipe_is_not_waited_for(store: Path):
    store.unlink()
    os.mkfifo(store)
    for write in (False, True):
        with pytest.raises(InputError, match="not a label store"):
            Journal.open(store, write=write)


def test_a_rollback_journal_that_names_another_file_removes_nothing(store: Path, tmp_path: Path):
    precious = tmp_path / "precious"
    precious.write_text("mine")
    name = os.fsencode(precious)
    journal = store.with_name(store.name + "-journal")
    checksum = sum(name) & 0xFFFFFFFF
    record = name + len(name).to_bytes(4, "big") + checksum.to_bytes(4, "big")
    journal.write_bytes(b"\0" * 512 + record + bytes.fromhex("d9d505f920a163d7"))
    with pytest.raises(InputError, match="names a file outside"):
        Journal.open(store)
    assert precious.read_text() == "mine"


def test_an_older_store_without_an_index_and_one_with_a_log_of_queries_are_read(store: Path):
    from txt.labeling.store.store_file import LOG_TABLES

    before = read_current_labels(store)
    change(store, "DROP INDEX decisions_of_classes", *LOG_TABLES, "ANALYZE")
    assert read_current_labels(store) == before
    with Journal.open(store) as journal:
        add_labels(journal, 1)


def test_a_long_statement_hears_ctrl_c(store: Path):
    endless = "WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    code = (
        "import sys; from pathlib import Path; from txt.labeling.store.journal import Journal\n"
        "from txt.labeling.store.store_file import explain_store_errors\n"
        f"store = Path({str(store)!r})\n"
        "with Journal.open(store, write=False) as journal, explain_store_errors(store):\n"
        "    print('begun', flush=True)\n"
        f"    journal.connection.execute({endless!r}).fetchone()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout.readline() == "begun\n"
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode != 0
    assert "KeyboardInterrupt" in said
