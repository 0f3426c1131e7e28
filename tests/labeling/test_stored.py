import csv
import io

import pytest

from txt.cli import main
from txt.config import PrepareConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.labeling.store.stored_labels import open_stored_labels


@pytest.fixture
def labeled(tmp_path, monkeypatch):
    """A file of 60 rows, of which 40 were labeled line by line: bad, good, bad, good, …."""
    path = tmp_path / "u.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "shop"])
        writer.writerows([f"text number {number}, really", "x"] for number in range(60))
    monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\n" * 20))
    assert main(["label", str(path), "--plain", "--labels", "bad,good"]) == 0
    return path


def test_prepare_uses_what_was_decided_and_leaves_the_rest_unlabeled(labeled, tmp_path):
    prepare(
        labeled, PrepareConfig(vocab_size=200), tmp_path / "out", decided=open_stored_labels(labeled, PrepareConfig())
    )
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("bad", "good")
    found = {}
    for name in ("train", "val", "test"):
        split = prepared.split(name)
        found |= dict(zip(split.texts(), split.labels.tolist(), strict=True))
    assert found == {f"text number {number}, really": number % 2 for number in range(40)}
    assert len(prepared.split("unlabeled")) == 20


def test_no_labels_ignores_the_store(labeled, tmp_path, capsys):
    assert main(["prepare", str(labeled), "--no-labels", "-o", str(tmp_path / "out")]) == 2
    assert "looks like a label" in capsys.readouterr().err
    assert main(["prepare", str(labeled), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0


def test_a_file_without_a_store_keeps_its_own_labels(tmp_path):
    path = tmp_path / "data.csv"
    path.write_text("text,label\na,b\n")
    assert open_stored_labels(path, PrepareConfig()) is None


def label_plainly(monkeypatch, path, keys, *options):
    monkeypatch.setattr("sys.stdin", io.StringIO(keys))
    assert main(["label", str(path), "--plain", *options]) == 0


def write_texts(path, count=60):
    path.write_text("text\n" + "".join(f"text number {number} is here\n" for number in range(count)))
    return path


def test_a_store_of_another_name_is_used_where_it_is_named(tmp_path, monkeypatch, capsys):
    path, store = write_texts(tmp_path / "u.csv"), tmp_path / "elsewhere.db"
    label_plainly(monkeypatch, path, "1\n2\n" * 20, "--labels", "bad,good", "--store", str(store))
    command = ["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]
    assert main(command) == 2
    assert main([*command, "--store", str(tmp_path / "none.db")]) == 2
    assert "there is no label store" in capsys.readouterr().err
    assert main([*command, "--store", str(store), "--no-labels"]) == 2
    assert main([*command, "--store", str(store)]) == 0
    assert Prepared.open(tmp_path / "out").labels == ("bad", "good")


def test_a_store_about_other_texts_is_told(tmp_path, monkeypatch, capsys):
    path = write_texts(tmp_path / "u.csv")
    label_plainly(monkeypatch, path, "1\n2\n", "--labels", "bad,good")
    other = tmp_path / "other.csv"
    other.write_text("text,label\n" + "".join(f"quite another {number},{'ab'[number % 2]}\n" for number in range(60)))
    store = ["--store", str(path) + ".labels.db"]
    assert main(["prepare", str(other), *store, "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    assert "is it about another file?" in " ".join(capsys.readouterr().out.split())


def test_rows_get_the_several_labels_of_a_store_and_none_is_an_answer(tmp_path, monkeypatch, capsys):
    path = write_texts(tmp_path / "u.csv")
    label_plainly(monkeypatch, path, "1\n\n1\n2\n\n\n" * 15, "--labels", "bad,good", "--multi-label")
    command = ["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]
    assert main(command) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert (prepared.labels, prepared.manifest.kind) == (("bad", "good"), "several")
    found = {}
    for name in ("train", "val", "test"):
        split = prepared.split(name)
        found |= {text: split.label_sets.names(row, prepared.labels) for row, text in enumerate(split.texts())}
    assert [found[f"text number {row} is here"] for row in range(3)] == [("bad",), ("bad", "good"), ()]
    assert len(found) == 45
    assert len(prepared.split("unlabeled")) == 15
    assert main([*command, "--no-multi-label", "--force"]) == 0


def test_a_class_that_people_named_is_no_missing_value(tmp_path, monkeypatch):
    path = write_texts(tmp_path / "u.csv")
    label_plainly(monkeypatch, path, "1\n2\n3\n" * 20, "--labels", "None,nan,a|b")
    assert main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    assert Prepared.open(tmp_path / "out").labels == ("None", "a|b", "nan")


def test_a_column_of_few_values_is_no_label_where_people_labeled(tmp_path, monkeypatch):
    path = tmp_path / "u.csv"
    path.write_text("text,likes\n" + "".join(f"text number {number} is here,{number % 5}\n" for number in range(60)))
    label_plainly(monkeypatch, path, "1\n2\n" * 20, "--labels", "bad,good")
    assert main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("bad", "good")
    assert len(prepared.split("unlabeled")) == 20


def test_labels_that_were_left_aside_while_labeling_stay_aside(tmp_path, monkeypatch):
    path = tmp_path / "u.csv"
    path.write_text("text,label\n" + "".join(f"text number {number} is here,old\n" for number in range(60)))
    label_plainly(monkeypatch, path, "1\n2\n" * 20, "--labels", "bad,good", "--relabel")
    assert main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("bad", "good")
    assert len(prepared.split("unlabeled")) == 20


@pytest.mark.parametrize(
    ("encoding", "delimiter", "options"),
    [("cp1251", ",", ["--encoding", "cp1251"]), ("utf-8", "#", ["--delimiter", "#"])],
)
def test_the_store_remembers_how_its_file_is_read(tmp_path, monkeypatch, capsys, encoding, delimiter, options):
    path = tmp_path / "u.csv"
    rows = [f"Ещё один отзыв номер {number}{delimiter}x" for number in range(60)]
    path.write_text("\n".join([f"text{delimiter}shop", *rows]) + "\n", encoding=encoding)
    label_plainly(monkeypatch, path, "1\n2\n" * 20, "--labels", "bad,good", *options)
    capsys.readouterr()
    target = tmp_path / "out.csv"
    assert main(["label", str(path), "--export", str(target)]) == 0
    assert "40 with a label" in capsys.readouterr().err
    assert main(["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert len(prepared.split("unlabeled")) == 20
    assert prepared.split("train").texts()[0].startswith("Ещё один отзыв номер")
    label_plainly(monkeypatch, path, "1\n", "--labels", "bad,good")
    assert "41 of 60 rows done" in capsys.readouterr().err


def test_the_export_of_a_file_without_a_header_is_prepared_with_its_labels(tmp_path, monkeypatch):
    path, target = tmp_path / "u.csv", tmp_path / "x.csv"
    path.write_text("".join(f"{number},text number {number} is here\n" for number in range(60)))
    label_plainly(monkeypatch, path, "1\n2\n" * 20, "--labels", "bad,good")
    assert main(["label", str(path), "--export", str(target)]) == 0
    assert main(["prepare", str(target), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert prepared.labels == ("bad", "good")
    assert len(prepared.split("unlabeled")) == 20


def test_several_labels_in_a_file_are_settled_before_a_store_is_made(tmp_path, monkeypatch, capsys):
    path = tmp_path / "u.csv"
    cells = ["['late', 'bad']", "['bad']", "[]", "nan", "good"]
    path.write_text("text,label\n" + "".join(f'number {each} is here,"{cell}"\n' for each, cell in enumerate(cells)))
    assert main(["label", str(path), "--plain"]) == 2
    assert "--multi-label" in capsys.readouterr().err
    assert [each.name for each in tmp_path.iterdir()] == ["u.csv"]
    label_plainly(monkeypatch, path, "", "--multi-label")
    assert main(["label", str(path), "--stats", "--json"]) == 0
    assert '"bad": 2' in capsys.readouterr().out
