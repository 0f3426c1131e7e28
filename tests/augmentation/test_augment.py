"""The stream from a data file to a data file with copies: nothing lost, nothing leaked, the same however it is run."""

import csv
import gzip
import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.augmentation.conftest import write_wordnet
from txt.augmentation import augment as augmenting
from txt.augmentation.augment import augment
from txt.augmentation.originals import make_key
from txt.config import AugmentConfig, PrepareConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError, Interrupted, TxtError
from txt.files import claim_folder

CHEAP = AugmentConfig(methods="swap,delete,keyboard", factor=2, language="en")


def texts(count, tag=""):
    things, places = ("planet", "river", "engine", "garden"), ("harbour", "castle", "market")
    return [f"the {things[n % 4]} near {places[n % 3]} number{tag} looked rather old x{n}" for n in range(count)]


def write(path, rows, **options):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def data(tmp_path):
    rows = [
        {"text": text, "label": ("good", "bad", "bad")[n % 3], "shop": f"s{n % 5}"} for n, text in enumerate(texts(90))
    ]
    rows[4]["text"] = "two\nlines, a “quote” and https://x.y/z 😍 of words"
    return write(tmp_path / "data.csv", rows)


def test_every_row_is_there_as_it_was_and_every_copy_says_where_it_is_from(data, tmp_path):
    summary = augment(data, tmp_path / "out.csv", CHEAP)
    out, before = rows_of(tmp_path / "out.csv"), rows_of(data)
    originals = [row for row in out if row["augmented"] == "false"]
    copies = [row for row in out if row["augmented"] == "true"]
    assert [{name: row[name] for name in before[0]} for row in originals] == before
    assert [row["source_id"] for row in originals] == [str(n) for n in range(1, 91)]
    assert len(copies) == summary.copies == 180
    keys = [make_key(row["text"]) for row in out]
    assert len(set(keys)) == len(keys)
    for row in copies:
        original = originals[int(row["source_id"]) - 1]
        assert (row["label"], row["shop"]) == (original["label"], original["shop"])
        assert row["method"] in ("swap", "delete", "keyboard")
    assert not list(tmp_path.glob(".*"))


def test_the_output_is_the_same_with_any_number_of_processes(data, tmp_path):
    one, two = tmp_path / "one.csv", tmp_path / "two.csv"
    augment(data, one, CHEAP.with_options(workers=1))
    augment(data, two, CHEAP.with_options(workers=2))
    assert one.read_bytes() == two.read_bytes()


def test_stopped_work_goes_on_and_comes_out_the_same(data, tmp_path, monkeypatch):
    monkeypatch.setattr(augmenting, "CHUNK_ROWS", 7)
    whole, stopped = tmp_path / "whole.csv", tmp_path / "stopped.csv"
    augment(data, whole, CHEAP)
    calls = iter([False, False, True])
    with pytest.raises(Interrupted, match="stopped after 21 of 90 rows"):
        augment(data, stopped, CHEAP, stop=lambda: next(calls))
    assert not stopped.exists()
    summary = augment(data, stopped, CHEAP)
    assert summary.resumed_at == 21
    assert stopped.read_bytes() == whole.read_bytes()
    assert summary.copies == 180


def test_stopped_work_is_begun_anew_when_something_else_is_asked_for(data, tmp_path, monkeypatch):
    monkeypatch.setattr(augmenting, "CHUNK_ROWS", 7)
    out = tmp_path / "out.csv"
    with pytest.raises(Interrupted):
        augment(data, out, CHEAP, stop=lambda: True)
    summary = augment(data, out, CHEAP.with_options(factor=1))
    assert (summary.resumed_at, summary.copies) == (0, 90)


def test_work_whose_lines_have_gone_is_begun_anew(data, tmp_path, monkeypatch):
    monkeypatch.setattr(augmenting, "CHUNK_ROWS", 7)
    whole, out = tmp_path / "whole.csv", tmp_path / "out.csv"
    augment(data, whole, CHEAP)
    with pytest.raises(Interrupted):
        augment(data, out, CHEAP, stop=lambda: True)
    (tmp_path / ".out.csv.augmenting" / "rows.part").unlink()  # as when it was killed with the file just in its place
    assert augment(data, out, CHEAP).resumed_at == 0
    assert out.read_bytes() == whole.read_bytes()


def test_two_processes_do_not_write_one_output(data, tmp_path):
    out = tmp_path / "out.csv"
    with claim_folder(tmp_path / ".out.csv.augmenting"), pytest.raises(TxtError, match="another process is at work"):
        augment(data, out, CHEAP)
    assert augment(data, out, CHEAP).copies == 180
    assert not list(tmp_path.glob(".*"))


def test_only_train_rows_are_copied(tmp_path):
    rows = [
        {"text": text, "label": "ab"[n % 2], "split": ("train", "dev", "test")[n % 3]}
        for n, text in enumerate(texts(30))
    ]
    summary = augment(write(tmp_path / "d.csv", rows), tmp_path / "o.csv", CHEAP)
    copies = [row for row in rows_of(tmp_path / "o.csv") if row["augmented"] == "true"]
    assert {row["split"] for row in copies} == {"train"}
    assert summary.passed == {"of another split": 20}


def leaks(folder):
    """Return copies outside train, and train copies whose original is not in train."""
    prepared = Prepared.open(folder)
    where = {}
    for split in ("train", "val", "test"):
        part = prepared.split(split)
        if not len(part):
            continue
        metadata = part.metadata().to_pydict()
        for source, copied in zip(metadata["source_id"], metadata["augmented"], strict=True):
            where.setdefault(source, set()).add((split, copied))
    outside = [source for source, places in where.items() if {("val", "true"), ("test", "true")} & places]
    astray = [
        source for source, places in where.items() if ("train", "true") in places and ("train", "false") not in places
    ]
    return outside + astray


@pytest.mark.parametrize("columns", [(), ("id",), ("split",)])
def test_no_copy_of_a_val_or_test_row_is_trained_on_even_from_a_mixed_and_shuffled_file(tmp_path, columns):
    rows = [
        {"id": f"r{n}", "text": text, "label": "ab"[n % 2], "split": ("train", "train", "val", "test")[n % 4]}
        for n, text in enumerate(texts(200))
    ]
    kept = [{name: row[name] for name in ("text", "label", *columns)} for row in rows]
    augment(write(tmp_path / "d.csv", kept), tmp_path / "o.csv", CHEAP)
    mixed = sorted(rows_of(tmp_path / "o.csv"), key=lambda row: hash(row["text"]) % 1009)
    report = prepare(write(tmp_path / "mixed.csv", mixed), PrepareConfig(vocab_size=200), tmp_path / "prepared")
    assert leaks(tmp_path / "prepared") == []
    assert report.rows["train"] > 300 - 200 * bool(columns == ("split",))
    assert min(report.rows["val"], report.rows["test"]) > 0


def test_copies_of_test_rows_that_a_foreign_file_calls_train_are_left_out(tmp_path):
    rows = [
        {
            "text": text,
            "label": "ab"[n % 2],
            "split": ("train", "test")[n % 2],
            "augmented": "false",
            "source_id": str(n),
        }
        for n, text in enumerate(texts(60))
    ]
    rows += [{**row, "text": row["text"] + " indeed", "split": "train", "augmented": "true"} for row in rows]
    prepare(write(tmp_path / "d.csv", rows), PrepareConfig(vocab_size=200, val_split=0), tmp_path / "prepared")
    assert leaks(tmp_path / "prepared") == []


def test_an_augmented_file_is_not_copied_from_its_copies(data, tmp_path):
    augment(data, tmp_path / "once.csv", CHEAP)
    summary = augment(tmp_path / "once.csv", tmp_path / "twice.csv", CHEAP.with_options(seed=7))
    assert summary.passed == {"copies already": 180}
    out = rows_of(tmp_path / "twice.csv")
    assert list(out[0]) == ["text", "label", "shop", "augmented", "method", "source_id"]
    per_source = {}
    for row in out:
        per_source.setdefault(row["source_id"], []).append(row["augmented"])
    assert all(sorted(group) == ["false", *["true"] * 4] for group in per_source.values())


def test_classes_are_brought_to_one_size(data, tmp_path):
    balanced = augment(data, tmp_path / "b.csv", CHEAP.with_options(balance=True))
    assert balanced.classes == {"bad": (60, 60), "good": (30, 60)}
    sized = augment(data, tmp_path / "s.csv", CHEAP.with_options(per_class=70))
    assert sized.classes == {"bad": (60, 70), "good": (30, 70)}
    copies = [row["source_id"] for row in rows_of(tmp_path / "s.csv") if row["augmented"] == "true"]
    assert max(copies.count(source) for source in copies) <= 2  # spread evenly over the rows of the class


def test_rows_that_cannot_be_copied_pass_through_and_are_counted(tmp_path):
    rows = [{"text": text, "label": "a"} for text in ("", "  ", "Yes", "http://x.y 12", "a longer text of words")]
    summary = augment(write(tmp_path / "d.csv", rows), tmp_path / "o.csv", CHEAP)
    assert [row["text"] for row in rows_of(tmp_path / "o.csv") if row["augmented"] == "false"] == [
        r["text"] for r in rows
    ]
    assert summary.passed == {"without text": 2, "of one word": 1}
    assert summary.missing == {"no word in them may be changed": 2}


def test_each_format_comes_out_with_its_values_as_they_were(tmp_path):
    records = [
        {"id": n, "text": text, "label": n % 2, "score": 0.5, "tags": ["x"], "none": None}
        for n, text in enumerate(texts(10))
    ]
    lines = tmp_path / "d.jsonl"
    lines.write_text("".join(json.dumps(record) + "\n\n" for record in records))
    for name in ("o.jsonl", "o.json", "o.jsonl.gz"):
        augment(lines, tmp_path / name, CHEAP)
        content = (
            gzip.decompress((tmp_path / name).read_bytes()) if name.endswith("gz") else (tmp_path / name).read_bytes()
        ).decode()
        out = json.loads(content) if name == "o.json" else [json.loads(line) for line in content.splitlines()]
        originals = [row for row in out if not row["augmented"]]
        assert [{key: row[key] for key in records[0]} for row in originals] == records
        assert [row["id"] for row in out[:3]] == [0, "0-1", "0-2"]
    pq.write_table(
        pa.table({"text": texts(10), "label": pa.array([n % 2 for n in range(10)], pa.int8())}), tmp_path / "d.parquet"
    )
    augment(tmp_path / "d.parquet", tmp_path / "o.parquet", CHEAP)
    table = pq.read_table(tmp_path / "o.parquet")
    assert table.schema.field("label").type == pa.int8()
    assert table.num_rows == 30
    augment(tmp_path / "d.parquet", tmp_path / "o.csv.gz", CHEAP)
    again = csv.DictReader(io.StringIO(gzip.decompress((tmp_path / "o.csv.gz").read_bytes()).decode()))
    assert len(list(again)) == 30


def test_a_semicolon_file_stays_one(tmp_path):
    path = write(
        tmp_path / "d.csv", [{"text": t, "label": "a"} for t in texts(5)], delimiter=";", lineterminator="\r\n"
    )
    augment(path, tmp_path / "o.csv", CHEAP)
    assert (tmp_path / "o.csv").read_bytes().startswith(b"text;label;augmented;method;source_id\r\n")


def test_the_data_and_foreign_files_are_not_written_over(data, tmp_path):
    before = data.read_bytes()
    with pytest.raises(InputError, match="cannot take the data file's place"):
        augment(data, data, CHEAP, force=True)
    os.link(data, tmp_path / "link.csv")
    with pytest.raises(InputError, match="cannot take the data file's place"):
        augment(data, tmp_path / "link.csv", CHEAP, force=True)
    foreign = write(tmp_path / "foreign.csv", [{"text": "x", "label": "y"}])
    with pytest.raises(InputError, match="txt augment did not make it"):
        augment(data, foreign, CHEAP)
    augment(data, foreign, CHEAP, force=True)
    augment(data, foreign, CHEAP)  # now it was made here
    assert data.read_bytes() == before


def test_a_full_disk_leaves_the_previous_output(data, tmp_path, monkeypatch):
    out = tmp_path / "out.csv"
    augment(data, out, CHEAP)
    before = out.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(augmenting, "finish", full)
    with pytest.raises(TxtError, match="no space left on device"):
        augment(data, out, CHEAP.with_options(seed=3))
    assert out.read_bytes() == before


def test_synonyms_are_left_out_with_a_note_where_there_is_no_wordnet(data, tmp_path, no_wordnet):
    summary = augment(data, tmp_path / "o.csv", AugmentConfig(language="en"))
    assert "synonym" not in summary.methods
    assert any("no WordNet" in note for note in summary.notes)
    with_it = AugmentConfig(language="en", wordnet=write_wordnet(tmp_path / "wn"))
    film = write(tmp_path / "film.csv", [{"text": f"the film was number x{n}", "label": "a"} for n in range(20)])
    assert augment(film, tmp_path / "o2.csv", with_it).methods["synonym"]


def test_a_check_drops_and_counts_what_flips(tmp_path):
    rows = [{"text": f"{word} and {other}", "label": word[:1]} for word in ("alpha", "beta") for other in texts(30)]
    data = write(tmp_path / "d.csv", rows)
    config = AugmentConfig(methods="delete", language="en", check="tfidf")
    unchecked = augment(data, tmp_path / "u.csv", config.with_options(check=None))
    checked = augment(data, tmp_path / "c.csv", config)
    assert unchecked.flips == 0 < checked.flips

    def without_cue(path):
        return sum(row["augmented"] == "true" and row["text"].startswith("and") for row in rows_of(path))

    assert without_cue(tmp_path / "c.csv") < without_cue(tmp_path / "u.csv")
    with pytest.raises(InputError, match="needs labels of two classes"):
        augment(write(tmp_path / "one.csv", rows[:5]), tmp_path / "p.csv", config)
