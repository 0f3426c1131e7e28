"""`txt prepare` as its user types it: every mistake is one clear line with a hint, and nothing is written."""

import csv
import io
import json
import os
import random
import re
import subprocess
import sys

import pytest

from txt.cli import main
from txt.data import minilm
from txt.data.prepared import Prepared

REVIEWS = [
    (f"{start} {thing} {end}", label)
    for start in ("I think the", "Honestly, the", "To be fair, the", "The")
    for thing in ("film", "soup", "app", "hotel", "phone")
    for end, label in (("is great", "good"), ("was lovely", "good"), ("is awful", "bad"), ("broke at once", "bad"))
]


def as_csv(rows, header=("text", "label")):
    content = io.StringIO(newline="")
    csv.writer(content).writerows([header, *rows])
    return content.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "reviews.csv").write_text(as_csv(REVIEWS))
    return tmp_path


def run(capsys, *arguments):
    code = main(["prepare", *map(str, arguments)])
    return code, *capsys.readouterr()


def test_it_says_what_it_chose_and_why_and_what_to_type_next(folder, capsys):
    code, out, _ = run(capsys, "reviews.csv", "--vocab-size", "200")
    assert code == 0
    assert re.search(r"text +column `text`, by its name", out)
    assert re.search(r"label +column `label`, by its name", out)
    assert re.search(r"good +32 +4 +4 +50\.0%", out)
    assert "Next:\n  txt train\n" in out
    assert "--from minilm --few-shot" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "\x1b" not in out
    assert Prepared.open(folder / "prepared", verify=True).labels == ("bad", "good")


def test_the_hint_to_train_names_the_folder_that_was_made_and_the_encoder_of_its_language(folder, capsys):
    code, out, err = run(capsys, "reviews.csv", "--name", "other", "--vocab-size", "400", "--no-labels")
    assert code == 0, err
    hint = " ".join(out[out.index("Next:") :].split())
    assert "txt train other " in hint
    encoder = "minilm" if minilm.is_installed() else "pip install"
    assert encoder in hint
    code, out, err = run(capsys, "reviews.csv", "--vocab-size", "400", "--no-labels")
    assert "Next: txt train several models" in " ".join(out.split())  # the usual folder needs no name


def test_json_is_the_whole_report_and_nothing_else_on_stdout(folder, capsys):
    code, out, _ = run(capsys, "reviews.csv", "--json", "--name", "mine", "--vocab-size", "200")
    assert code == 0
    report = json.loads(out)
    assert report == json.loads((folder / "mine" / "report.json").read_text())
    assert report["rows"] == {"train": 64, "val": 8, "test": 8, "unlabeled": 0}


def test_options_may_come_from_a_file_and_a_flag_beats_it(folder, capsys):
    (folder / "options.toml").write_text('vocab-size = 150\nmax_length = 20\ntokenizer = "wordpiece"\n')
    assert run(capsys, "reviews.csv", "--config", "options.toml", "--max-length", "10")[0] == 0
    manifest = Prepared.open(folder / "prepared").manifest
    assert (manifest.config["vocab_size"], manifest.max_length) == (150, 10)


def test_standard_input_is_read(folder):
    command = [sys.executable, "-m", "txt", "prepare", "-", "--vocab-size", "200"]
    done = subprocess.run(command, input=as_csv(REVIEWS), capture_output=True, text=True, check=True)
    assert "standard input" in done.stdout
    assert Prepared.open(folder / "prepared").manifest.rows("train") == 64


def test_a_closed_pipe_ends_it_quietly(folder):
    command = f"'{sys.executable}' -m txt prepare reviews.csv --vocab-size 200 | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_control_codes_and_markup_in_the_data_are_shown_harmlessly(folder, capsys):
    wild = "\x1b[31mred\x1b[0m [bold]x[/bold] [/foo] \u202eback\x07"
    rows = [*REVIEWS, (wild, "[red]good"), (wild, "ba\x1bd")]
    (folder / "wild.csv").write_text(as_csv(rows, ("text", "label")))
    code, out, err = run(capsys, "wild.csv", "--vocab-size", "200")
    assert code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(out + err)
    assert "␛[31mred␛[0m [bold]x[/bold] [/foo]" in out
    assert "[red]good" in out
    assert "ba␛d" in out
    assert wild in [
        text for name in ("train", "val", "test") for text in Prepared.open(folder / "prepared").split(name).texts()
    ]


def test_many_classes_are_shown_by_the_largest_and_smallest(folder, capsys):
    rows = [(f"text {n} of class {c}", f"class-{c:02}") for c in range(40) for n in range(10 + c)]
    (folder / "many.csv").write_text(as_csv(rows))
    out = run(capsys, "many.csv", "--vocab-size", "300")[1]
    assert "… 29 more" in out
    assert "class-39" in out
    assert "class-00" in out
    assert "class-20" not in out


BAD_FILES = {
    "missing": (None, "`data.csv` does not exist"),
    "empty": ("", "`data.csv` is empty"),
    "header only": ("text,label\n", "`data.csv` has no rows, only a header"),
    "binary": (bytes(range(1, 256)) * 9, "`data.csv` is a binary file"),
    "spreadsheet": (b"PK\x03\x04" + bytes(100), "`data.csv` is damaged"),
    "no text column": ("id,stars\n1,2\n2,3\n", "no column of `data.csv` looks like text"),
    "no label column": ("text,id\na b,1\nb c,2\n", "no column of `data.csv` looks like a label"),
    "ambiguous text": (
        "question,comment,label\n" + "how are you,fine and you,a\nwhy is it so,no one knows,b\n" * 9,
        "`data.csv` has 2 columns that may be the text: `question`, `comment`",
    ),
    "ambiguous label": ("text,topic,tone_label\na b,x,y\nc d,y,x\n", "may be the label: `topic`, `tone_label`"),
    "ragged": ("text,label\na b,x\nc d,y,z\n", "line 3 of `data.csv` has 3 cells, the header has 2"),
    "unclosed quote": ('text,label\na b,x\n"c d,y\ne f,x\n', "in line 3 of `data.csv` is not closed"),
    "NUL": ("text,label\na b,x\nc\0d,y\n", "`data.csv` has a NUL byte in line 3"),
    "mixed encodings": ("text,label\nä ö ü,x\n".encode() + b"\xe4 b,y\n", "line 3 has a byte 0xe4"),
    "10 MB in a cell": (f"text,label\n{'x ' * 5_000_000},y\n", "line 2 of `data.csv` begins a cell of more than"),
    "one class": ("text,label\na b,x\nc d,x\n", "has the label `x`, and a classifier needs two classes"),
    "no labels": ("text,label\na b,\nc d,\n", "no row of `data.csv` has a label: column `label` is empty"),
    "no texts": ("text,label\n,x\n ,y\n", "column `text` of `data.csv` is empty in every row"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_one_clear_line_and_a_hint(folder, capsys, kind):
    content, message = BAD_FILES[kind]
    if content is not None:
        (folder / "data.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    before = sorted(folder.rglob("*"))
    code, out, err = run(capsys, "data.csv")
    assert (code, out) == (2, "")
    assert_one_line_and_a_hint(err, message)
    assert sorted(folder.rglob("*")) == before


def assert_one_line_and_a_hint(err, message):
    error, _, hint = err.strip().partition("\n\n")
    assert error.startswith("error: ")
    assert message in error
    assert "\n" not in error + hint
    assert hint.startswith("hint: ") or " must be " in error  # a limit is its own hint


BAD_OPTIONS = {
    "directory": ((".",), "`.` is a folder, not a data file"),
    "wrong text column": (("reviews.csv", "--text-column", "txet"), "column `txet` not found in `reviews.csv`"),
    "wrong label column": (("reviews.csv", "--label-column", "lable"), "column `lable` not found"),
    "wrong split column": (("reviews.csv", "--split-column", "fold"), "column `fold` not found"),
    "wrong group column": (("reviews.csv", "--group-column", "author"), "column `author` not found"),
    "same column": (
        ("reviews.csv", "--text-column", "label", "--label-column", "label"),
        "column `label` cannot be both text and label",
    ),
    "encoding": (("reviews.csv", "--encoding", "utf-9"), "--encoding `utf-9` is unknown"),
    "delimiter": (("reviews.csv", "--delimiter", "abc"), "--delimiter `abc` is not one character"),
    "splits over 1": (("reviews.csv", "--train-split", "0.8", "--val-split", "0.3"), "sum to more than 1"),
    "negative split": (("reviews.csv", "--val-split", "-0.1"), "--val-split must be at least 0"),
    "no train": (("reviews.csv", "--train-split", "0"), "--train-split must be above 0"),
    "tiny vocabulary": (("reviews.csv", "--vocab-size", "0"), "--vocab-size must be at least 100"),
    "tiny bpe": (("reviews.csv", "--vocab-size", "150", "--tokenizer", "bpe"), "--vocab-size 150 is too small for bpe"),
    "negative length": (("reviews.csv", "--max-length", "-5"), "--max-length must be at least 4"),
    "unknown tokenizer": (("reviews.csv", "--tokenizer", "wordpeice"), "there is no tokenizer `wordpeice`"),
    "missing test file": (("reviews.csv", "--test", "tset.csv"), "`tset.csv` does not exist"),
    "unknown option": (("reviews.csv", "--text-colum", "text"), "No such option"),
}


@pytest.mark.parametrize("kind", BAD_OPTIONS)
def test_a_bad_option_is_one_clear_line_and_a_hint(folder, capsys, kind):
    arguments, message = BAD_OPTIONS[kind]
    before = sorted(folder.rglob("*"))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert_one_line_and_a_hint(err, message)
    assert sorted(folder.rglob("*")) == before


def test_the_nearest_name_is_suggested(folder, capsys):
    assert "try --text-column text" in run(capsys, "reviews.csv", "--text-column", "txet")[2]
    assert "did you mean `reviews.csv`?" in run(capsys, "review.csv")[2]
    assert "did you mean `wordpiece`?" in run(capsys, "reviews.csv", "--tokenizer", "wordpeice")[2]
    wrong = run(capsys, "reviews.csv", "--tokenzier", "bpe")[2]
    assert wrong.startswith("error: No such option: --tokenzier\n\nhint: did you mean `--tokenizer`?")


def test_foreign_folders_need_force(folder, capsys):
    (folder / "thesis").mkdir()
    (folder / "thesis" / "chapter.txt").write_text("years of work")
    code, _, err = run(capsys, "reviews.csv", "-o", "thesis", "--vocab-size", "200")
    assert code == 2
    assert_one_line_and_a_hint(err, "`thesis` was not made by txt prepare")
    assert (folder / "thesis" / "chapter.txt").exists()
    assert run(capsys, "reviews.csv", "-o", "thesis", "--force", "--vocab-size", "200")[0] == 0
    assert run(capsys, "reviews.csv", "-o", "thesis", "--vocab-size", "200")[0] == 0  # ours now


def test_broken_files_never_end_in_a_traceback(folder, capsys):
    """Take a good file and damage it at random, a few hundred times."""
    rng = random.Random(7)
    good = bytearray(as_csv(REVIEWS).encode())
    for _ in range(150):
        content = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            place = rng.randrange(len(content))
            content[place : place + rng.randint(0, 3)] = rng.choice(
                [b'"', b"\0", b"\xff", b",", b"\n", b"\r", b"", b'""']
            )
        (folder / "data.csv").write_bytes(content)
        code, _, err = run(capsys, "data.csv", "--vocab-size", "100")
        assert code in (0, 2), err
        if code == 2:
            assert err.count("error: ") == 1
            assert "Traceback" not in err


def test_the_process_exits_with_the_code(folder):
    command = [sys.executable, "-m", "txt", "prepare", "nothing.csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 2
    assert done.stderr.startswith("error: `nothing.csv` does not exist\n")
