"""A prepared folder encoded with another tokenizer is what `txt prepare --tokenizer` makes of the same file."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from txt.config import PrepareConfig
from txt.data.encode_anew import encode_anew
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.tokenizer import train_tokenizer
from txt.errors import InputError

LABELS = {"single": ("red", "blue", ""), "several": ("red|round", "blue", "round|blue")}


@pytest.fixture(params=LABELS)
def data(request, tmp_path) -> Path:
    with (tmp_path / "data.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "source"])
        for number in range(90):
            text = f"Thing number {number} is {'long ' * (number % 7)}naïve"
            writer.writerow([text, LABELS[request.param][number % 3], "ab"[number % 2]])
    return tmp_path / "data.csv"


@pytest.fixture
def other(tmp_path) -> Path:
    """A tokenizer of another vocabulary, as a pretrained model's folder has one."""
    train_tokenizer(["thing number is long naive 0 1 2 3"] * 5, "wordpiece", 60, cased=True).save(tmp_path / "m", 64)
    return tmp_path / "m"


def test_rows_manifest_and_report_are_those_of_preparing_with_that_tokenizer(data, other, tmp_path):
    prepare(data, PrepareConfig(vocab_size=100), tmp_path / "own")
    prepare(data, PrepareConfig(tokenizer=str(other), max_length=12), tmp_path / "wanted")
    own, wanted = Prepared.open(tmp_path / "own"), Prepared.open(tmp_path / "wanted")
    made = encode_anew(own, str(other), 12, tmp_path / "made")
    assert made.splits == wanted.splits == own.splits
    for name in made.splits:
        here, there = made.split(name), wanted.split(name)
        for one, another in zip(here.gather(range(len(here))), there.gather(range(len(there))), strict=True):
            np.testing.assert_array_equal(one, another)
        assert (here.texts(), here.row_ids()) == (there.texts(), there.row_ids())
        assert here.metadata() == there.metadata()
        if made.manifest.has_several:
            np.testing.assert_array_equal(here.label_sets.matrix(3), there.label_sets.matrix(3))
        else:
            np.testing.assert_array_equal(here.labels, there.labels)
    for field in ("labels", "vocab_size", "max_length", "pad_token_id", "cls_token_id", "tokenizer", "kind", "sources"):
        assert getattr(made.manifest, field) == getattr(wanted.manifest, field), field
    assert made.fingerprint not in (own.fingerprint, "")
    reports = [json.loads((tmp_path / name / "report.json").read_text()) for name in ("made", "wanted")]
    for report in reports:
        del report["path"], report["seconds"], report["warnings"]
    assert reports[0] == reports[1]


def test_nothing_is_left_of_a_folder_that_could_not_be_made(data, tmp_path):
    prepare(data, PrepareConfig(vocab_size=100), tmp_path / "own")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError):
        encode_anew(Prepared.open(tmp_path / "own"), str(tmp_path / "absent"), 12, tmp_path / "made")
    assert sorted(tmp_path.rglob("*")) == before
