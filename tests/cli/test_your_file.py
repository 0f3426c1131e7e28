"""Every row of docs/your-file.md, tried: the file as the tool writes it, and the line as the page has it."""

import csv
import gzip
import io
import json
import re
import shlex
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from tests.spreadsheets import make_book
from txt.cli import main

PAGE = Path(__file__).parents[2] / "docs" / "your-file.md"
CLASSES = ("good", "bad")
ROWS = [
    (f"text {number} says in plain words what number {number} was like", CLASSES[number % 2]) for number in range(40)
]
ALL = {"good": 20, "bad": 20}


def find_rows() -> dict[str, str]:
    """Return what to type by where a file is from."""
    rows = re.findall(r"^\| ([^|]+) \| `([^`]+)` \| ", PAGE.read_text("utf-8"), re.MULTILINE)
    return {tool: line for tool, line in rows if tool != "from"}


def write_csv(path: str | Path, rows, header=("text", "label"), **options) -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, **options).writerows([header, *rows] if header else rows)


def write_lines(path: str, records) -> None:
    Path(path).write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")


def frame():
    pandas = pytest.importorskip("pandas", reason="the package pandas is not installed")
    return pandas.DataFrame(ROWS, columns=["text", "label"])


def write_ods() -> None:
    pytest.importorskip("odf", reason="the package odfpy is not installed")
    pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")
    frame().to_excel("survey.ods", index=False, engine="odf")


def write_survey(with_second_row: bool) -> Callable[[], None]:
    def write() -> None:
        name = "Survey.csv" if with_second_row else "Form.csv"
        header = ["Respondent ID", "What did you like?", "Mood"]
        second = [["", "Open-Ended Response", "Response"]] if with_second_row else []
        write_csv(name, [*second, *([1000 + n, text, label] for n, (text, label) in enumerate(ROWS))], header)

    return write


def write_statistics(path: str, write: str) -> Callable[[], None]:
    def make() -> None:
        pyreadstat = pytest.importorskip("pyreadstat", reason="the package pyreadstat is not installed")
        table, names = frame(), {"label": {1: "good", 2: "bad"}}
        if write == "write_xport":
            pyreadstat.write_xport(table, path)
            return
        table["label"] = table["label"].map({"good": 1.0, "bad": 2.0})
        getattr(pyreadstat, write)(table, path, variable_value_labels=names)

    return make


def write_hub() -> None:
    features = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": list(CLASSES), "_type": "ClassLabel"}}
    Path("data").mkdir()
    for name, rows in (("train-00000-of-00001", ROWS[:30]), ("test-00000-of-00001", ROWS[30:])):
        table = pa.table({"text": [text for text, _ in rows], "label": [CLASSES.index(label) for _, label in rows]})
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
        pq.write_table(table, f"data/{name}.parquet")


def save_dataset() -> None:
    datasets = pytest.importorskip("datasets", reason="the package datasets is not installed")
    table = datasets.Dataset.from_dict({"text": [text for text, _ in ROWS], "label": [n % 2 for n in range(len(ROWS))]})
    table = table.cast_column("label", datasets.ClassLabel(names=list(CLASSES)))
    datasets.DatasetDict(train=table.select(range(30)), test=table.select(range(30, 40))).save_to_disk("my_dataset")


def write_folders(root: str, train: str, test: str, ending: str) -> Callable[[], None]:
    def write() -> None:
        for number, (text, label) in enumerate(ROWS):
            path = Path(root) / (test if number >= 30 else train) / label / f"{number}{ending}"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")

    return write


def write_dump(line_end):
    def write():
        rows = [f"{n}\t{text}{line_end}again\t{label}\t\\N\n" for n, (text, label) in enumerate(ROWS)]
        Path("reviews.tsv").write_text("".join(rows))

    return write


def write_sqlite() -> None:
    with closing(sqlite3.connect("reviews.sqlite")) as database, database:
        database.execute("CREATE TABLE comments (text TEXT, label TEXT)")
        database.execute("CREATE TABLE users (name TEXT)")
        database.executemany("INSERT INTO comments VALUES (?, ?)", ROWS)
    database.close()


def write_zip() -> None:
    with zipfile.ZipFile("archive.zip", "w") as archive:
        text = io.StringIO(newline="")
        csv.writer(text).writerows([("text", "label"), *ROWS])
        archive.writestr("reviews.csv", text.getvalue())


def write_months() -> None:
    write_csv("2024-01.csv", ROWS[:20])
    write_csv("2024-02.csv", ROWS[20:])


def write_parts() -> None:
    write_csv("train.csv", ROWS[:30])
    write_csv("test.csv", ROWS[30:])


def write_exported() -> None:
    about = ("labeled", "anna", "2026-01-01T00:00:00Z", "manual", "", "", "")
    header = ["text", "label"] + [
        f"label_{each}" for each in ("status", "by", "time", "how", "confidence", "flagged", "note")
    ]
    write_csv("labeled.csv", [(text, label, *about) for text, label in ROWS], header)


def annotate(text: str, label: str) -> dict:
    result = [{"type": "choices", "from_name": "mood", "to_name": "text", "value": {"choices": [label]}}]
    return {"id": 1, "data": {"text": text}, "annotations": [{"result": result, "was_cancelled": False}]}


MAKERS: dict[str, Callable[[], object]] = {
    "Excel": lambda: make_book("survey.xlsx", Sheet1=[("text", "label"), *ROWS]),
    "Excel, several sheets": lambda: make_book(
        "survey.xlsx", Answers=[("text", "label"), *ROWS], Codes=[("code", "means"), (1, "good")]
    ),
    "LibreOffice": write_ods,
    "Google Sheets": lambda: write_csv("Answers - Sheet1.csv", ROWS, lineterminator="\r\n"),
    "Excel saved as CSV": lambda: Path("survey.csv").write_bytes(
        ("sep=;\r\ntext;label\r\n" + "".join(f"{text} é;{label}\r\n" for text, label in ROWS)).encode("cp1252")
    ),
    "SurveyMonkey": write_survey(with_second_row=True),
    "Google Forms": write_survey(with_second_row=False),
    "SPSS": write_statistics("survey.sav", "write_sav"),
    "Stata": write_statistics("survey.dta", "write_dta"),
    "SAS": write_statistics("survey.xpt", "write_xport"),
    "Kaggle": write_zip,
    "pandas, `to_csv`": lambda: frame().to_csv("frame.csv"),
    "pandas, `to_json`": lambda: frame().to_json("frame.json"),
    "pandas, `to_parquet`": lambda: frame().astype({"label": "category"}).to_parquet("frame.parquet"),
    "pandas, `to_feather`": lambda: frame().to_feather("frame.feather"),
    "Hugging Face hub": write_hub,
    "Hugging Face, `save_to_disk`": save_dataset,
    "IMDb reviews": write_folders("aclImdb", "train", "test", "_7.txt"),
    "20 Newsgroups": write_folders("20news-bydate", "20news-bydate-train", "20news-bydate-test", ""),
    "MySQL, `INTO OUTFILE`": write_dump("\\\n"),
    "PostgreSQL, `COPY`": write_dump("\\n"),
    "SQLite": write_sqlite,
    "R, `write.csv`": lambda: write_csv("reviews.csv", ROWS, quoting=csv.QUOTE_NONNUMERIC),
    "a JSON API": lambda: Path("response.json").write_text(
        json.dumps({"page": 1, "data": [{"text": text, "label": label} for text, label in ROWS]})
    ),
    "Reddit, nested JSON": lambda: write_lines(
        "posts.jsonl", [{"kind": "t3", "data": {"title": text, "flair": label, "ups": 3}} for text, label in ROWS]
    ),
    "a file a month": write_months,
    "a file a split": write_parts,
    "packed files": lambda: Path("reviews.csv.gz").write_bytes(
        gzip.compress(("text,label\n" + "".join(f"{text},{label}\n" for text, label in ROWS)).encode())
    ),
    "a text a line": lambda: Path("lines.txt").write_text("".join(f"{text}\n" for text, _ in ROWS)),
    "Prodigy": lambda: write_lines(
        "annotations.jsonl",
        [
            {"text": text, "accept": [label], "answer": "accept", "options": [{"id": each} for each in CLASSES]}
            for text, label in ROWS
        ],
    ),
    "doccano": lambda: write_lines("all.jsonl", [{"id": 1, "text": text, "label": [label]} for text, label in ROWS]),
    "Label Studio, JSON": lambda: Path("project.json").write_text(json.dumps([annotate(*row) for row in ROWS])),
    "Label Studio, JSON-MIN": lambda: Path("project-min.json").write_text(
        json.dumps(
            [
                {"id": n, "text": text, "annotator": 1, "mood": label, "lead_time": 1.5}
                for n, (text, label) in enumerate(ROWS)
            ]
        )
    ),
    "spaCy": lambda: write_lines(
        "cats.jsonl", [{"text": text, "cats": {each: float(each == label) for each in CLASSES}} for text, label in ROWS]
    ),
    "fastText": lambda: Path("train.txt").write_text("".join(f"__label__{label} {text}\n" for text, label in ROWS)),
    "Argilla": lambda: write_lines(
        "records.jsonl",
        [
            {"id": f"r{n}", "fields": {"text": text}, "responses": {"mood": [{"value": label, "status": "submitted"}]}}
            for n, (text, label) in enumerate(ROWS)
        ],
    ),
    "txt, `label --export`": write_exported,
}


def test_every_row_of_the_page_is_tried():
    assert set(find_rows()) == set(MAKERS)


@pytest.mark.parametrize("tool", MAKERS)
def test_what_the_page_says_to_type_reads_the_file(tool, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    MAKERS[tool]()
    command, *arguments = shlex.split(find_rows()[tool])[1:]
    if command == "label":
        monkeypatch.setattr("sys.stdin", io.StringIO("1\n2\nq\n"))
        assert main([command, *arguments, "--plain"]) == 0
        assert "2 of 40 rows done" in capsys.readouterr().err
        return
    assert main([command, *arguments, "--dry-run", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["problem"] is None
    assert found["classes"] == ALL
    if tool in ("a file a split", "Hugging Face hub", "Hugging Face, `save_to_disk`", "IMDb reviews", "20 Newsgroups"):
        assert found["splits"]["test"] == 10


def test_the_other_ways_that_the_page_names_work_too(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_csv("parts/train.csv", ROWS[:30])
    write_csv("parts/test.csv", ROWS[30:])
    with zipfile.ZipFile("archive.zip", "w") as archive:
        archive.write("parts/train.csv", "train.csv")
        archive.writestr("sample_submission.csv", "id,label\n1,good\n")
    for name, count in (("parts/*.csv", 40), ("archive.zip::train.csv", 30)):
        assert main(["prepare", name, "--dry-run", "--json"]) == 0
        assert sum(json.loads(capsys.readouterr().out)["classes"].values()) == count
    assert main(["prepare", "archive.zip"]) == 2
    assert "archive.zip::train.csv" in capsys.readouterr().err
