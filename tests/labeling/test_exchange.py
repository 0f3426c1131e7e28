"""Labels out of a store and into another one."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.labeling.conftest import Open, write_csv
from txt.config import LABEL_FORMATS
from txt.data.formats.catalog import FORMATS
from txt.data.formats.record import LabelRecord, LabelTask
from txt.errors import InputError
from txt.labeling.answers import answers
from txt.labeling.exchange import export_as, import_labels, write_data
from txt.labeling.export import export
from txt.labeling.item import Suggestion
from txt.labeling.store.stored_labels import StoredLabels

TEXTS = ["so good", "so bad", "what?", "so good", "“schön”,\n50 %", "last"]
CLASSES = ("neg", "neu", "pos")


def labeled(open_session: Open, path: Path):
    """A session with a label, its twin, a skip, a flag, a note, and rows left."""
    session = open_session(write_csv(path, TEXTS, shop=[f"{place:03}" for place in range(6)]))
    session.label("pos")
    session.flag()
    session.label("neg")
    session.set_note("hm, „so“")
    session.skip()
    return session


def propose(row: int) -> Suggestion | None:
    return Suggestion("neu", 0.625, "rule", "odd, very odd") if row == 4 else None


def test_the_command_line_offers_the_formats_that_there_are():
    assert tuple(FORMATS) == LABEL_FORMATS


@pytest.mark.parametrize("name", FORMATS)
def test_labels_come_back_into_an_empty_store_from_every_format(name: str, open_session: Open, tmp_path: Path):
    if name == "spacy-docbin":
        pytest.importorskip("spacy")
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    target = tmp_path / f"out{FORMATS[name].suffix}"
    done = export_as(name, session.rows, session.states, session.journal, task, target, propose=propose)
    assert (done.rows, done.labeled) == (6, 4)
    (tmp_path / "other").mkdir()
    other = open_session(write_csv(tmp_path / "other" / "data.csv", TEXTS), annotator="me")
    taken = import_labels(list(FORMATS[name].read(target, task)), other.states, other.journal, task, "me")
    other._load()
    before, after = list(answers(session.states, session.journal, propose)), list(answers(other.states, other.journal))
    texts_held = [row for row, text in enumerate(TEXTS) if name != "fasttext" or "\n" not in text]
    assert [after[row].label for row in texts_held] == [before[row].label for row in texts_held]
    if not done.losses:
        assert [replace(each, time="") for each in after if each.status == "labeled"] == [
            replace(each, time="") for each in before if each.status == "labeled"
        ]
        assert [(each.status, each.flagged, each.note) for each in after] == [
            (each.status, each.flagged, each.note) for each in before
        ]
        assert taken.taken == 5


def test_an_import_keeps_what_people_decided_unless_told_otherwise(open_session: Open, tmp_path: Path):
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    found = [
        LabelRecord("so good", ("neg",), "labeled", "ben"),
        LabelRecord("so bad", ("neg",), "labeled", "ben"),
        LabelRecord("last", ("new",), "labeled", "ben"),
        LabelRecord("what?"),
        LabelRecord("never seen", ("pos",), "labeled"),
    ]
    done = import_labels(found, session.states, session.journal, task, "me")
    assert (done.taken, done.same, done.kept, done.unlabeled, done.unmatched) == (1, 1, 1, 1, 1)
    assert done.new_classes == ["new"]
    session._load()
    assert [session.states.label(row) for row in range(6)] == ["pos", "neg", None, "pos", None, "new"]
    assert session.states.annotator(5) == "ben"
    assert "new" in session.classes
    assert import_labels(found, session.states, session.journal, task, "me", overwrite=True).taken == 1
    session._load()
    assert session.states.label(0) == "neg"


def test_several_labels_need_a_store_that_takes_them(open_session: Open, tmp_path: Path):
    session = labeled(open_session, tmp_path / "data.csv")
    found = [LabelRecord("last", ("neg", "pos"), "labeled")]
    with pytest.raises(InputError, match="several labels"):
        import_labels(found, session.states, session.journal, LabelTask(CLASSES), "me")


def test_an_import_is_one_act_and_its_times_stay(open_session: Open, tmp_path: Path):
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    found = [
        LabelRecord("last", ("pos",), "labeled", "", "2020-02-02T02:02:02Z"),
        LabelRecord(TEXTS[4], ("pos",), "labeled", "ben", "2020-02-02T02:02:03Z"),
    ]
    import_labels(found, session.states, session.journal, task, "anna")
    session._load()
    assert [each.time for each in answers(session.states, session.journal)][4:] == [
        "2020-02-02T02:02:03Z",
        "2020-02-02T02:02:02Z",
    ]
    session.history = session.journal.history("anna")
    session.undo()
    assert [session.states.label(row) for row in (4, 5)] == [None, None]


def test_what_rules_said_elsewhere_is_no_label_to_prepare_with(open_session: Open, tmp_path: Path):
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    found = [LabelRecord("last", ("pos",), "labeled", "late, lost", "", "rule", 0.75)]
    import_labels(found, session.states, session.journal, task, "anna")
    session._load()
    answer = list(answers(session.states, session.journal))[5]
    assert (answer.label, answer.how, answer.by, answer.confidence) == ("pos", "rule", "late, lost", 0.75)
    assert StoredLabels(session.journal.path)(TEXTS, [None] * 6) == ["pos", "neg", None, "pos", None, None]


def test_a_data_file_is_made_of_an_import_and_never_of_another_kind(open_session: Open, tmp_path: Path):
    found = [LabelRecord("a", columns={"shop": "n", "text": "x"}), LabelRecord("b,\n", columns={"size": "1"})]
    write_data(found, tmp_path / "new.csv")
    rows = open_session(tmp_path / "new.csv").rows
    assert rows.form.columns == ("text", "shop", "text_", "size")
    assert [rows.text(row) for row in range(2)] == ["a", "b,\n"]
    assert rows.metadata(1) == {"shop": "", "text_": "", "size": "1"}
    with pytest.raises(InputError, match="CSV only"):
        write_data(found, tmp_path / "new.parquet")


def test_an_export_takes_no_other_files_place(open_session: Open, tmp_path: Path):
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    (tmp_path / "mine.jsonl").write_text("mine")
    for target in (tmp_path / "mine.jsonl", tmp_path / "data.csv"):
        before = target.read_bytes()
        with pytest.raises(InputError):
            export_as("prodigy", session.rows, session.states, session.journal, task, target)
        assert target.read_bytes() == before


def test_the_exact_export_is_read_as_csv(open_session: Open, tmp_path: Path):
    session, task = labeled(open_session, tmp_path / "data.csv"), LabelTask(CLASSES)
    export(session.rows, session.states, session.journal, tmp_path / "out.csv", propose=propose)
    found = list(FORMATS["csv"].read(tmp_path / "out.csv", task))
    assert [record.labels for record in found] == [("pos",), ("neg",), (), ("pos",), ("neu",), ()]
    assert (found[4].how, found[4].by, found[4].confidence) == ("rule", "odd, very odd", 0.625)
    assert [record.columns["shop"] for record in found] == [f"{place:03}" for place in range(6)]
