"""`txt label` with a guide to the classes, as its user types it."""

import csv
from pathlib import Path

import pytest

from tests.cli.label_command import Txt, make_label_command
from txt.labeling.store.journal import store_path

GUIDE = '[[class]]\nname = "neg"\nbelongs = "Someone is unhappy."\n[[class]]\nname = "pos"\nnot = "irony"\n'


@pytest.fixture
def txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], ["so good"], ["so bad"], ["what"]])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return make_label_command(monkeypatch, capsys)


def test_the_guide_beside_the_data_gives_the_classes_and_is_shown_with_the_keys(txt, tmp_path):
    (tmp_path / "labels.toml").write_text(GUIDE)
    done = txt("data.csv", answers="?\n2\nq\n")
    assert done.returncode == 0, done.stderr
    assert "the guide to the classes is labels.toml" in done.stderr
    assert "neg: Someone is unhappy." in done.stdout
    assert "pos: not: irony" in done.stdout
    assert "labeled pos" in done.stdout


def test_a_guide_elsewhere_is_named(txt, tmp_path):
    (tmp_path / "guide.md").write_text("## ham\n\nWanted mail.\n\n## spam\n")
    done = txt("data.csv", "--guide", "guide.md", answers="1\nq\n")
    assert done.returncode == 0, done.stderr
    assert "labeled ham" in done.stdout


def test_a_class_that_the_labels_lack_is_refused_before_a_store_is_made(txt, tmp_path):
    (tmp_path / "labels.toml").write_text(GUIDE.replace('"pos"', '"posi"'))
    done = txt("data.csv", "--labels", "neg,pos", answers="")
    assert done.returncode == 2
    assert "`labels.toml` line 5: unknown class `posi`" in done.stderr
    assert "did you mean `pos`?" in done.stderr
    assert not store_path(tmp_path / "data.csv").exists()


def test_a_class_that_the_file_lacks_is_refused(txt, tmp_path):
    with (tmp_path / "known.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], ["a b", "neg"], ["c d", "neg"], ["e f", "poss"], ["g h", ""]])
    (tmp_path / "labels.toml").write_text(GUIDE)
    done = txt("known.csv", answers="")
    assert done.returncode == 2
    assert "unknown class `pos`" in done.stderr
    assert txt("known.csv", "--relabel", answers="q\n").returncode == 0


def test_control_characters_of_a_guide_do_not_reach_the_terminal(txt, tmp_path):
    (tmp_path / "labels.toml").write_text(GUIDE.replace("unhappy", "\\u001b[31munhappy"))
    assert "\x1b" not in txt("data.csv", answers="?\nq\n").stdout
