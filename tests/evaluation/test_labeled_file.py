"""Labeled rows of a file: which are taken, how they are encoded, what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from txt.config import PrepareConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.evaluate_run import evaluate_run
from txt.evaluation.labeled_file import LabeledFile, ModelInputs, read_labeled
from txt.runs.folder import Run


def taken(path: Path, run: Run, split: str | None = None, unknown: str = "error", **options: str) -> LabeledFile:
    model = ModelInputs.of_prepared(Prepared.open(run.prepared_path()))
    return read_labeled(path, model, split, PrepareConfig(**options), unknown)


def written(tmp_path: Path, content: str, name: str = "more.csv") -> Path:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return path


def test_rows_are_encoded_as_the_runs_own_were(tmp_path: Path, born_run: Run) -> None:
    prepared = Prepared.open(born_run.prepared_path())
    test = prepared.split("test")
    names = [prepared.labels[label] for label in test.labels]
    lines = [json.dumps({"text": text, "label": name}) for text, name in zip(test.texts(), names, strict=True)]
    found = taken(written(tmp_path, "\n".join(lines), "more.jsonl"), born_run)
    rows = np.arange(len(test))
    assert found.labels.tolist() == test.labels.tolist()
    assert found.lengths.tolist() == test.lengths.tolist()
    assert found.gather(rows)[0].tolist() == test.gather(rows)[0].tolist()
    assert found.gather(rows[::-1][:3])[0].tolist() == test.gather(rows[::-1][:3])[0].tolist()


def test_rows_without_text_or_label_are_left_out_and_counted(tmp_path: Path, born_run: Run) -> None:
    found = taken(
        written(tmp_path, "text,label,source\ngreat film,good,web\n ,good,web\nfine,,app\npoor,bad,\n"), born_run
    )
    assert found.texts == ["great film", "poor"]
    assert found.row_ids == [1, 4]
    assert found.metadata == {"source": ["web", ""]}
    assert found.left_out == {"without text": 1, "without label": 1}


def test_a_file_with_splits_gives_its_test_rows_unless_others_are_asked_for(tmp_path: Path, born_run: Run) -> None:
    path = written(tmp_path, "text,label,split\ngreat film,good,train\npoor film,bad,test\nawful,bad,dev\n")
    assert taken(path, born_run).texts == ["poor film"]
    assert taken(path, born_run, "val").texts == ["awful"]
    assert taken(path, born_run).left_out == {"of another split": 2}


def test_columns_are_taken_by_the_names_they_had_in_training_or_as_told(tmp_path: Path, born_run: Run) -> None:
    path = written(tmp_path, "body,verdict,text,label\nnot this,bad,great film,good\nnor this,good,poor film,bad\n")
    assert taken(path, born_run).texts == ["great film", "poor film"]
    told = taken(path, born_run, text_column="body", label_column="verdict")
    assert told.texts == ["not this", "nor this"]
    assert [Prepared.open(born_run.prepared_path()).labels[label] for label in told.labels] == ["bad", "good"]


def test_keys_that_only_some_rows_have_are_empty_in_the_others(tmp_path: Path, born_run: Run) -> None:
    rows = [{"text": "fine", "label": "good"}, {"text": "poor", "label": "bad", "city": "Bonn"}]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "more.jsonl")
    assert taken(path, born_run).metadata == {"city": ["", "Bonn"]}


@pytest.mark.parametrize(
    ("content", "split", "message", "hint"),
    [
        ("text,label\nfine,goood\npoor,bad\n", None, "1 row of .* does not know: `goood`", "did you mean `good`"),
        ("text,label\n,good\nfine,\n", None, "no labeled rows", "1 are without text, 1 are without label"),
        ("text,label\n", None, "has no rows", "a row for each text"),
        ("text,label\nfine,good\npoor,bad\n", "val", "no column that says which rows are val", "--split"),
        ("text,label,split\nfine,good,train\npoor,bad,train\n", None, "no labeled rows", "--split names another"),
        ("text,label\nfine,good\n", "tests", "there is no split `tests`", "train, val, test"),
    ],
    ids=["unknown label", "nothing labeled", "no rows", "no splits", "no test rows", "no such split"],
)
def test_what_cannot_be_scored_is_refused_with_a_hint(
    tmp_path: Path, born_run: Run, content: str, split: str | None, message: str, hint: str
) -> None:
    with pytest.raises(InputError, match=message) as refused:
        taken(written(tmp_path, content), born_run, split)
    assert hint in (refused.value.hint or "")


def test_whole_numbers_written_with_a_point_are_the_same_labels() -> None:
    from txt.evaluation.labeled_file import _number_labels

    def number(written: list[str], names: list[str]) -> list[int]:
        return _number_labels(written, {label: label for label in written}, names).labels.tolist()

    assert number(["1.0", "0.0", "1.0"], ["0", "1"]) == [1, 0, 1]
    assert number(["1.0", "0"], ["0", "1.0"]) == [1, 0]


def test_labels_that_differ_by_case_and_spaces_are_taken_for_their_class_and_told(
    tmp_path: Path, born_run: Run
) -> None:
    found = taken(written(tmp_path, "text,label\ngreat film,Good\npoor film, BAD \nfine,good\n"), born_run)
    names = Prepared.open(born_run.prepared_path()).labels
    assert [names[label] for label in found.labels] == ["good", "bad", "good"]
    assert "`Good` for `good`" in found.notes[0]


def test_rows_with_an_unknown_label_are_wrong_or_left_out_when_that_is_asked_for(tmp_path: Path, born_run: Run) -> None:
    path = written(tmp_path, "text,label\ngreat film,good\npoor film,bad\nhm,neither\nha,neither\n")
    with pytest.raises(InputError, match=r"2 rows .* `neither`"):
        taken(path, born_run)
    skipped = taken(path, born_run, unknown="skip")
    assert skipped.texts == ["great film", "poor film"]
    assert list(skipped.left_out.values()) == [2]
    wrong = taken(path, born_run, unknown="wrong")
    assert wrong.labels.tolist()[2:] == [3, 3]
    assert wrong.unknown == ("neither",)
    known, counted = (evaluate_run(born_run, data=path, unknown_labels=each) for each in ("skip", "wrong"))
    assert counted.rows == 4
    assert counted.metrics["accuracy"].value == known.metrics["accuracy"].value / 2
    assert counted.metrics["log_loss"].value == pytest.approx(known.metrics["log_loss"].value)
    assert counted.labels[-1] == "neither"


def test_texts_of_which_the_tokenizer_leaves_nothing_are_counted(tmp_path: Path, born_run: Run) -> None:
    found = taken(written(tmp_path, "text,label\ngreat film,good\n\u200b\u200b,bad\n"), born_run)
    assert any("leaves nothing" in note and note.startswith("1 row") for note in found.notes)


def test_a_run_that_was_moved_is_evaluated_on_a_file_without_its_data(tmp_path: Path, born_run: Run) -> None:
    path = written(tmp_path, "text,label\n" + "great lovely film,good\nawful dreary film,bad\n" * 10)
    moved = Run(tmp_path / "elsewhere" / "born")
    shutil.copytree(born_run.path, moved.path)
    alone, beside = evaluate_run(moved, data=path), evaluate_run(born_run, data=path)
    assert alone.confusion == beside.confusion
    assert alone.baseline is None
    assert "no baseline" in alone.notes[0]
    with pytest.raises(InputError, match="is not at"):
        evaluate_run(moved)
