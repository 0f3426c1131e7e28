"""JSON that has numbers for classes, and the classes' names elsewhere in it: read by name, or refused."""

import json

import pytest

from tests.data.test_how_files_are_read import LABELS, TEXTS
from txt.cli import main
from txt.config import PrepareConfig
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.data.reading.table import open_table

NAMES = ["bad", "good", "neither"]
CODES = [NAMES.index(label) for label in LABELS]
RECORDS = [{"text": text, "label": code} for text, code in zip(TEXTS, CODES, strict=True)]
FEATURES = {"text": {"dtype": "string", "_type": "Value"}, "label": {"names": NAMES, "_type": "ClassLabel"}}
LISTED = [{"feature_idx": place, "name": name, "type": each} for place, (name, each) in enumerate(FEATURES.items())]
ROWS = [{"row_idx": place, "row": record} for place, record in enumerate(RECORDS)]

NAMED = {
    "names before the records": {"label_names": NAMES, "data": RECORDS},
    "names behind the records": {"data": RECORDS, "version": 1, "label_names": NAMES},
    "a number for each name": {"examples": RECORDS, "label2id": {"bad": 0, "good": 1, "neither": 2}},
    "a name for each number": {"id2label": {"0": "bad", "1": "good", "2": "neither"}, "examples": RECORDS},
    "names that begin with 1": {
        "label_map": {"1": "bad", "2": "good"},
        "data": [{**record, "label": record["label"] + 1} for record in RECORDS],
    },
    "numbers in quotes": {
        "classes": NAMES[:2],
        "data": [{**record, "label": str(record["label"])} for record in RECORDS],
    },
    "features of datasets": {"features": FEATURES, "rows": RECORDS},
    "rows of a hub's viewer": {"features": LISTED, "rows": ROWS, "num_rows_total": 24, "partial": False},
    "scikit-learn": {"data": TEXTS, "target": CODES, "target_names": NAMES, "DESCR": "24 parcels, and how they came"},
    "lists by column": {"text": TEXTS, "label": CODES, "label_names": NAMES},
}


def write(tmp_path, document, **options):
    path = tmp_path / "data.json"
    path.write_text(json.dumps(document, **options), "utf-8")
    return path


def read(path):
    with open_table(path, PrepareConfig()) as table:
        rows = list(table.rows())
        return rows, [*table.dialect.warnings, *table.notes]


@pytest.mark.parametrize("kind", NAMED)
@pytest.mark.parametrize("indent", [None, 1])
def test_numbers_get_the_names_that_stand_beside_the_records(tmp_path, kind, indent):
    path = write(tmp_path, NAMED[kind], indent=indent)
    rows, told = read(path)
    texts, labels = zip(*([row[name] for name in row if name not in ("row_idx", "truncated_cells")] for row in rows),
                        strict=True)  # fmt: skip
    assert (list(texts), list(labels)) == (TEXTS, LABELS)
    assert any("named" in line for line in told)
    column = next(name for name, value in rows[0].items() if value == TEXTS[0])
    labeled = open_rows(path, ReadingOptions(column), tmp_path / "index")
    assert [labeled.cells(row) for row in range(len(labeled))] == [list(row.values()) for row in rows]
    labeled.close()


def test_a_large_document_whose_names_are_at_its_end_has_them(tmp_path):
    many = [
        {**record, "text": f"{record['text']} {'and on ' * 20}{place}"} for place in range(300) for record in RECORDS
    ]
    rows, _ = read(write(tmp_path, {"data": many, "label_names": NAMES}))
    assert [row["label"] for row in rows] == LABELS * 300


def test_minus_one_has_no_class_and_several_numbers_have_several(tmp_path):
    records = [{"text": text, "label": [[0, 1], [-1], [2]][place % 3]} for place, text in enumerate(TEXTS)]
    rows, _ = read(write(tmp_path, {"label_names": NAMES, "data": records}))
    assert [row["label"] for row in rows[:3]] == ['["bad", "good"]', "[]", '["neither"]']


PAIRS = list(zip(TEXTS, LABELS, strict=True))
TWO = [{**record, "category": record["label"]} for record in RECORDS]

REFUSED = {
    "fewer names than numbers": ({"label_names": ["x", "y"], "data": [*RECORDS, {"text": "a b", "label": 7}]},
                                 "do not clearly belong"),
    "two columns of numbers": ({"label_names": NAMES, "data": TWO},
                               "`label`, `category`"),
    "a number without a name far down": ({"label_names": NAMES, "data": [*RECORDS * 4, {"text": "a b", "label": 9}]},
                                         "has the label 9, and no name"),
    "lists of lists": ({"train": PAIRS}, "one JSON object"),
    "texts for keys": (dict(PAIRS), "texts for its keys"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_names_that_may_belong_to_others_are_refused(tmp_path, capsys, kind):
    document, expected = REFUSED[kind]
    path = write(tmp_path, document)
    assert main(["prepare", str(path), "-o", str(tmp_path / "new")]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "new").exists()


UNCHANGED = {
    "names that the records have, too": {
        "label_names": NAMES, "data": [{"text": text, "label": label} for text, label in PAIRS]
    },
    "names of other things": {"names": ["ann", "ben", "eve"], "data": [{**each, "rating": 5} for each in RECORDS]},
    "a record with lists": {"text": TEXTS[0], "tokens": ["a", "b"], "tags": ["x", "y"]},
    "no names": {"data": RECORDS},
}  # fmt: skip


@pytest.mark.parametrize("kind", UNCHANGED)
def test_other_lists_beside_records_change_nothing(tmp_path, kind):
    document = UNCHANGED[kind]
    rows, told = read(write(tmp_path, document))
    given = document.get("data", [document])
    assert [row["text"] for row in rows] == [record["text"] for record in given]
    assert [row.get("label") for row in rows] == [
        None if (label := record.get("label")) is None else str(label) for record in given
    ]
    assert not any("named" in line for line in told)


def test_a_text_in_pieces_with_marks_is_the_text_everywhere(tmp_path):
    pieces = ["one ", {"type": "bold", "text": "two"}, " three", {"type": "link", "text": "four"}]
    messages = [{"id": 1, "text": pieces}, {"id": 2, "text": "plain and whole"}, {"id": 3, "text": ["a", "b"]}]
    path = write(tmp_path, {"name": "a chat", "messages": messages})
    expected = ["one two threefour", "plain and whole", '["a", "b"]']
    assert [row["text"] for row in read(path)[0]] == expected
    lines = tmp_path / "chat.jsonl"
    lines.write_text("".join(json.dumps(message) + "\n" for message in messages))
    labeled = open_rows(lines, ReadingOptions("text"), tmp_path / "index")
    assert [labeled.cells(row)[1] for row in range(3)] == [row["text"] for row in read(lines)[0]] == expected
    labeled.close()


def test_lists_of_words_as_the_only_column_are_not_texts(tmp_path):
    path = tmp_path / "chat.jsonl"
    path.write_text("".join(json.dumps({"messages": [{"role": "user", "content": text}]}) + "\n" for text in TEXTS))
    assert main(["label", str(path), "--plain", "--labels", "a,b"]) == 2
