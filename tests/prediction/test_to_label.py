import csv
from contextlib import closing
from pathlib import Path

import pytest

from txt.config import LabelConfig
from txt.data.reading.rows import ReadingOptions
from txt.errors import InputError
from txt.labeling.open_labels import open_labels
from txt.prediction.label_queue import LabelQueue, refuse_unlabelable
from txt.prediction.predict_file import UnsureRow

LABELS = ("bad", "good", "so-so")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "data.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *[[text] for text in ("one", "two", "two", "three", "")]])
    return path


def test_the_labeling_screen_finds_the_rows_flagged_and_knows_the_classes(data, tmp_path):
    store = tmp_path / "store.db"
    with LabelQueue(store, "text", LABELS, "run-1") as queue:
        for text in ("two", "two", "three"):
            queue.add(UnsureRow(text, "good", 0.41))
    with closing(open_labels(data, LabelConfig(store=store), ReadingOptions())) as opened:
        session = opened.session()
        assert session.classes == list(LABELS)
        assert [row for row in range(5) if session.states.is_flagged(row)] == [1, 2, 3]
        assert session.progress().done == 0  # a flag is no label
        (decision, *_) = opened.journal.decisions_about([session.states.row_id(3)])
    assert (decision.how, decision.suggestion, decision.score, decision.annotator) == ("model", "good", 0.41, "run-1")


def test_a_store_about_other_classes_or_another_column_is_refused(tmp_path):
    store = tmp_path / "store.db"
    with LabelQueue(store, "text", LABELS, "run-1") as queue:
        queue.add(UnsureRow("one", "good", 0.4))
    with pytest.raises(InputError, match="other classes than the model"):
        LabelQueue(store, "text", ("yes", "no"), "run-2")
    with pytest.raises(InputError, match="holds labels for column `text`, not `body`"):
        LabelQueue(store, "body", LABELS, "run-2")


def test_nothing_is_flagged_when_the_work_fails(data, tmp_path):
    store = tmp_path / "store.db"
    with pytest.raises(RuntimeError), LabelQueue(store, "text", LABELS, "run-1") as queue:
        queue.add(UnsureRow("one", "good", 0.4))
        raise RuntimeError
    with closing(open_labels(data, LabelConfig(store=store, labels="bad,good"), ReadingOptions())) as opened:
        assert opened.states()[0].flagged_count == 0


@pytest.mark.parametrize(("kind", "compressed"), [("parquet", False), ("json", False), ("csv", True)])
def test_files_that_cannot_be_labeled_are_refused(data, kind, compressed):
    refuse_unlabelable(data, "csv", False)
    with pytest.raises(InputError, match="needs a file that `txt label` reads"):
        refuse_unlabelable(data, kind, compressed)
