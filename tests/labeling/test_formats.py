"""Labels in other tools' formats: what comes back is what went out, or the format has said what it cannot hold."""

import csv
import io
import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.data.formats.catalog import FORMATS, Format, count_losses, find_format
from txt.data.formats.record import LabelRecord, LabelTask, Opinion, rename_reserved
from txt.errors import InputError

CLASSES = ("pos", "neg", "so so", "ünder#spam", "__label__x")
TIME = "2026-03-01T12:00:00Z"

texts = st.text(st.characters(exclude_categories=[])) | st.sampled_from(
    ["", " ", "\n", "\r", "a\r\nb", '"', "a,b", "\0", "\ufeff", "__label__pos x", "\ud800", "\u2028", "#|", "\x1a"]
)
whole = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@st.composite
def tables(draw) -> tuple[LabelTask, list[LabelRecord]]:
    """Records of one file: the same columns in all, labels in the order of the classes."""
    task = LabelTask(CLASSES, draw(st.booleans()))
    usual = st.sampled_from(["text", "label", "id", "meta", "final_label"])
    names = draw(st.lists(whole | usual, max_size=3, unique=True))
    return task, draw(st.lists(records(task, names), min_size=1, max_size=4))


@st.composite
def records(draw, task: LabelTask, names: list[str]) -> LabelRecord:
    status = draw(st.sampled_from(["labeled", "skipped", "unlabeled"]))
    labels: tuple[str, ...] = ()
    if status == "labeled":
        most = len(CLASSES) if task.multi_label else 1
        chosen = draw(st.sets(st.sampled_from(CLASSES), min_size=0 if task.multi_label else 1, max_size=most))
        labels = tuple(name for name in CLASSES if name in chosen)
    decided = status != "unlabeled"
    by = draw(whole) if decided else ""
    how = draw(st.sampled_from(["manual", "rule", "model", "file"])) if decided else ""
    others = draw(st.sets(whole.filter(bool), max_size=2)) - {by} if status == "labeled" and how == "manual" else set()
    return LabelRecord(
        text=draw(texts),
        labels=labels,
        status=status,
        by=by,
        time=draw(st.sampled_from(["", TIME])) if decided else "",
        how=how,
        confidence=draw(st.none() | st.floats(0, 1)) if status == "labeled" else None,
        flagged=draw(st.booleans()),
        note=draw(whole),
        columns={name: draw(texts) for name in names},
        opinions=tuple(sorted((draw(opinions(name, task)) for name in others), key=lambda each: each.skipped)),
    )


@st.composite
def opinions(draw, by: str, task: LabelTask) -> Opinion:
    skipped = draw(st.booleans())
    chosen = set() if skipped else draw(st.sets(st.sampled_from(CLASSES), min_size=1, max_size=1 + task.multi_label))
    return Opinion(by, tuple(name for name in CLASSES if name in chosen), skipped, draw(st.sampled_from(["", TIME])))


def skip_without_package(name: str) -> None:
    if name == "spacy-docbin":
        pytest.importorskip("spacy")


def there_and_back(
    form: Format, found: list[LabelRecord], task: LabelTask, path: Path
) -> tuple[list[LabelRecord], Counter[str]]:
    losses: Counter[str] = Counter()
    with path.open("wb") as file:
        form.write(file, count_losses(found, form, losses), task)
    return list(form.read(path, task)), losses


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "spacy-docbin"])
@settings(max_examples=150)
@given(table=tables())
def test_what_comes_back_is_what_went_out_or_the_loss_is_told(
    name: str, table, tmp_path_factory: pytest.TempPathFactory
):
    check_round_trip(name, table, tmp_path_factory)


@settings(max_examples=20)  # each reads and writes with spaCy, which takes its time
@given(table=tables())
def test_what_comes_back_from_documents_of_spacy_is_what_went_out(table, tmp_path_factory: pytest.TempPathFactory):
    pytest.importorskip("spacy")
    check_round_trip("spacy-docbin", table, tmp_path_factory)


def check_round_trip(name: str, table, tmp_path_factory: pytest.TempPathFactory) -> None:
    task, found = table
    form = FORMATS[name]
    path = tmp_path_factory.getbasetemp() / f"there{form.suffix}"
    back, losses = there_and_back(form, found, task, path)
    assert len(back) == len(found)
    expected = [replace(each, columns=rename_reserved(each.columns, form.reserved)) for each in found]
    for before, after in zip(expected, back, strict=True):
        lost: Counter[str] = Counter()
        list(count_losses([before], form, lost))
        if not lost:
            assert after == before
    if back != expected:
        assert losses


@pytest.mark.parametrize("name", FORMATS)
def test_labels_and_ordinary_texts_come_back_from_every_format(name: str, tmp_path: Path):
    skip_without_package(name)
    task = LabelTask(("neg", "pos"), multi_label=False)
    found = [
        LabelRecord("so good", ("pos",), "labeled", "anna", TIME, "manual", columns={"shop": "north"}),
        LabelRecord("“schön”, 50 %", ("neg",), "labeled", "bad, late", "", "rule", 0.75, columns={"shop": ""}),
        LabelRecord("what?", columns={"shop": "007"}),
    ]
    back, losses = there_and_back(FORMATS[name], found, task, tmp_path / f"x{FORMATS[name].suffix}")
    assert [(each.text, each.labels) for each in back] == [(each.text, each.labels) for each in found]
    if name == "fasttext":
        assert losses["rows with other columns"] == 3
    else:
        assert [each.columns for each in back] == [each.columns for each in found]


def written(name: str, found: list[LabelRecord], task: LabelTask) -> bytes:
    file = io.BytesIO()
    FORMATS[name].write(file, found, task)
    return file.getvalue()


SINGLE = LabelTask(("neg", "pos"))
ONE = [LabelRecord("so good", ("pos",), "labeled", "anna", TIME, "manual", columns={"shop": "north"})]


def test_prodigy_gets_options_accept_answer_and_meta():
    assert json.loads(written("prodigy", ONE, SINGLE)) == {
        "text": "so good",
        "options": [{"id": "neg", "text": "neg"}, {"id": "pos", "text": "pos"}],
        "config": {"choice_style": "single"},
        "accept": ["pos"],
        "answer": "accept",
        "meta": {"shop": "north"},
        "_annotator_id": "anna",
        "_timestamp": 1772366400,
        "txt": {"how": "manual"},
    }


def test_label_studio_gets_choices_and_what_rules_say_as_predictions():
    by_rule = LabelRecord("bad", ("neg",), "labeled", "broken", "", "rule", 0.75)
    first, second = json.loads(written("label-studio", [*ONE, by_rule], SINGLE))
    choices = {"from_name": "label", "to_name": "text", "type": "choices", "value": {"choices": ["pos"]}}
    assert first["data"] == {"text": "so good", "shop": "north"}
    assert first["annotations"] == [{"result": [choices], "was_cancelled": False, "created_at": TIME}]
    assert "annotations" not in second
    assert (second["predictions"][0]["model_version"], second["predictions"][0]["score"]) == ("broken", 0.75)
    assert json.loads(written("label-studio", [], SINGLE)) == []


def test_doccano_spacy_and_fasttext_get_what_they_expect():
    assert json.loads(written("doccano", ONE, SINGLE)) == {"text": "so good", "label": ["pos"], "shop": "north"}
    rows = list(csv.DictReader(io.StringIO(written("doccano-csv", ONE, SINGLE).decode())))
    assert rows == [{"text": "so good", "label": "pos", "shop": "north"}]
    spacy = json.loads(written("spacy", ONE, SINGLE))
    assert spacy == {"text": "so good", "cats": {"neg": 0.0, "pos": 1.0}, "meta": {"shop": "north"}}
    several = [LabelRecord("hm\nso", ("so so", "pos"), "labeled")]
    assert written("fasttext", several, LabelTask(("so so", "pos"), True)) == b"__label__so_so __label__pos hm so\n"


def test_fasttext_refuses_classes_that_only_differ_by_spaces():
    with pytest.raises(InputError, match="the same to fastText"):
        written("fasttext", ONE, LabelTask(("so so", "so_so")))


def test_a_parquet_file_whose_names_are_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "x.parquet"
    path.write_bytes(written("parquet", ONE, SINGLE).replace(b"label_status", b"label_stat\xf4s"))
    with pytest.raises(InputError, match="is damaged: "):
        list(FORMATS["parquet"].read(path, SINGLE))


@pytest.mark.parametrize("several", [False, True])
def test_parquet_holds_a_class_label_for_hugging_face(several: bool, tmp_path: Path):
    (tmp_path / "x.parquet").write_bytes(written("parquet", ONE, LabelTask(("neg", "pos"), several)))
    schema = pq.read_schema(tmp_path / "x.parquet")
    label = json.loads(schema.metadata[b"huggingface"])["info"]["features"]["label"]
    names = {"names": ["neg", "pos"], "_type": "ClassLabel"}
    assert label == ({"feature": names, "_type": "Sequence"} if several else names)
    assert pq.read_table(tmp_path / "x.parquet")["label"].to_pylist() == [[1] if several else 1]


FOREIGN = {
    "prodigy": '{"text": "a", "label": "pos", "answer": "accept"}\n{"text": "b", "label": "pos", "answer": "reject"}\n'
    '{"text": "c", "accept": ["neg"], "answer": "accept", "_input_hash": 1}\n{"text": "d", "answer": "ignore"}\n',
    "doccano": '{"id": 1, "text": "a", "label": ["pos"], "Comments": []}\n{"id": 2, "text": "b", "label": []}\n'
    '{"id": 3, "text": "c", "label": ["neg"]}\n{"id": 4, "text": "d", "label": []}\n',
    "label-studio": json.dumps(
        [
            {"id": 5, "data": {"text": text}, "annotations": [{"completed_by": 3, "result": result}] if result else []}
            for text, result in (
                ("a", [{"type": "choices", "value": {"choices": ["pos"]}, "from_name": "sentiment"}]),
                ("b", []),
                ("c", [{"type": "choices", "value": {"choices": ["neg"]}, "from_name": "sentiment"}]),
                ("d", []),
            )
        ]
    ),
    "csv": "\ufefftext,label,other\na,pos,1\nb,,\nc,neg\nd,,2\n",
    "fasttext": "__label__pos a\nb\n__label__neg c\nd\n",
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_as_the_tools_write_them_are_read(name: str, tmp_path: Path):
    path = tmp_path / f"x{FORMATS[name].suffix}"
    path.write_text(FOREIGN[name])
    found = list(FORMATS[name].read(path, SINGLE))
    assert [each.text for each in found] == ["a", "b", "c", "d"]
    assert [each.labels for each in found] == [("pos",), (), ("neg",), ()]
    assert found[1].status == "unlabeled"
    assert find_format(path) == name


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("jsonl", '{"text": "a"}\n{"text": ', "line 2 is not JSON"),
        ("jsonl", "[1]", "line 1 is not a JSON object"),
        ("prodigy", '{"html": "a"}', "line 1 has no text"),
        ("doccano", '{"text": "a", "label": [[0, 1, "ORG"]]}', "labels that are not strings"),
        ("spacy", '{"text": "a", "cats": {"pos": "yes"}}', "`cats` that are not numbers"),
        ("label-studio", '{"data": 1}', "not a list of tasks"),
        ("label-studio", '[{"text": "a"}]', "task 1 has no `data`"),
        ("csv", "id,label\n1,b\n", "no column of"),
        ("parquet", "PAR", "is damaged: "),
        ("fasttext", "\udcff", "line 1 is not UTF-8"),
    ],
)
def test_a_damaged_file_is_told_with_its_place(name: str, content: str, message: str, tmp_path: Path):
    path = tmp_path / "x"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError) as caught:
        list(FORMATS[name].read(path, SINGLE))
    assert message in caught.value.message


def test_an_unclear_format_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="is not clear"):
        find_format(tmp_path / "x.xml")
