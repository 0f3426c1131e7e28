import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.labeling.conftest import write_csv
from txt.data.reading.columns import find_label
from txt.data.reading.label_columns import COLUMNS
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.errors import InputError
from txt.labeling.export import export
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal
from txt.labeling.task import Task

LETTERS = st.characters(max_codepoint=0xFF, categories=["L", "N", "P", "S", "Zs"]) | st.sampled_from("\n\r\"',;|\t")
NASTY = [
    "a, b",
    'say "so"',
    "two\nlines",
    "two\r\nlines",
    "emoji 👋🏽",
    "007",
    "=SUM(1)",
    "  spaces  ",
    "tab\there",
    "x",
]


def export_of(path: Path, target: Path, labels: int = 3, text: str | None = "text") -> bytes:
    """Label some rows of a file and return what the export writes."""
    rows = open_rows(path, ReadingOptions(text), path.with_suffix(".index"))
    with Journal.open(path.with_suffix(".db")) as journal:
        session = LabelSession(rows, journal, Task("anna", ("neg", "pos")))
        for _ in range(labels):
            session.label("pos")
        export(rows, session.states, journal, target)
    rows.close()
    return target.read_bytes()


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("last_line_end", [True, False])
def test_every_original_cell_stays_byte_for_byte(tmp_path, line_end, mark, last_line_end):
    lines = [b"id,text,n", b'1,"a, b",007', b'2,"say ""so""",', b'3,"two\nlines\r\nmore",""', b"4,=SUM(1), x ", b""]
    lines += ["5,Grüße 👋🏽,é".encode(), b"", b'"6","quoted","without need"']
    content = mark + line_end.join(lines) + (line_end if last_line_end else b"")
    path = tmp_path / "data.csv"
    path.write_bytes(content)
    exported = export_of(path, tmp_path / "out.csv", labels=2)
    assert exported.startswith(mark + b"id,text,n,label,label_status,")
    without = exported
    for added in exported_cells(exported.decode("utf-8-sig")):
        assert added.encode() in without
        without = without.replace(added.encode(), b"", 1)
    assert without == content


def exported_cells(text: str) -> list[str]:
    """The label columns of each row, as they stand at its end."""
    rows = [row for row in csv.reader(io.StringIO(text, newline="")) if row]
    return ["," + ",".join(row[-len(COLUMNS) :]) for row in rows]


def test_labels_stand_beside_their_rows(tmp_path):
    path = write_csv(tmp_path / "data.csv", NASTY)
    rows = list(csv.DictReader(io.StringIO(export_of(path, tmp_path / "out.csv").decode(), newline="")))
    assert [row["text"] for row in rows] == NASTY
    assert [row["label"] for row in rows] == ["pos"] * 3 + [""] * 7
    assert [row["label_status"] for row in rows] == ["labeled"] * 3 + ["unlabeled"] * 7
    assert rows[0]["label_by"] == "anna"
    assert rows[0]["label_how"] == "manual"
    assert rows[0]["label_time"].endswith("Z")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    texts=st.lists(st.text(LETTERS, min_size=1), min_size=2),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_any_table_round_trips(tmp_path, texts, delimiter, line_end, encoding):
    for old in tmp_path.iterdir():
        old.unlink()
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    writer.writerows([["text", "n"], *([each, "7"] for each in texts)])
    path = tmp_path / "data.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    rows = open_rows(path, ReadingOptions("text", encoding=encoding, delimiter=delimiter), tmp_path / "index")
    with Journal.open(tmp_path / "labels.db") as journal:
        session = LabelSession(rows, journal, Task("anna", ("neg", "p,os")))
        session.label("p,os")
        export(rows, session.states, journal, tmp_path / "out.csv")
    rows.close()
    written = (tmp_path / "out.csv").read_bytes().decode(encoding)
    read_back = list(csv.reader(io.StringIO(written, newline=""), delimiter=delimiter))
    assert [row[:2] for row in read_back] == [["text", "n"], *([each, "7"] for each in texts)]
    assert [row[2] for row in read_back][:1] == ["label"]
    assert {row[2] for row in read_back[1:]} <= {"p,os", ""}
    assert all(len(row) == 2 + len(COLUMNS) for row in read_back)


def test_real_files_come_out_with_every_cell_as_it_was(shared_data, tmp_path):
    for name, encoding in (("airline/Tweets.csv", "utf-8"), ("finphrase/all-data.csv", "latin-1")):
        path = tmp_path / Path(name).name
        path.write_bytes((shared_data / name).read_bytes())
        exported = export_of(path, tmp_path / ("out-" + path.name), text=None)
        before = list(csv.reader(io.StringIO(path.read_bytes().decode(encoding), newline="")))
        after = list(csv.reader(io.StringIO(exported.decode(encoding), newline="")))
        assert [row[: -len(COLUMNS)] for row in after] == before
        assert path.read_bytes() == (shared_data / name).read_bytes()


def test_a_column_that_is_there_already_is_kept_and_ours_named_otherwise(tmp_path):
    path = write_csv(tmp_path / "data.csv", ["a", "b"], label=["old", ""])
    rows = list(csv.DictReader(io.StringIO(export_of(path, tmp_path / "out.csv", 1).decode(), newline="")))
    assert [(row["label"], row["final_label"]) for row in rows] == [("old", "old"), ("", "pos")]
    assert [row["final_label_how"] for row in rows] == ["file", "manual"]


def test_json_lines_keep_their_bytes_and_get_fields(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_bytes(b'{"text": "so\\u00e9", "n": 007.10}\n\n'.replace(b"007", b"7") + b'{ "text":"b" , "n" : null }')
    exported = export_of(path, tmp_path / "out.jsonl", 1)
    assert exported.startswith(b'{"text": "so\\u00e9", "n": 7.10, "label": "pos", "label_status": "labeled"')
    assert b'\n\n{ "text":"b" , "n" : null , "label": ""' in exported
    assert [json.loads(line)["label"] for line in exported.splitlines() if line] == ["pos", ""]


def test_lines_without_any_delimiter_get_tabs(tmp_path):
    path = tmp_path / "data.txt"
    path.write_bytes(b"text\nYes, it was, so good\nNo\nWell, so so\n")
    exported = export_of(path, tmp_path / "out.txt", 1, text=None)
    assert exported.splitlines()[1].startswith(b"Yes, it was, so good\tpos\tlabeled\tanna")


def test_the_data_file_and_strange_files_are_never_overwritten(tmp_path):
    path = write_csv(tmp_path / "data.csv", ["a", "b"])
    before = path.read_bytes()
    with pytest.raises(InputError, match="cannot take the data file's place"):
        export_of(path, path)
    assert path.read_bytes() == before
    other = tmp_path / "other.csv"
    other.write_bytes(b"dear diary")
    with pytest.raises(InputError, match="is not an export"):
        export_of(path, other)
    assert other.read_bytes() == b"dear diary"


@pytest.mark.parametrize(
    ("data", "target"), [("data.csv", "out.docx"), ("data.csv", "out.csv.old"), ("data.log", "out.md")]
)
def test_a_name_that_asks_for_an_unknown_format_is_refused(tmp_path, data, target):
    path = write_csv(tmp_path / data, ["a", "b"])
    with pytest.raises(InputError, match=r"which txt does not write"):
        export_of(path, tmp_path / target)
    assert not (tmp_path / target).exists()
    export_of(path, tmp_path / f"out{path.suffix}")  # as the data's own is called


def test_an_earlier_export_is_replaced(tmp_path):
    path = write_csv(tmp_path / "data.csv", ["a", "b", "c"])
    first = export_of(path, tmp_path / "out.csv", 1)
    second = export_of(path, tmp_path / "out.csv", 1)
    assert first.count(b"pos") == 1
    assert second.count(b"pos") == 2


def test_a_note_beyond_the_files_encoding_is_escaped(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes("text\nschön\n".encode("latin-1"))
    rows = open_rows(path, ReadingOptions("text"), tmp_path / "index")
    with Journal.open(tmp_path / "labels.db") as journal:
        session = LabelSession(rows, journal, Task("anna", ("pos",)))
        session.set_note("hm 👋")
        export(rows, session.states, journal, tmp_path / "out.csv")
    rows.close()
    assert (tmp_path / "out.csv").read_bytes().endswith(b"hm \\U0001f44b\n")


def test_an_export_of_a_file_without_a_header_has_one(tmp_path):
    path = tmp_path / "data.csv"
    path.write_bytes(b"\xef\xbb\xbf\r\n" + b"".join(b"3,so good number %d it was,7\r\n" % each for each in range(4)))
    exported = export_of(path, tmp_path / "out.csv", 1, text=None)
    lines = exported.split(b"\r\n")
    assert lines[0] == b"\xef\xbb\xbfcolumn_1,column_2,column_3," + ",".join(COLUMNS).encode()
    assert lines[2].startswith(b"3,so good number 0 it was,7,pos,labeled,anna")
    assert export_of(path, tmp_path / "out.csv", 1, text=None).startswith(lines[0])  # known as an earlier export


def test_the_decided_labels_of_an_export_are_the_labels(tmp_path):
    path = write_csv(tmp_path / "data.csv", ["a", "b"], label=["old", ""])
    export_of(path, tmp_path / "out.csv", 1)
    sample = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(), newline="")))
    columns = {name: [row[name] for row in sample] for name in sample[0]}
    assert find_label(columns, "text").name == "final_label"


def test_a_label_far_down_in_json_lines_is_not_written_twice(tmp_path):
    path = tmp_path / "data.jsonl"
    objects = [{"text": f"text {number}"} | ({"label": "old"} if number > 550 else {}) for number in range(600)]
    path.write_text("".join(json.dumps(each) + "\n" for each in objects))
    lines = export_of(path, tmp_path / "out.jsonl", 1).splitlines()
    pairs = json.loads(lines[-1], object_pairs_hook=list)
    assert len({name for name, _ in pairs}) == len(pairs)
    assert [json.loads(line)["final_label"] for line in lines] == ["pos", *[""] * 550, *["old"] * 49]


@pytest.mark.parametrize("name", ["out.jsonl", "out.json"])
def test_an_export_of_a_table_to_json_is_json_and_known_again(tmp_path, name):
    path = write_csv(tmp_path / "data.csv", ['a "word"', "b, c", "d"], place=["x", "", "z"])
    for labels in (1, 1):
        written = export_of(path, tmp_path / name, labels).decode()
    rows = json.loads(written) if name.endswith(".json") else [json.loads(line) for line in written.splitlines()]
    assert [(row["text"], row["place"]) for row in rows] == [('a "word"', "x"), ("b, c", ""), ("d", "z")]
    assert sorted(row["label"] for row in rows) == ["", "pos", "pos"]


def test_an_export_of_json_lines_to_csv_is_a_table(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text('{"text": "a, b", "n": 1}\n{"text": "c", "n": null}\n')
    rows = list(csv.DictReader(io.StringIO(export_of(path, tmp_path / "out.csv", 1).decode(), newline="")))
    assert [(row["text"], row["n"], row["label"]) for row in rows] == [("a, b", "1", "pos"), ("c", "", "")]


def test_json_lines_in_a_json_file_stay_what_they_are(tmp_path):
    path = tmp_path / "data.json"
    path.write_text('{"text": "a"}\n{"text": "b"}\n')
    assert export_of(path, tmp_path / "out.json", 1).startswith(b'{"text": "a", "label": "pos"')
