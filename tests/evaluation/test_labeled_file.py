"""Labeled rows of a file: which are taken, how they are encoded, what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest

from txt.config import PrepareConfig
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.evaluation.labeled_file import LabeledFile, read_labeled
from txt.runs.folder import Run


def taken(path: Path, run: Run, split: str | None = None, **options: str) -> LabeledFile:
    return read_labeled(path, Prepared.open(run.prepared_path()), split, PrepareConfig(**options))


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
        return _number_labels(written, {label: label for label in written}, names, Path("stars.csv")).tolist()

    assert number(["1.0", "0.0", "1.0"], ["0", "1"]) == [1, 0, 1]
    assert number(["1.0", "0"], ["0", "1.0"]) == [1, 0]
