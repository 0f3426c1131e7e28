"""What `txt prepare` and `txt eval` make of labels that are written oddly."""

import csv

import pytest

from txt.cli import main
from txt.data.prepared import Prepared


def write_rows(path, labels, header=("text", "label")):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for number, label in enumerate(labels):
            writer.writerow([f"text number {number} is here", *(label if isinstance(label, tuple) else (label,))])
    return path


@pytest.fixture
def prepare(tmp_path):
    def run(path, *options: str) -> int:
        return main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out"), "--force", *options])

    return run


def test_missing_values_are_settled_by_an_option(tmp_path, prepare, capsys):
    path = write_rows(tmp_path / "data.csv", ["good", "bad", "nan", "None"] * 20)
    assert prepare(path) == 2
    error = capsys.readouterr().err
    assert "`nan` in 20 rows, `None` in 20 rows" in " ".join(error.split())
    assert "--missing nan,None" in error
    assert prepare(path, "--missing", "nan,None") == 0
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, len(prepared.split("unlabeled"))) == (("bad", "good"), 40)
    assert prepare(path, "--missing", "") == 0
    assert Prepared.open(tmp_path / "out").labels == ("None", "bad", "good", "nan")


def test_lists_of_labels_are_read_and_lists_of_one_label_are_that_label(tmp_path, prepare, capsys):
    assert prepare(write_rows(tmp_path / "several.csv", ["['late', 'bad']", "['bad']", "['good']"] * 20)) == 0
    assert "several labels a row, as a list, in 20 of 60 rows" in " ".join(capsys.readouterr().out.split())
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, prepared.manifest.kind) == (("bad", "good", "late"), "several")
    assert prepare(write_rows(tmp_path / "one.csv", ["['bad']", "['good']", "[]"] * 20)) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, len(prepared.split("unlabeled"))) == (("bad", "good"), 20)


def test_columns_of_0_and_1_are_named_as_labels(tmp_path, prepare, capsys):
    rows = [("1", "0", "1"), ("0", "0", "0"), ("0", "1", "0")] * 20
    path = write_rows(tmp_path / "data.csv", rows, ("text", "toxic", "obscene", "insult"))
    assert prepare(path) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert (
        "3 columns of 0 and 1, a label each: `toxic`, `obscene`, `insult`; 20 of the first 60 rows have several"
        in error
    )
    assert prepare(path, "--label-column", "toxic") == 0


def read_sets(prepared):
    """Return the labels of every row, by its text."""
    found = {}
    for name in ("train", "val", "test"):
        split = prepared.split(name)
        for row, text in enumerate(split.texts()):
            found[text] = split.label_sets.names(row, prepared.labels)
    return found


def test_columns_of_0_and_1_become_labels_and_votes_are_counted(tmp_path, prepare, capsys):
    rows = [("1", "0", "true"), ("0", "0", "false"), ("0", "1", "false"), ("", "", "")] * 20
    path = write_rows(tmp_path / "data.csv", rows, ("text", "toxic", "obscene", "insult"))
    assert prepare(path, "--label-columns", "toxic,obscene,insult") == 0
    assert "20 labeled rows have none of the labels" in " ".join(capsys.readouterr().out.split())
    prepared = Prepared.open(tmp_path / "out")
    sets = read_sets(prepared)
    assert prepared.labels == ("insult", "obscene", "toxic")
    assert [sets[f"text number {row} is here"] for row in range(3)] == [("insult", "toxic"), (), ("obscene",)]
    assert len(prepared.split("unlabeled")) == 20
    assert prepared.manifest.metadata == ()
    assert prepared.manifest.label_form == {"form": "columns", "sign": "|", "columns": ["toxic", "obscene", "insult"]}
    votes = [("3", "1"), ("0", "2"), ("1", "0")] * 20
    path = write_rows(tmp_path / "votes.csv", votes, ("text", "toxic", "obscene"))
    assert prepare(path, "--label-columns", "toxic,obscene") == 2
    assert "--at-least 2" in capsys.readouterr().err
    assert prepare(path, "--label-columns", "toxic,obscene", "--at-least", "2") == 0
    sets = read_sets(Prepared.open(tmp_path / "out"))
    assert [sets[f"text number {row} is here"] for row in range(3)] == [("toxic",), ("obscene",), ()]


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        ([("1", "0"), ("0", "1")], ["--label-columns", "a,b", "--label-column", "a"], "both say where the labels are"),
        ([("1", "0"), ("0", "5")], ["--label-columns", "a,b"], "holds `5` in row 2"),
        ([("1", "x"), ("0", "1")], ["--label-columns", "a,b"], "holds `x` in row 1"),
        ([("1", "0"), ("0", "0")], ["--label-columns", "a,b"], "no row of"),
        ([("1", "0"), ("0", "")], ["--label-columns", "a,b"], "has nothing in column `b`"),
        ([("1", "0"), ("0", "1")], ["--label-columns", "a,c"], "column `c` not found"),
        ([("1", "0"), ("0", "1")], ["--label-columns", "a"], "names one column"),
        ([("1", "0"), ("0", "1")], ["--label-columns", "a,a"], "names `a` twice"),
        ([("1", "0"), ("0", "1")], ["--label-column", "a", "--at-least", "2"], "--at-least is about the votes"),
        ([("1", "0"), ("0", "1")], ["--label-columns", "a,b", "--no-multi-label"], "takes each as one"),
        ([("1", "0"), ("0", "1")], ["--label-column", "a", "--label-separator", ";"], "has `;` in it"),
    ],
)
def test_label_columns_that_make_no_sense_are_refused(tmp_path, prepare, capsys, rows, options, told):
    path = write_rows(tmp_path / "data.csv", rows * 20, ("text", "a", "b"))
    assert prepare(path, *options) == 2
    assert told in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "out").exists()


def test_a_separator_is_found_out_or_said(tmp_path, prepare, capsys):
    path = write_rows(tmp_path / "data.csv", ["late, bad", "bad", "good", "late"] * 20)
    assert prepare(path) == 2
    assert "--label-separator ','" in " ".join(capsys.readouterr().err.split())
    assert prepare(path, "--label-separator", ",") == 0
    prepared = Prepared.open(tmp_path / "out")
    assert read_sets(prepared)["text number 0 is here"] == ("bad", "late")
    assert prepared.manifest.form.sign == ","
    assert prepare(path, "--no-multi-label") == 0
    assert Prepared.open(tmp_path / "out").labels == ("bad", "good", "late", "late, bad")


def test_classes_in_an_order_are_named_or_proposed_and_never_taken_unasked(tmp_path, prepare, capsys):
    words = write_rows(tmp_path / "words.csv", ["low", "high", "medium"] * 20)
    assert prepare(words, "--ordered") == 2
    assert "the class `high` in column `label`" in " ".join(capsys.readouterr().err.split())
    assert prepare(words, "--order", "low,medium,high") == 0
    manifest = Prepared.open(tmp_path / "out").manifest
    assert (manifest.labels, manifest.kind) == (("low", "medium", "high"), "ordered")
    for order, told in (("low,high", "lacks `medium`"), ("low,medium,high,top", "names `top`")):
        assert prepare(words, "--order", order) == 2
        assert told in " ".join(capsys.readouterr().err.split())
    stars = write_rows(tmp_path / "stars.csv", ["1", "2", "3", "4", "5"] * 20)
    assert prepare(stars) == 0
    assert "--ordered counts" in " ".join(capsys.readouterr().out.split())
    assert Prepared.open(tmp_path / "out").manifest.kind == "single"
    assert prepare(stars, "--ordered") == 0
    assert Prepared.open(tmp_path / "out").manifest.kind == "ordered"
    several = write_rows(tmp_path / "several.csv", ["a|b", "b", "a"] * 20)
    assert prepare(several, "--ordered") == 2
    assert "--ordered is about one class" in " ".join(capsys.readouterr().err.split())


def test_nested_classes_are_found_out_and_levels_come_from_columns(tmp_path, prepare, capsys):
    names = ["hardware > printer", "hardware > screen", "software > mail", "software"]
    data = write_rows(tmp_path / "data.csv", names * 20)
    assert prepare(data) == 0
    assert "in 2 levels" in " ".join(capsys.readouterr().out.split())
    assert Prepared.open(tmp_path / "out").manifest.kind == "nested"
    assert prepare(data, "--no-nested") == 0
    assert Prepared.open(tmp_path / "out").manifest.kind == "single"
    rows = [("hardware", "printer"), ("hardware", "screen"), ("software", ""), ("", "")] * 20
    columns = write_rows(tmp_path / "columns.csv", rows, ("text", "area", "topic"))
    assert prepare(columns, "--levels", "area,topic") == 0
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("hardware > printer", "hardware > screen", "software")
    assert len(prepared.split("unlabeled")) == 20
    assert prepare(columns, "--levels", "topic,area") == 2
    assert "the levels do not nest" in " ".join(capsys.readouterr().err.split())
    assert prepare(columns, "--levels", "area,topic", "--label-column", "area") == 2
    assert prepare(columns, "--levels", "area") == 2
    assert prepare(write_rows(tmp_path / "odd.csv", ["a > ", "a > b", "a > c"] * 20)) == 2
    assert "a level without a name" in " ".join(capsys.readouterr().err.split())
    assert prepare(write_rows(tmp_path / "flat.csv", ["a", "b"] * 20), "--nested") == 2
