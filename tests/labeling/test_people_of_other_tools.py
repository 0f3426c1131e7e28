"""Files in which several people labeled: their names come in with their labels, and go out again."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.labeling.conftest import Open, write_csv
from txt.data.formats.catalog import FORMATS
from txt.data.formats.record import LabelRecord, LabelTask, Opinion
from txt.errors import InputError
from txt.labeling.agreement import read_ratings
from txt.labeling.exchange import export_as, import_labels, restore_lines

SINGLE = LabelTask(("neg", "pos"))
CREATED = "2026-03-01T12:00:00.123456Z"


def read(name: str, path: Path, task: LabelTask = SINGLE) -> list[LabelRecord]:
    return list(FORMATS[name].read(path, task))


def make_annotation(by: object, *choices: str, control: str = "mood", **more) -> dict:
    """An annotation as Label Studio's server writes it."""
    result = {
        "id": "Ab3dE",
        "from_name": control,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
        "value": {"choices": list(choices)},
    }
    return {
        "id": 7,
        "completed_by": by,
        "result": [result] if choices else [],
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": CREATED,
        "updated_at": CREATED,
        "lead_time": 3.2,
        "unique_id": "0c5d",
    } | more


def write_tasks(path: Path, *annotations: dict, **data: object) -> Path:
    task = {"id": 1, "data": data or {"review": "so good"}, "annotations": list(annotations), "drafts": []}
    path.write_text(json.dumps([task | {"predictions": [], "meta": {}, "inner_id": 1, "project": 3}]))
    return path


ANNA = {"id": 3, "email": "anna@example.org", "first_name": "Anna", "last_name": ""}


def test_label_studio_names_whoever_annotated(tmp_path: Path):
    skip = make_annotation(9, was_cancelled=True)
    path = write_tasks(tmp_path / "x.json", skip, make_annotation(ANNA, "pos"), make_annotation(4, "neg"))
    (found,) = read("label-studio", path)
    assert (found.labels, found.status, found.by, found.time) == (("pos",), "labeled", "anna@example.org", CREATED)
    assert found.opinions == (Opinion("4", ("neg",), time=CREATED), Opinion("9", (), True, CREATED))


def test_the_ground_truth_of_label_studio_wins(tmp_path: Path):
    truth = make_annotation(4, "neg", ground_truth=True)
    (found,) = read("label-studio", write_tasks(tmp_path / "x.json", make_annotation(ANNA, "pos"), truth))
    assert (found.labels, found.by) == (("neg",), "4")
    assert found.opinions == (Opinion("anna@example.org", ("pos",), time=CREATED),)


def test_a_task_that_all_skipped_is_skipped(tmp_path: Path):
    skips = [make_annotation(by, was_cancelled=True) for by in (3, 4)]
    (found,) = read("label-studio", write_tasks(tmp_path / "x.json", *skips))
    assert (found.status, found.by, found.opinions) == ("skipped", "3", (Opinion("4", (), True, CREATED),))


def make_result(kind: str, value: object, **more) -> dict:
    return {"from_name": f"a {kind}", "to_name": "text", "type": kind, "value": {kind: value, **more}}


@pytest.mark.parametrize(
    ("result", "labels"),
    [
        (make_result("rating", 4), ("4",)),
        (make_result("number", 7), ("7",)),
        (make_result("taxonomy", [["food", "bread"]]), ("food > bread",)),
        (make_result("taxonomy", [["food", "bread"], ["staff"]]), ("food > bread", "staff")),
    ],
)
def test_ratings_and_taxonomies_are_labels(result: dict, labels: tuple, tmp_path: Path):
    path = write_tasks(tmp_path / "x.json", make_annotation(3) | {"result": [result]})
    (found,) = read("label-studio", path)
    assert found.labels == labels


@pytest.mark.parametrize(
    "result",
    [
        make_result("textarea", ["so it is"]),
        make_result("datetime", "2026-03-01"),
        make_result("labels", ["ORG"], start=0, end=2, text="so"),
        make_result("choices", ["pos"], start=0, end=2),  # of a part of the text
    ],
)
def test_answers_that_are_no_labels_are_refused_and_others_taken(result: dict, tmp_path: Path):
    path = write_tasks(tmp_path / "x.json", make_annotation(3) | {"result": [result]})
    with pytest.raises(InputError, match=f"`a {result['type']}` is a `{result['type']}`") as caught:
        read("label-studio", path)
    assert "choices, a rating" in (caught.value.hint or "")
    both = make_annotation(3, "pos")
    both["result"].append(result)
    (found,) = read("label-studio", write_tasks(tmp_path / "x.json", both))
    assert found.labels == ("pos",)
    with pytest.raises(InputError, match="not labels of whole texts") as caught:
        read("label-studio", path, replace(SINGLE, label_column=f"a {result['type']}"))
    assert caught.value.hint == "--control mood"


def test_each_control_is_chosen_apart(tmp_path: Path):
    one = make_annotation(3, "pos")
    one["result"] += make_annotation(3, "de", control="language")["result"]
    path = write_tasks(tmp_path / "x.json", one)
    for control, label in (("mood", "pos"), ("language", "de")):
        (found,) = read("label-studio", path, replace(SINGLE, label_column=control))
        assert found.labels == (label,)
    with pytest.raises(InputError, match="has no question `moood`") as caught:
        read("label-studio", path, replace(SINGLE, label_column="moood"))
    assert "`mood`" in (caught.value.hint or "")


def make_session(session: str, label: str | None, answer: str = "accept", **more) -> dict:
    """A line as Prodigy's db-out writes it."""
    return {
        "text": "so good",
        "_input_hash": 123,
        "_task_hash": 456,
        "options": [{"id": "neg", "text": "neg"}, {"id": "pos", "text": "pos"}],
        "_view_id": "choice",
        "accept": [label] if label else [],
        "answer": answer,
        "_timestamp": 1772366400,
        "_annotator_id": f"reviews-{session}",
        "_session_id": f"reviews-{session}",
    } | more


def write_lines(path: Path, *lines: dict) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def test_sessions_of_prodigy_are_annotators(tmp_path: Path):
    lines = [make_session("ben", None, "ignore"), make_session("anna", "pos"), make_session("carl", "neg")]
    other = make_session("ben", "neg", text="other", _input_hash=124)
    first, second = read("prodigy", write_lines(tmp_path / "x.jsonl", *lines, other))
    assert (first.labels, first.by, first.time) == (("pos",), "reviews-anna", "2026-03-01T12:00:00Z")
    assert [(each.by, each.labels, each.skipped) for each in first.opinions] == [
        ("reviews-carl", ("neg",), False),
        ("reviews-ben", (), True),
    ]
    assert (second.text, second.labels, second.opinions) == ("other", ("neg",), ())


def test_one_label_a_line_makes_up_what_a_session_said(tmp_path: Path):
    binary = [("pos", "accept"), ("neg", "reject"), ("new", "accept")]
    lines = [
        {"text": "so good", "label": label, "answer": answer, "_input_hash": 1, "_task_hash": place}
        for place, (label, answer) in enumerate(binary)
    ]
    (found,) = read("prodigy", write_lines(tmp_path / "x.jsonl", *lines))
    assert (found.labels, found.status) == (("pos", "new"), "labeled")


def test_of_two_answers_of_a_session_the_later_one_counts(tmp_path: Path):
    lines = [make_session("anna", "pos"), make_session("anna", "neg")]
    (found,) = read("prodigy", write_lines(tmp_path / "x.jsonl", *lines))
    assert (found.labels, found.opinions) == (("neg",), ())


@pytest.mark.parametrize("name", ["label-studio", "prodigy", "jsonl", "argilla"])
def test_what_each_person_said_goes_out_and_comes_in(name: str, open_session: Open, tmp_path: Path):
    path = write_csv(tmp_path / "data.csv", ["so good", "so bad", "hm"])
    session = open_session(path)
    said = [
        LabelRecord(
            "so good", ("pos",), "labeled", "anna", opinions=(Opinion("ben", ("neg",)), Opinion("di", (), True))
        ),
        LabelRecord("so bad", ("neg",), "labeled", "ben", opinions=(Opinion("anna", ("neg",)),)),
        LabelRecord("hm", (), "skipped", "anna"),
    ]
    import_labels(said, session.states, session.journal, SINGLE, "me")
    session._load()
    ratings = read_ratings(session.journal)
    assert sorted(map(dict, ratings.values()), key=len) == [
        {"anna": "neg", "ben": "neg"},
        {"anna": "pos", "ben": "neg"},
    ]
    target = tmp_path / f"out{FORMATS[name].suffix}"
    done = export_as(name, session.rows, session.states, session.journal, SINGLE, target)
    assert not done.losses
    (tmp_path / "other").mkdir()
    other = open_session(write_csv(tmp_path / "other" / "data.csv", ["so good", "so bad", "hm"]))
    import_labels(read(name, target), other.states, other.journal, SINGLE, "me")
    assert read_ratings(other.journal) == ratings


@pytest.mark.parametrize("name", ["csv", "doccano", "spacy", "parquet"])
def test_what_cannot_hold_the_others_says_so(name: str, open_session: Open, tmp_path: Path):
    session = open_session(write_csv(tmp_path / "data.csv", ["so good", "so bad"]))
    said = LabelRecord("so good", ("pos",), "labeled", "anna", opinions=(Opinion("ben", ("neg",)),))
    import_labels([said], session.states, session.journal, SINGLE, "me")
    session._load()
    done = export_as(name, session.rows, session.states, session.journal, SINGLE, tmp_path / "out")
    assert done.losses["answers of others"] == 1


def test_lines_of_fasttext_find_their_rows_again(open_session: Open, tmp_path: Path):
    texts = ["so\ngood", "so good", "plain", "so\ngood", "last\r"]
    classes = ("so so", "pos")
    session = open_session(write_csv(tmp_path / "data.csv", texts), labels=classes)
    labels = ["so so", "pos", "pos", "so so", "so so"]
    task = LabelTask(classes)
    made = [LabelRecord(text, (label,), "labeled") for text, label in zip(texts, labels, strict=True)]
    import_labels(made, session.states, session.journal, task, "me")
    session._load()
    target = tmp_path / "out.txt"
    export_as("fasttext", session.rows, session.states, session.journal, task, target)
    found = restore_lines(read("fasttext", target, LabelTask(())), session.rows, classes)
    assert [(each.text, each.labels) for each in found] == [(each.text, each.labels) for each in made]
