"""Labels that rules or a model gave are for training only."""

import csv
from pathlib import Path

import pytest

from txt.config import PrepareConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.errors import InputError


def write(path: Path, rows: list[tuple[str, str, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("text", "label", "label_how"), *rows])
    return path


def test_rows_labeled_by_rules_are_in_train_and_a_persons_in_every_split(tmp_path: Path):
    rows = [(f"by hand {place}", "ab"[place % 2], "manual") for place in range(40)]
    rows += [(f"by rule {place}", "ab"[place % 2], "rule") for place in range(200)]
    rows += [(f"by model {place}", "ab"[place % 2], "model") for place in range(60)]
    report = prepare(write(tmp_path / "x.csv", rows), PrepareConfig(vocab_size=200), tmp_path / "prepared")
    prepared = Prepared.open(tmp_path / "prepared")
    texts = {split: set(prepared.split(split).texts()) for split in ("train", "val", "test")}
    assert all(text.startswith("by hand") for split in ("val", "test") for text in texts[split])
    assert len(texts["val"]) == len(texts["test"]) == 4
    assert sum(text.startswith("by") and "hand" not in text for text in texts["train"]) == 260
    assert any("260 rows are labeled by rules or a model" in warning for warning in report.warnings)


def test_without_any_label_by_a_person_there_is_nothing_to_test_on(tmp_path: Path):
    rows = [(f"text {place}", "ab"[place % 2], "rule") for place in range(40)]
    with pytest.raises(InputError, match="come from rules or a model"):
        prepare(write(tmp_path / "x.csv", rows), PrepareConfig(), tmp_path / "prepared")
