"""Searches run on the small data set that trainings are tested with, in folders of their own."""

import pytest

from tests.training.conftest import new_run, prepared, topics
from txt.config import TrainConfig
from txt.search.description import describe
from txt.search.space import Choices
from txt.search.study import Study
from txt.search.study_folder import StudyFolder

__all__ = ["new_run", "prepared", "topics"]

BASE = TrainConfig(d_model=16, nhead=2, num_layers=1, num_epochs=2, eval_interval=0, threads=1, precision="float32")
EIGHT = {"learning_rate": Choices((1e-3, 3e-3)), "dropout": Choices((0.0, 0.1)), "nhead": Choices((2, 4))}


def data_of(prepared):
    rows = {split: prepared.manifest.rows(split) for split in prepared.splits}
    return {"fingerprint": prepared.fingerprint, "labels": list(prepared.labels), "rows": rows}


@pytest.fixture
def begin(tmp_path, monkeypatch, prepared):
    """Return a function that begins a study in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def make(space=EIGHT, sampler="grid", pruner="none", seeds=1, trials=None, storage=None, name="s", **options):
        folder = StudyFolder.new(name)
        folder.describe(prepared.path, storage)
        config = BASE.with_options(**options)
        description = describe(data_of(prepared), config, space, sampler, pruner, seeds, trials, str(prepared.path))
        return Study.begin(name, folder.storage(storage), description), folder

    return make
