"""`txt label` as its user types it, where there is no terminal to draw on."""

import csv
import json
import os
import re
import signal
import sys
from pathlib import Path

import pytest

from tests.cli.label_command import Txt, make_label_command
from tests.labeling.terminal import Terminal
from txt.cli import main

TEXTS = ["so good", "so bad", "what, again", "so good"]


@pytest.fixture
def txt(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    """Return a function that runs `txt label` in the folder, with `answers` coming through a pipe."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("COLUMNS", "80")

    return make_label_command(monkeypatch, capsys)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["id", "text"], *([f"{place:03}", text] for place, text in enumerate(TEXTS))])
    return tmp_path


def test_labels_given_in_a_pipe_are_shown_by_stats_and_written_by_export(folder, txt):
    labeled = txt("data.csv", "--labels", "neg,pos", answers="2\n1\nq\n")
    assert labeled.returncode == 0, labeled.stderr
    assert "2 decisions in this sitting; 3 of 4 rows done, 1 left" in labeled.stderr
    stats = txt("data.csv", "--stats")
    assert "3 of 4 rows labeled · 1 left" in stats.stdout
    assert "pos 2 █" in stats.stdout
    exported = txt("data.csv", "--export", "labeled.csv")
    assert exported.returncode == 0, exported.stderr
    assert "labeled.csv has all 4 rows, 3 with a label" in exported.stderr
    with (folder / "labeled.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["id"], row["text"], row["label"], row["label_how"]) for row in rows] == [
        ("000", "so good", "pos", "manual"),
        ("001", "so bad", "neg", "manual"),
        ("002", "what, again", "", ""),
        ("003", "so good", "pos", "duplicate"),
    ]


def test_stats_as_json(folder, txt):
    txt("data.csv", "--labels", "neg,pos", "--annotator", "anna", answers="2\ns\n")
    numbers = json.loads(txt("data.csv", "--json").stdout)
    assert numbers["classes"] == {"neg": 0, "pos": 2}
    assert (numbers["labeled"], numbers["skipped"], numbers["left"]) == (2, 1, 1)
    assert numbers["people"]["anna"]["decisions"] == 2


def test_the_data_file_stays_as_it_was(folder, txt):
    before = (folder / "data.csv").read_bytes()
    txt("data.csv", "--labels", "neg,pos", answers="2\n1\n")
    assert (folder / "data.csv").read_bytes() == before
    assert sorted(path.name for path in folder.iterdir()) == ["data.csv", "data.csv.labels.db"]


@pytest.mark.parametrize(
    ("arguments", "message", "hint"),
    [
        (["dat.csv"], "`dat.csv` does not exist", "did you mean `data.csv`?"),
        (["data.csv", "--labels", "a,a"], "--labels names `a` twice", ""),
        (["data.csv", "--labels", "a,b", "--keys", "c=x"], "a class `c` that is not there", "the classes are a, b"),
        (["data.csv", "--labels", "a", "--text-column", "txt"], "column `txt` not found", "--text-column text"),
        (["data.csv", "--labels", "a", "--highlight", "("], "--highlight `(` is not a regular expression", ""),
        (["data.csv", "--stats"], "there are no labels yet", "makes them"),
        (["data.csv", "--labels", "a", "--store", "no/such/folder.db"], "cannot write the label store", "--store PATH"),
    ],
)
def test_what_is_wrong_is_told_in_a_line_with_a_hint(txt, arguments, message, hint):
    done = txt(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_without_classes_asks_for_them_and_leaves_nothing_behind(folder, txt):
    done = txt("data.csv")
    assert done.returncode == 2
    assert "`data.csv` has no classes yet" in done.stderr
    assert "--labels positive,negative" in done.stderr
    assert [path.name for path in folder.iterdir()] == ["data.csv"]


def test_a_file_with_all_rows_labeled_says_so(folder, txt):
    (folder / "done.csv").write_text("text,label\na b,x\nc d,y\n")
    done = txt("done.csv")
    assert done.returncode == 2
    assert "every row of `done.csv` has a label already" in done.stderr
    assert "--relabel" in done.stderr
    assert "Text 1: a b" in txt("done.csv", "--relabel").stdout


def test_leaving_the_files_labels_aside_is_remembered(folder, txt):
    (folder / "done.csv").write_text("text,label\na b,x\nc d,y\n")
    txt("done.csv", "--relabel", answers="2\n")
    assert "1 of 2 rows labeled" in txt("done.csv", "--stats").stdout
    txt("done.csv", "--export", "out.csv")
    assert "c d,y,,unlabeled" in (folder / "out.csv").read_text()
    assert "2 of 2 rows labeled" in txt("done.csv", "--stats", "--no-relabel").stdout


def test_a_store_without_labels_is_told_and_not_the_files_column(folder, txt, capsys):
    (folder / "done.csv").write_text("text,label\na b,x\nc d,y\n")
    txt("done.csv", "--relabel", answers="q\n")
    assert main(["prepare", "done.csv"]) == 2
    assert "no row of `done.csv` has a label: `done.csv.labels.db` holds none" in capsys.readouterr().err


def test_a_store_in_another_place(folder, txt):
    (folder / "elsewhere").mkdir()
    done = txt("data.csv", "--labels", "neg,pos", "--store", "elsewhere/mine.db", answers="1\n")
    assert done.returncode == 0, done.stderr
    assert "--store elsewhere/mine.db" in done.stderr
    assert not (folder / "data.csv.labels.db").exists()
    assert "2 of 4 rows" in txt("data.csv", "--stats", "--store", "elsewhere/mine.db").stdout


def test_a_damaged_store_offers_what_can_be_read(folder, txt):
    (folder / "long.csv").write_text("text\n" + "".join(f"text number {number}\n" for number in range(150)))
    txt("long.csv", "--labels", "neg,pos", answers="1\n2\n" * 75)
    store = folder / "long.csv.labels.db"
    content = store.read_bytes()
    with_rows = [place for place in range(4096, len(content), 4096) if b"manual" in content[place : place + 4096]]
    place = with_rows[len(with_rows) // 2]
    store.write_bytes(content[:place] + b"\xff" * 4096 + content[place + 4096 :])
    damaged = txt("long.csv", "--stats")
    assert damaged.returncode == 2
    assert "is damaged" in damaged.stderr
    count = int(re.search(r"(\d+) decisions can still be read: --recover", damaged.stderr)[1])
    assert 50 < count < 150
    recovered = txt("long.csv", "--recover")
    assert f"{count} decisions are saved in long.csv.labels.db" in recovered.stderr
    assert (folder / "long.csv.labels.db.damaged").exists()
    assert f"{count} of 150 rows labeled" in txt("long.csv", "--stats").stdout


def test_rows_that_left_the_file_are_told_and_their_labels_kept(folder, txt):
    txt("data.csv", "--labels", "neg,pos", answers="1\n2\n1\n")
    (folder / "data.csv").write_text("id,text\n9,so bad\n8,new here\n")
    stats = txt("data.csv", "--stats")
    assert "3 decisions are about rows that are not in the file any more" in stats.stdout + stats.stderr
    assert "1 of 2 rows labeled" in stats.stdout


def test_the_screen_opens_labels_and_leaves_in_a_real_terminal(folder):
    command = [sys.executable, "-m", "txt", "label", str(folder / "data.csv"), "--labels", "neg,pos"]
    with Terminal(command) as terminal:
        terminal.wait_for(b"so good")
        terminal.send(b"2")
        terminal.wait_for(b"so bad")
        terminal.send(b"q")
        terminal.wait_for(b"Leave?")
        terminal.send(b"\r")
        terminal.wait_for(b"1 decision in this sitting; 2 of 4 rows done, 2 left")
        assert terminal.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_screen_that_is_told_to_end_gives_the_terminal_back(folder, number):
    command = [sys.executable, "-m", "txt", "label", str(folder / "data.csv"), "--labels", "neg,pos"]
    with Terminal(command) as terminal:
        terminal.wait_for(b"so good")
        terminal.send(b"2")
        terminal.wait_for(b"so bad")
        os.kill(terminal.pid, number)
        terminal.wait_for(b"\x1b[?1049l")  # back from the other screen
        terminal.wait_for(b"1 decision in this sitting; 2 of 4 rows done, 2 left")
        assert terminal.wait() == 0
