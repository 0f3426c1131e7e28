"""A search's weights go, but those of the best trials and those that somebody needs."""

import os

import pytest

from txt.runs.folder import EventLog, Run
from txt.runs.notes import change_tags
from txt.search.board import build_board
from txt.search.space import Choices
from txt.search.supervisor import drop_models, supervise


@pytest.fixture
def ranked(begin):
    """A study's four runs, the best first, with all their weights."""
    study, folder = begin({"learning_rate": Choices((1e-4, 1e-3, 3e-3, 1e-2))}, num_epochs=1)
    *_, board = supervise(study, folder, 2, stop=lambda: False)
    runs = [Run(folder.runs / trial.runs[0]) for trial in board.of("done")]
    assert [run.model.is_dir() for run in runs] == [True] * 4
    return study, folder, runs


def test_only_the_best_trials_keep_their_weights_and_all_keep_their_record(ranked):
    study, folder, runs = ranked
    assert drop_models(build_board(study), folder.runs, keep=2) == [run.name for run in runs[2:]]
    assert [run.model.is_dir() for run in runs] == [True, True, False, False]
    assert all(run.finished().status == "completed" for run in runs)
    assert not [name for run in runs for name in os.listdir(run.path) if name.startswith(".")]
    assert drop_models(build_board(study), folder.runs, keep=2) == []


def test_what_is_tagged_evaluated_or_begun_from_stays(ranked, prepared):
    study, folder, (_best, tagged, evaluated, origin) = ranked
    change_tags(tagged.path, add=("keep",))
    (evaluated.path / "report.json").write_text("{}")
    with Run.new("later") as later:
        later.describe(study.description.config.with_options(pretrained=str(origin.path)), prepared.path, "")
    assert drop_models(build_board(study), folder.runs, keep=1) == []


def test_a_run_that_is_being_trained_is_left_alone(ranked):
    study, folder, runs = ranked
    with EventLog(runs[-1]):
        assert drop_models(build_board(study), folder.runs, keep=3) == []
    assert drop_models(build_board(study), folder.runs, keep=3) == [runs[-1].name]
