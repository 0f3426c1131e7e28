"""Run folders: made whole, or free for the next one of the name."""

import multiprocessing
import os
import signal

import pytest

from txt.errors import InputError
from txt.runs.folder import Run


def make_and_be_killed(folder):
    os.chdir(folder)
    with Run.new("mine") as run:
        (run.path / "status.json").write_text("{}")
        (run.path / "prepared").mkdir()
        (run.path / ".prepared.abcdefgh.part").mkdir()
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_run_that_was_killed_as_it_was_made_leaves_its_name_free(here):
    process = multiprocessing.get_context("forkserver").Process(target=make_and_be_killed, args=(here,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert os.listdir(here / "runs" / "mine")
    with Run.new("mine") as run:
        assert os.listdir(run.path) == []
        (run.path / "config.json").write_text("{}")
    assert os.listdir(here / "runs") == ["mine"]


def test_a_run_that_is_being_made_keeps_its_name(here):
    with Run.new("mine") as run:
        with pytest.raises(InputError, match="another process is at work"), Run.new("mine"):
            pass
        (run.path / "config.json").write_text("{}")
    with pytest.raises(InputError, match="exists already"), Run.new("mine"):
        pass


@pytest.mark.parametrize("name", ["notes.txt", "prepared", ".git"])
def test_a_folder_that_is_no_run_is_left_alone(here, name):
    (here / "runs" / "mine" / name).mkdir(parents=True)
    with pytest.raises(InputError, match="exists already"), Run.new("mine"):
        pass
    assert (here / "runs" / "mine" / name).is_dir()
