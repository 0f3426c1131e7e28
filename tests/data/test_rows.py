import csv
import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from txt.config import PrepareConfig
from txt.data.reading.open_rows import OpenRows, open_rows, read_to_end
from txt.data.reading.row_index import hash_content, read_index, scan_file
from txt.data.reading.rows import Form, ReadingOptions, read_records
from txt.data.reading.table import open_table
from txt.errors import InputError

CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12) | st.sampled_from(
    ["a,b", 'say "so"', "two\nlines", "two\r\nlines", "\r", "007", "=SUM(1)", "", "Grüße 👋", "\ufeff", "\u2028", ";"]
)
TABLES = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=12)


def whole(path: Path, form: Form) -> OpenRows:
    *_, last = scan_file(path, form)
    return OpenRows(path, form, last.index)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(table=TABLES, line_end=st.sampled_from(["\n", "\r\n"]), blank=st.booleans())
def test_every_row_reads_as_the_csv_module_reads_it(tmp_path, encoding, table, line_end, blank):
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=line_end * (2 if blank else 1), quoting=csv.QUOTE_ALL)
    writer.writerow(["text", "id", "source"])
    writer.writerows(table)
    path = tmp_path / "data.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    start = {"utf-8": 0, "utf-8-sig": 3, "utf-16": 2, "utf-32": 4}[encoding]
    codec = {"utf-8-sig": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, encoding)
    form = Form(("text", "id", "source"), "text", None, codec, start, True, {"strict": True})
    expected = [row for row in csv.reader(io.StringIO(text.getvalue(), newline="")) if row][1:]
    rows = whole(path, form)
    assert [rows.cells(row) for row in range(len(rows))] == expected == [list(row) for row in table]
    assert [cells for _, _, cells in read_records(path, form)] == expected
    rows.close()


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(texts=st.lists(st.sampled_from(["a", "b", "c", "", "d"]), min_size=1, max_size=30))
def test_rows_are_found_again_by_text_and_occurrence(tmp_path, texts):
    path = tmp_path / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text", "n"], *([text, "x"] for text in texts)])
    rows = whole(path, Form(("text", "n"), "text", csv_options={}))
    index = rows.index
    occurrences = [texts[:place].count(text) for place, text in enumerate(texts)]
    every = np.arange(len(texts))
    assert [index.occurrence(row) for row in every] == occurrences == index.occurrences(every).tolist()
    assert index.find(index.hashes, np.array(occurrences)).tolist() == every.tolist()
    assert index.find(index.hashes, np.array(occurrences) + len(texts)).tolist() == [-1] * len(texts)
    for text in "abcde":
        here = [place for place, each in enumerate(texts) if each == text]
        assert index.find_same_text(hash_content(text)).tolist() == here
    repeated = sorted(
        [place for place, each in enumerate(texts) if each == text] for text in {t for t in texts if texts.count(t) > 1}
    )
    assert sorted(group.tolist() for group in index.groups(index.hashes)) == repeated
    rows.close()


def test_rows_read_as_a_table_reads_them(shared_data, tmp_path):
    for name in ("airline/Tweets.csv", "finphrase/all-data.csv", "germeval2018/train.csv", "sentences3000/all.csv"):
        path = shared_data / name
        rows = open_rows(path, ReadingOptions(), tmp_path / "index")
        with open_table(path, PrepareConfig()) as table:
            expected = [list(row.values()) for row in table.rows()]
        assert len(rows) == len(expected)
        assert all(rows.cells(row) == [cell or "" for cell in expected[row]] for row in range(0, len(rows), 7))
        rows.close()


def test_json_lines_read_as_a_table_reads_them(tmp_path):
    path = tmp_path / "data.jsonl"
    objects = [
        {"text": "so good", "stars": 5.50, "tags": ["a", 1.0], "ok": True},
        {"text": 'line\nbreak "so" 👋', "stars": None, "late": {"deep": 1}},
    ]
    path.write_text("".join(json.dumps(each) + "\n\n" for each in objects))
    rows = open_rows(path, ReadingOptions(), tmp_path / "index")
    with open_table(path, PrepareConfig()) as table:
        expected = list(table.rows())
    read_back = [dict(zip(rows.form.columns, rows.cells(row), strict=True)) for row in range(len(rows))]
    assert read_back == [{name: value or "" for name, value in row.items()} for row in expected]
    rows.close()


@pytest.mark.parametrize("small", [10_000_000, 100])
def test_a_key_far_down_in_json_lines_is_a_column_and_may_be_the_label(tmp_path, monkeypatch, small):
    monkeypatch.setattr("txt.data.reading.open_rows._SMALL_BYTES", small)
    path, kept = tmp_path / "data.jsonl", tmp_path / "data.index"
    objects = [
        {"text": f"text number {number}"} | ({"label": "ab"[number % 2]} if number > 2500 else {})
        for number in range(2600)
    ]
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    rows = open_rows(path, ReadingOptions("text"), kept)
    list(read_to_end(rows, ReadingOptions("text"), kept))
    assert rows.form.columns == ("text", "label")
    assert rows.form.label_column == "label"
    assert rows.index.label_names == ("b", "a")
    assert int((rows.index.label_codes >= 0).sum()) == 99
    assert rows.cells(2599) == ["text number 2599", "b"]
    rows.close()
    again = open_rows(path, ReadingOptions("text"), kept)
    assert again.form.columns == ("text", "label")
    again.close()


def test_nan_in_json_is_a_missing_value(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a b", "label": NaN}\n{"text": "c d", "label": "NaN"}\n')
    rows = open_rows(path, ReadingOptions(), tmp_path / "index")
    with open_table(path, PrepareConfig()) as table:
        assert [row["label"] for row in table.rows()] == [None, "NaN"]
    assert [rows.cells(row)[1] for row in range(2)] == ["", "NaN"]
    rows.close()


def test_a_big_file_opens_with_its_head_and_is_read_to_its_end_later(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.data.reading.open_rows._SMALL_BYTES", 100)
    monkeypatch.setattr("txt.data.reading.open_rows._HEAD_ROWS", 3)
    path, kept = tmp_path / "data.csv", tmp_path / "data.index"
    path.write_text("text,label\n" + "".join(f"text number {number},{number % 2}\n" for number in range(20)))
    rows = open_rows(path, ReadingOptions(), kept)
    assert (len(rows), rows.index.complete, rows.text(2)) == (3, False, "text number 2")
    list(read_to_end(rows, ReadingOptions(), kept))
    assert (len(rows), rows.index.complete, rows.text(19)) == (20, True, "text number 19")
    again = open_rows(path, ReadingOptions(), kept)
    assert (len(again), again.index.label_names, again.index.label_codes.tolist()) == (20, ("0", "1"), [0, 1] * 10)
    rows.close()
    again.close()


def test_the_index_is_made_anew_when_the_file_or_its_reading_changes(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.data.reading.open_rows._SMALL_BYTES", 10)
    path, kept = tmp_path / "data.csv", tmp_path / "data.index"
    path.write_text("text,title\none two,a\nthree four,b\n")
    rows = open_rows(path, ReadingOptions("text"), kept)
    list(read_to_end(rows, ReadingOptions("text"), kept))
    rows.close()
    assert (
        read_index(kept, path, ReadingOptions("text")) is None
        or len(read_index(kept, path, ReadingOptions("text"))[1]) == 2
    )
    assert read_index(kept, path, ReadingOptions("title")) is None
    os.utime(path, ns=(1, 1))
    assert read_index(kept, path, ReadingOptions("text")) is None


@pytest.mark.parametrize("damage", [b"", b"{}\n", b"not json\n", b'{"of": null, "rows": 3}\n\0\0'])
def test_a_damaged_index_is_made_anew(tmp_path, damage):
    path, kept = tmp_path / "data.csv", tmp_path / "data.index"
    path.write_text("text\none two\n")
    kept.write_bytes(damage)
    assert read_index(kept, path, ReadingOptions()) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("text,label\none,1\ntwo,2,3\n", "line 3 of .* has 3 cells, the header has 2"),
        ('text,label\none,1\n"two,2\nthree,3\n', "a quote in the row that begins in line 3 of .* is not closed"),
    ],
)
def test_a_broken_row_is_told_by_its_line(tmp_path, content, message):
    path = tmp_path / "data.csv"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        list(read_records(path, Form(("text", "label"), "text", csv_options={"strict": True})))


def test_a_format_without_lines_of_its_own_is_read_through_a_copy_that_has_them(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('[{"text": "so good", "n": 1.50},\n {"text": "so\\nbad"}]')
    rows = open_rows(path, ReadingOptions(), tmp_path / "index")
    assert [rows.cells(row) for row in range(len(rows))] == [["so good", "1.50"], ["so\nbad", ""]]
    rows.close()
