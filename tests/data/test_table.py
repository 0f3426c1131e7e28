import csv
import gzip
import io
import json
import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.config import PrepareConfig
from txt.data.reading.source import FORMATS, MAX_CELL
from txt.data.reading.table import READERS, open_table
from txt.errors import InputError

CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def rows_of(path, **options):
    with open_table(path, PrepareConfig(**options)) as table:
        return list(table.rows())


def tables(width_at_least=2):
    """Tables of any Unicode text under a header that is one for sure."""

    def of_width(width):
        rows = st.lists(st.lists(CELL, min_size=width, max_size=width), min_size=1, max_size=6)
        return rows.map(lambda rows: [["text", *(f"name_{place}" for place in range(1, width))], *rows])

    return st.integers(width_at_least, 4).flatmap(of_width)


@settings(max_examples=150)
@given(
    table=tables(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    delimiter=st.sampled_from([",", "\t", ";", "|"]),
)
def test_any_table_of_unicode_comes_back_from_csv_cell_for_cell(tmp_path_factory, table, encoding, line_end, delimiter):
    path = tmp_path_factory.getbasetemp() / "any.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL).writerows(table)
    with open_table(path, PrepareConfig()) as opened:
        assert opened.dialect.has_header
        assert [list(row.values()) for row in opened.rows()] == table[1:]


@settings(max_examples=60)
@given(rows=st.lists(st.dictionaries(CELL.filter(bool), CELL | st.none(), min_size=1, max_size=4), min_size=1))
@pytest.mark.parametrize("form", ["jsonl", "json", "parquet"])
def test_any_records_come_back_with_missing_and_empty_told_apart(tmp_path_factory, form, rows):
    path = tmp_path_factory.getbasetemp() / f"any.{form}"
    names = list(dict.fromkeys(name for row in rows for name in row))
    expected = [{name: row.get(name) for name in names} for row in rows]
    if form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "json":
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False))
    else:
        columns = {name: pa.array([row[name] for row in expected], pa.string()) for name in names}
        pq.write_table(pa.table(columns), path)
    assert rows_of(path) == expected


def test_every_format_has_a_reader():
    without_ending = {"dataset", "folder", "several", "fasttext"}  # folders, more files than one, lines of a .txt
    assert set(FORMATS.values()) == set(READERS) - without_ending


@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.jsonl", "d.json", "d.parquet"])
def test_every_format_reads_the_same_plain_and_gzipped(tmp_path, write, name):
    expected = [{"text": f"text, number {n}\nof many", "label": "ab"[n % 2]} for n in range(20_000)]
    buffer = io.StringIO(newline="")
    if name.endswith((".csv", ".tsv")):
        writer = csv.DictWriter(buffer, ["text", "label"], delimiter="\t" if name == "d.tsv" else ",")
        writer.writeheader()
        writer.writerows(expected)
        content = buffer.getvalue().encode()
    elif name == "d.parquet":
        pq.write_table(pa.Table.from_pylist(expected), tmp_path / name, compression="snappy")
        content = (tmp_path / name).read_bytes()
    else:
        lines = "\n".join(json.dumps(row) for row in expected)
        content = (lines if name == "d.jsonl" else json.dumps(expected)).encode()
    assert rows_of(write(content, name)) == expected
    assert rows_of(write(gzip.compress(content), f"{name}.gz")) == expected


def test_values_keep_their_text_exactly(write):
    assert rows_of(write("text,n,d,x\nHello,007,1.50,NA\n")) == [{"text": "Hello", "n": "007", "d": "1.50", "x": "NA"}]
    row = '{"text": "Hello", "n": 12345678901234567890123, "d": 1.50, "b": true, "l": [1, 2.50, "ü"]}'
    assert rows_of(write(row, "d.jsonl")) == [
        {"text": "Hello", "n": "12345678901234567890123", "d": "1.50", "b": "true", "l": '[1, 2.5, "ü"]'}
    ]


def test_parquet_values_become_the_text_that_a_person_would_write(tmp_path):
    table = pa.table(
        {
            "text": pa.array(["a", "b", None]).dictionary_encode(),
            "stars": pa.array([1, 2, None]),
            "score": pa.array([1.0, 2.5, float("nan")]),
            "flag": pa.array([True, False, None]),
            "bytes": pa.array([b"x", None, b"y"]),
            "tags": pa.array([["u", "v"], [], None]),
        }
    )
    pq.write_table(table, tmp_path / "d.parquet")
    assert rows_of(tmp_path / "d.parquet") == [
        {"text": "a", "stars": "1", "score": "1.0", "flag": "true", "bytes": "x", "tags": '["u", "v"]'},
        {"text": "b", "stars": "2", "score": "2.5", "flag": "false", "bytes": None, "tags": "[]"},
        {"text": None, "stars": None, "score": None, "flag": None, "bytes": "y", "tags": None},
    ]


def test_lone_surrogates_of_json_become_replacement_characters(write):
    assert rows_of(write('{"text": "a\\ud800b \\ud83d\\ude00"}', "d.jsonl")) == [{"text": "a�b 😀"}]


def test_quoted_newlines_are_kept_and_blank_lines_are_no_rows(write):
    path = write('text,label\r\n\r\n"one\r\ntwo\n",a\r\n  \r\nthree,\r\n\r\n')
    assert rows_of(path) == [{"text": "one\r\ntwo\n", "label": "a"}, {"text": "three", "label": ""}]


def test_keys_that_come_late_become_columns_from_there_on(write, monkeypatch):
    monkeypatch.setattr("txt.data.reading.json_records.BATCH_ROWS", 2)
    path = write('{"text": "a"}\n{"text": "b"}\n{"text": "c", "label": "x"}\n', "d.jsonl")
    assert rows_of(path) == [{"text": "a"}, {"text": "b"}, {"text": "c", "label": "x"}]


@pytest.mark.parametrize(
    ("content", "line", "cells"),
    [("text,label\na,b\nc,d,e\n", 3, "3 cells"), ('text,label\n"a\nb",c\nd\n', 4, "1 cell")],
)
def test_ragged_rows_are_refused_by_line(write, content, line, cells):
    with pytest.raises(InputError, match=f"^line {line} of .* has {cells}, the header has 2$"):
        rows_of(write(content))


def test_a_ragged_row_far_down_is_told_by_its_line(write):
    path = write('text,label\n"two\nlines",b\n' + "a,b\n" * 50_000 + "a,b,c\n" + "a,b\n" * 50_000)
    with pytest.raises(InputError, match="line 50004 "):
        rows_of(path)


@pytest.mark.parametrize(
    "rest", ["never closed,a\nmore,b\n", 'closed late,a\nmore,"b"\n', 'closed" with letters after,a\n']
)
def test_an_unclosed_quote_is_refused_by_the_line_where_its_row_begins(write, rest):
    with pytest.raises(InputError, match=r"the row that begins in line 3 of .* is not closed") as caught:
        rows_of(write(f'text,label\nfine,a\n"{rest}'))
    assert 'written twice: ""' in caught.value.hint


def test_ten_megabytes_in_one_cell_are_refused_by_line(write):
    huge = "x " * 5_000_000
    with pytest.raises(InputError, match=r"line 3 of .* begins a cell of more than 5,000,000 characters"):
        rows_of(write(f'text,label\nfine,a\n"{huge}",b\n'))
    for name in ("d.jsonl", "d.json"):
        record = json.dumps({"text": huge})
        with pytest.raises(InputError, match=r"row 2 of .* has 10,000,000 bytes in column `text`"):
            rows_of(write(f'[{{"text": "a"}},{record}]' if name == "d.json" else f'{{"text": "a"}}\n{record}', name))
    assert len(rows_of(write("text,label\n" + "x" * (MAX_CELL - 1) + ",a\n"))[0]["text"]) == MAX_CELL - 1


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ('{"text": "a"}\n{"text": b}\n', "d.jsonl", "line 2 of .* is not valid JSON"),
        ('{"text": "a"}\n["b"]\n', "d.jsonl", "line 2 of .* is not a JSON object"),
        ('[{"text": "a"},\n {"text": b}]', "d.json", "the record in line 2 of .* is not valid JSON"),
        ('[{"text": "a"},\n {"text": "b"}', "d.json", "breaks off in line 2"),
        ('[{"text": "a"},\n "b"]', "d.json", "line 2 has '\"'"),
        ('{"rows":\n {"text": "a"}}', "d.json", "is one JSON object, not a list of records"),
        ("[" * 100_000, "d.json", "is not a JSON array of records"),
        ('{"text":' + "[" * 100_000, "d.jsonl", "line 1 of .* is not valid JSON"),
    ],
)
def test_broken_json_is_refused_by_line(write, content, name, message):
    with pytest.raises(InputError, match=message):
        rows_of(write(content, name))


def test_a_json_array_is_read_without_holding_it(write):
    path = write("[" + '{"text": "a"}, ' * 40_000 + "broken", "d.json")
    with open_table(path, PrepareConfig()) as table:
        assert len(next(table.batches())) == 8192


def test_broken_parquet_is_refused(tmp_path, write):
    pq.write_table(pa.table({"text": ["a"] * 100}), tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    for broken in (whole[:-10], whole[:20], whole[:-60] + bytes(52) + whole[-8:]):
        with pytest.raises(InputError, match="is damaged"):
            rows_of(write(broken, "d.parquet"))


def test_standard_input_and_pipes_are_read_like_files(write):
    path = write('text,label\n"a, b",x\n')
    program = (
        "import sys; from txt.data.reading.table import open_table; from txt.config import PrepareConfig\n"
        "with open_table(sys.argv[1], PrepareConfig()) as table: print(list(table.rows()))"
    )
    for shell in (
        f"'{sys.executable}' -c '{program}' - < '{path}'",
        f"cat '{path}' | '{sys.executable}' -c '{program}' /dev/stdin",
    ):
        done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=True)
        assert done.stdout.strip() == "[{'text': 'a, b', 'label': 'x'}]"
    shell = f"printf 'text,label\\na\\n' | '{sys.executable}' -c '{program}' -"
    failed = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert "line 2 of `standard input` has 1 cell" in failed.stderr
