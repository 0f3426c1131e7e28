"""`txt augment` as its user types it: what it says, what it refuses, and what it leaves behind."""

import csv
import io
import json
import re
import signal
import subprocess
import sys

import pytest

from tests.augmentation.conftest import write_wordnet
from tests.waiting import PATIENCE_SECONDS, wait_until
from txt.augmentation import wordnet
from txt.cli import main

TEXTS = [
    f"{start} {thing} {end}"
    for start in ("To be fair, the", "Said and done, the")
    for thing in ("film", "soup", "app", "hotel", "phone")
    for end in ("is not good at all https://t.co/x1", "came with @us and 😍 today", "was big and then ended late")
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(wordnet, "_usual_places", lambda: iter(()))
    write(tmp_path / "reviews.csv", [[text, ("good", "bad")[n % 2]] for n, text in enumerate(TEXTS)])
    return tmp_path


def write(path, rows):
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "label"], *rows])


def run(capsys, *arguments):
    code = main(["augment", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_it_says_what_was_made_and_what_to_type_next(folder, capsys):
    code, out, err = run(capsys, "reviews.csv")
    assert code == 0
    assert re.search(r"30 rows, \d+ copies: ", out)
    assert out.rstrip().endswith("txt prepare reviews.augmented.csv")
    assert "left `synonym` out: no WordNet" in err
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "\x1b" not in out
    assert (folder / "reviews.augmented.csv").exists()


def test_json_is_the_summary_and_nothing_else_on_stdout(folder, capsys):
    code, out, _ = run(capsys, "reviews.csv", "-o", "o.jsonl", "--method", "delete:2", "--method", "keyboard", "--json")
    assert code == 0
    summary = json.loads(out)
    assert summary["copies"] == sum(summary["methods"].values()) == 60
    assert len((folder / "o.jsonl").read_text().splitlines()) == 90


def test_a_preview_marks_what_changed_without_colour_and_writes_nothing(folder, capsys):
    code, out, _ = run(capsys, "reviews.csv", "--preview", "3", "--method", "delete", "--factor", "1")
    assert code == 0
    assert out.count("[-") == 3
    assert "\x1b" not in out
    assert sorted(path.name for path in folder.iterdir()) == ["reviews.csv"]
    _, out, _ = run(capsys, "reviews.csv", "--preview", "1", "--method", "punctuation", "--json")
    assert json.loads(out)[0]["copies"][0]["method"] == "punctuation"


def test_control_codes_in_the_data_do_not_reach_the_terminal(folder, capsys):
    write(folder / "evil.csv", [["the \x1b[31mred planet\x07 [bold]rolled on", "a"]])
    _, out, _ = run(capsys, "evil.csv", "--preview", "1", "--method", "keyboard")
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "[bold]" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "swop"], "there is no method `swop`"),
        (["--method", "swap:0"], "the weight of `swap:0`"),
        (["--method", "antonym"], "labels would be wrong"),
        (["--method", "synonym"], "no WordNet on this machine"),
        (["--method", "synonym", "--wordnet", "."], "holds no WordNet"),
        (["--method", "synonym", "--language", "de"], "WordNet is English"),
        (["--method", "keyboard", "--language", "xx"], "no keyboard for --language xx"),
        (["--method", "back-translation", "--translators", "one"], "does not name two models"),
        (["--method", "back-translation", "--translators", "./a,./b"], "tokenizer `./a` is not on this machine"),
        (["--method", "contextual"], "is not on this machine"),
        (["--factor", "0"], "--factor must be at least 1, not 0"),
        (["--factor", "10000"], "That is up to 10,000 copies of a row"),
        (["--rate", "0"], "--rate must be above 0"),
        (["--rate", "1.5"], "--rate must be at most 1"),
        (["--keep", "("], "--keep `(` is not a regular expression"),
        (["--balance", "--per-class", "5"], "--balance and --per-class"),
        (["--text-column", "txet"], "column `txet` not found"),
        (["--check", "nothing"], "run `nothing` does not exist"),
        (["-o", "reviews.csv"], "cannot take the data file's place"),
        (["-o", "."], "is a directory"),
        (["-o", "copies.docx"], "`copies.docx` ends in .docx, which txt does not write"),
    ],
)
def test_a_mistake_is_one_clear_line_with_a_hint_and_nothing_is_left(folder, capsys, monkeypatch, arguments, said):
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code, out, err = run(capsys, "reviews.csv", *arguments)
    assert code != 0
    assert said in err.splitlines()[0]
    assert out == ""
    assert "Traceback" not in err
    assert {path.name for path in folder.iterdir()} <= {"reviews.csv", "cache"}


def test_missing_and_empty_data_are_told(folder, capsys):
    assert "`nothing.csv` does not exist" in run(capsys, "nothing.csv")[2]
    write(folder / "blank.csv", [["", "a"], ["Yes", "b"]])
    code, _, err = run(capsys, "blank.csv")
    assert code == 2
    assert "no row of `blank.csv` can be copied" in err
    assert "1 are without text, 1 are of one word" in err


def test_many_copies_are_made_when_asked_for_twice(folder, capsys):
    write(folder / "one.csv", [[TEXTS[0], "a"]])
    code, out, _ = run(capsys, "one.csv", "--factor", "150", "--yes", "--method", "keyboard", "--rate", "0.4")
    assert code == 0
    assert int(re.search(r"1 rows, (\d+) copies", out)[1]) > 100


def test_synonyms_come_from_the_folder_that_is_named(folder, capsys):
    source = write_wordnet(folder / "wn", line_end="\r\n")
    code, out, _ = run(capsys, "reviews.csv", "--method", "synonym", "--wordnet", source, "-o", "o.csv")
    assert code == 0
    with open("o.csv", newline="") as file:
        copies = [row["text"] for row in csv.DictReader(file) if row["augmented"] == "true"]
    assert any("movie" in text or "picture" in text for text in copies)
    assert any("large" in text for text in copies)
    assert re.search(r"copies fewer than asked for: \d+ since", out)


def test_evaluation_compares_copies_with_plain_duplicates(folder, capsys):
    code, out, err = run(capsys, "reviews.csv", "--evaluate", "--method", "delete")
    assert code == 0
    assert re.search(r"nothing added +\d+", out)
    assert re.search(r"plain duplicates +\d+", out)
    assert re.search(r"No gain|Copies (gain|lose)", out)
    assert "round 5 of 5" in err
    assert not (folder / "reviews.augmented.csv").exists()


def test_an_interrupted_command_goes_on_and_comes_out_the_same(folder):
    rows = [
        [f"the planet near harbour number{n} looked rather old and grey today x{n}", "ab"[n % 2]] for n in range(15_000)
    ]
    write(folder / "big.csv", rows)
    command = [
        sys.executable,
        "-m",
        "txt",
        "augment",
        "big.csv",
        "--method",
        "keyboard",
        "--language",
        "en",
        "--workers",
        "1",
        "-o",
    ]
    child = subprocess.Popen([*command, "cut.csv"], stderr=subprocess.PIPE, text=True)
    part = folder / ".cut.csv.augmenting" / "rows.part"
    wait_until(lambda: part.exists() and part.stat().st_size > 100_000, child)
    child.send_signal(signal.SIGINT)
    _, err = child.communicate(timeout=PATIENCE_SECONDS)
    assert child.returncode == 130, err
    assert "the same command goes on from here" in err
    assert not (folder / "cut.csv").exists()
    done = subprocess.run([*command, "cut.csv"], capture_output=True, text=True, check=True)
    assert "went on from row" in done.stderr
    subprocess.run([*command, "whole.csv"], capture_output=True, check=True)
    assert (folder / "cut.csv").read_bytes() == (folder / "whole.csv").read_bytes()
