"""Files of every kind get predictions behind their cells, and are read back with the same rows."""

import csv
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.data.test_how_files_are_read import BACKSLASHES, DOCUMENTS, LABELS, SAME_TABLE, TEXTS, lines
from txt.config import PrepareConfig
from txt.data.reading.kinds.spreadsheet_copy import write_sheet_anew
from txt.data.reading.table import open_table
from txt.errors import InputError
from txt.prediction.labeled_output import write_answers

QUOTED = {
    "backslashes": lines(rows=[f'"{text}, yes","{label}"' for text, label in zip(TEXTS, LABELS, strict=True)])
    + "\n".join(BACKSLASHES),
    "single quotes": lines("'text','label'", rows=[rf"'{text}, it\'s so','x'" for text in TEXTS]),
    "lone quotes": "text\tlabel\n" + "".join(f'"{text}\tgood\n' for text in TEXTS),
    "spaces before quotes": lines('"text", "label"', rows=[f'"{text}, so", "x"' for text in TEXTS]),
}
FILES = (
    {kind: (content, "data.csv") for kind, (content, _) in SAME_TABLE.items()}
    | {kind: (content, "data.tsv" if kind == "lone quotes" else "data.csv") for kind, content in QUOTED.items()}
    | {kind: (content, "data.json") for kind, content in DOCUMENTS.items()}
)


@pytest.mark.parametrize("kind", FILES)
def test_predictions_are_added_to_every_row_and_to_nothing_else(tmp_path, kind):
    content, name = FILES[kind]
    path, out = tmp_path / name, tmp_path / f"out-{name}"
    path.write_bytes(content.encode())
    with open_table(path, PrepareConfig()) as table:
        rows = list(table.rows())
        answers = [(f"class {number % 3}", number / 100) for number in range(len(rows))]
        write_answers(table, out, ("answer", "sure"), iter(answers))
    with open_table(out, PrepareConfig()) as table:
        found = list(table.rows())
    assert [(row.pop("answer"), float(row.pop("sure") or "nan")) for row in found] == answers
    assert found == rows


RECORDS = [
    {"text": f'=SUM(A{n}), a "word"\n{text}', "label": label, "stars": str(n)}
    for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
]


def write_data(path):
    """Write the records in the format of an ending, numbers as numbers where it has some."""
    numbered = [{**record, "stars": int(record["stars"])} for record in RECORDS]
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(numbered), path)
    elif path.suffix == ".xlsx":
        with path.open("wb") as target:
            write_sheet_anew(target, list(RECORDS[0]), (list(record.values()) for record in numbered))
    elif path.suffix in (".json", ".jsonl"):
        path.write_text(json.dumps(numbered) if path.suffix == ".json" else "\n".join(map(json.dumps, numbered)))
    else:
        with path.open("w", newline="") as file:
            csv.writer(file, delimiter="\t" if path.suffix == ".tsv" else ",").writerows(
                [RECORDS[0].keys(), *(record.values() for record in RECORDS)]
            )
    return path


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "json", "parquet", "xlsx", "csv.gz"])
@pytest.mark.parametrize("data", ["csv", "tsv", "jsonl", "json", "parquet", "xlsx"])
def test_the_outputs_name_says_its_format(tmp_path, data, ending):
    if "xlsx" in (data, ending):
        pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
        pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    path, out = write_data(tmp_path / f"data.{data}"), tmp_path / f"out.{ending}"
    answers = [(f"class {number % 3}", number / 100) for number in range(len(RECORDS))]
    with open_table(path, PrepareConfig(text_column="text")) as table:
        write_answers(table, out, ("answer", "sure"), iter(answers))
    with open_table(out, PrepareConfig(text_column="text")) as table:
        found = list(table.rows())
        assert table.dialect.format == {"tsv": "csv", "xlsx": "excel"}.get(ending, ending.removesuffix(".gz"))
        assert table.dialect.delimiter == ("\t" if ending == "tsv" else ",")
    assert [(row.pop("answer"), float(row.pop("sure"))) for row in found] == answers
    assert found == RECORDS


def test_json_keeps_its_numbers_in_lines_and_lists(tmp_path):
    path = tmp_path / "data.json"
    path.write_text(
        json.dumps([{"text": text, "n": 1.50, "more": {"a": [n]}} for n, text in enumerate(TEXTS)], indent=1)
    )
    with open_table(path, PrepareConfig()) as table:
        write_answers(table, tmp_path / "out.jsonl", ("answer",), iter([("x",)] * len(TEXTS)))
    first = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[0])
    assert first == {"text": TEXTS[0], "n": 1.5, "more": {"a": [0]}, "answer": "x"}


def test_a_text_that_a_spreadsheet_would_cut_is_refused(tmp_path):
    pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
    path = tmp_path / "data.csv"
    path.write_text(lines(rows=[f"{'a word ' * 5000},x", "b,y"]))
    with open_table(path, PrepareConfig()) as table, pytest.raises(InputError, match="has at most 32,767"):
        write_answers(table, tmp_path / "out.xlsx", ("answer",), iter([("x",), ("y",)]))
    assert not (tmp_path / "out.xlsx").exists()


def test_what_is_added_to_a_drawn_table_is_drawn_too(tmp_path):
    path, out = tmp_path / "data.md", tmp_path / "out.md"
    rows = [f"| {text} | {label} |" for text, label in zip(TEXTS, LABELS, strict=True)]
    path.write_text("\n".join(["| text | label |", "|---|---|", *rows]) + "\n")
    with open_table(path, PrepareConfig()) as table:
        write_answers(table, out, ("answer", "sure"), iter([("a | b", 0.5)] * len(TEXTS)))
    with open_table(out, PrepareConfig()) as table:
        found = list(table.rows())
    assert [(row["text"], row["label"], row["answer"]) for row in found] == [
        (*pair, "a b") for pair in zip(TEXTS, LABELS, strict=True)
    ]


def test_a_header_that_stands_in_the_middle_does_not_hide_the_one_with_the_answers(tmp_path):
    path, out = tmp_path / "data.csv", tmp_path / "out.csv"
    path.write_text(lines() + lines())
    with open_table(path, PrepareConfig()) as table:
        write_answers(table, out, ("answer",), iter([("x",)] * 2 * len(TEXTS)))
    with open_table(out, PrepareConfig()) as table:
        assert [row["answer"] for row in table.rows()] == ["x"] * 2 * len(TEXTS)
