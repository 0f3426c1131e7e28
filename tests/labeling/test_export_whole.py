import csv

import pytest

from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.errors import TxtError
from txt.labeling.export import export
from txt.labeling.session import LabelSession
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.task import Task


def test_a_file_that_is_still_being_read_is_not_exported_in_part(tmp_path):
    path = tmp_path / "big.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([f"text {number} " + "x" * 150] for number in range(50_000))])
    rows = open_rows(path, ReadingOptions("text"), tmp_path / "kept")
    with Journal.open(store_path(path)) as journal:
        session = LabelSession(rows, journal, Task("anna", ("neg", "pos")))
        assert not rows.index.complete
        with pytest.raises(TxtError, match="still being read"):
            export(rows, session.states, journal, tmp_path / "out.csv")
    assert not (tmp_path / "out.csv").exists()
