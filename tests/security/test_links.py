"""Links, pipes and folders in the place of files that txt writes: nothing outside is written, emptied or removed."""

import json
import os
import threading
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.errors import InputError
from txt.files import (
    LinkedError,
    atomic_folder,
    atomic_write,
    mend_torn_line,
    open_own,
    read_json,
    refuse_links_below,
    remove_leftovers,
    temporary_file,
)
from txt.prediction.prediction_log import PredictionLog
from txt.runs.event_index import index_path
from txt.runs.folder import EventLog, Run, find_linked_folders
from txt.runs.notes import write_note
from txt.runs.state import TRAINING, make_own_status, read_status, write_status
from txt.training.control import Controls, send_command

PRECIOUS = "mine, without a newline at its end"


class Alone:
    """One process that trains for itself, as `Controls` asks for it."""

    writes = True

    def gather_lists(self, things):
        return things


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """Return a file that no command may touch."""
    path = tmp_path / "precious.txt"
    path.write_text(PRECIOUS)
    return path


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    return make_run_folder("theirs", make_training_events())


def within(seconds: float, work):
    """Do some work, and fail where it waits for what never comes."""
    done = threading.Thread(target=work, daemon=True)
    done.start()
    done.join(seconds)
    assert not done.is_alive(), "it waits for ever"


def test_an_index_that_is_a_link_is_replaced_and_its_target_stays(run: Run, precious: Path):
    index_path(run.events_path).symlink_to(precious)
    with EventLog(run) as log:
        log.write(make_training_events()[0])
    assert precious.read_text() == PRECIOUS
    assert not index_path(run.events_path).is_symlink()
    assert index_path(run.events_path).stat().st_size > 0


def test_an_index_that_is_a_pipe_does_not_make_anyone_wait(run: Run):
    os.mkfifo(index_path(run.events_path))
    within(60, lambda: EventLog(run).__exit__())


@pytest.mark.parametrize("name", ["output.txt", "conclusion.txt"])
def test_the_output_of_a_training_is_never_written_through_a_link(run: Run, precious: Path, name: str):
    from txt.training.process import _open_anew

    (run.path / name).symlink_to(precious)
    with pytest.raises(LinkedError, match="is a link"):
        _open_anew(run.path / name)
    assert precious.read_text() == PRECIOUS


def test_a_status_is_written_under_a_name_that_nobody_can_guess(run: Run, precious: Path):
    (run.path / f".status.json.{os.getpid()}.part").symlink_to(precious)
    (run.path / "status.json").symlink_to(precious)
    write_status(run, make_own_status(os.getpid(), TRAINING))
    assert precious.read_text() == PRECIOUS
    assert read_status(run).pid == os.getpid()


def test_a_status_does_not_bring_a_removed_run_back(run: Run):
    run.delete()
    write_status(run, make_own_status(os.getpid(), TRAINING))
    assert not run.path.exists()


def test_commands_are_neither_read_nor_removed_through_a_link(run: Run, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "data.json").write_text('{"command": "stop"}')
    (run.path / "control").symlink_to(other)
    controls = Controls(run, Alone())
    assert list(controls._read_commands()) == []
    assert [path.name for path in other.iterdir()] == ["data.json"]
    with pytest.raises(LinkedError):
        send_command(run, "stop")
    assert [path.name for path in other.iterdir()] == ["data.json"]


def test_a_training_says_that_it_reads_no_commands_from_a_link(run: Run, tmp_path: Path):
    from types import SimpleNamespace

    (run.path / "control").symlink_to(tmp_path)
    told = list(Controls(run, Alone()).carry_out(SimpleNamespace(step=3), list, lambda: False))
    assert [(event.step, "is a link" in event.message) for event in told] == [(3, True)]


@pytest.mark.parametrize("kind", ["link", "pipe", "folder"])
def test_a_command_that_is_not_a_file_is_refused(run: Run, precious: Path, kind: str):
    controls = Controls(run, Alone())
    control = run.path / "control"
    control.mkdir()
    make = {"link": lambda path: path.symlink_to(precious), "pipe": os.mkfifo, "folder": Path.mkdir}[kind]
    make(control / "1.json")
    found = []
    within(60, lambda: found.extend(controls._read_commands()))
    assert [command.name for command in found] == ["unreadable"]
    assert precious.read_text() == PRECIOUS


@pytest.mark.parametrize(
    "content",
    [
        b'{"command": "rate", "value": NaN}',
        b'{"command": "rate", "value": 1' + b"0" * 400 + b"}",
        b'{"command": "rate", "value": 1e999}',
        b'{"command": "note", "value": "\\ud800"}',
        b'{"command": "note", "value": ["x"]}',
        b"[" * 9_000,
        b'{"command": ' + b"[" * 9_000,
        b'{"command": "note", "value": "' + b"a" * 20_000 + b'"}',
    ],
)
def test_a_command_that_cannot_be_understood_is_refused_and_can_be_logged(run: Run, content: bytes):
    from types import SimpleNamespace

    controls = Controls(run, Alone())
    (run.path / "control").mkdir()
    (run.path / "control" / os.fsdecode(b"n\xff\x1b[31m.json")).write_bytes(content)
    progress = SimpleNamespace(step=1, rate_factor=1.0)
    (answer,) = controls.carry_out(progress, list, lambda: False)
    assert answer.refused
    with EventLog(run) as log:
        log.write(answer)
    assert progress.rate_factor == 1.0


def test_notes_are_written_beside_a_link_and_not_through_it(run: Run, precious: Path):
    precious.write_text('{"format": 1, "note": "old"}')
    (run.path / "notes.json").symlink_to(precious)
    write_note(run.path, "new")
    assert json.loads(precious.read_text())["note"] == "old"
    assert read_json(run.path / "notes.json")["note"] == "new"


def test_a_file_is_written_in_the_place_of_a_link(tmp_path: Path, precious: Path):
    (tmp_path / "out.txt").symlink_to(precious)
    with atomic_write(tmp_path / "out.txt") as file:
        file.write("new")
    assert precious.read_text() == PRECIOUS
    assert (tmp_path / "out.txt").read_text() == "new"
    assert (tmp_path / "out.txt").stat().st_mode & 0o111 == 0


def test_a_folder_is_made_in_the_place_of_a_link(tmp_path: Path):
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "precious.txt").write_text(PRECIOUS)
    for target in ("real", "nowhere"):
        (tmp_path / "out").symlink_to(tmp_path / target)
        with atomic_folder(tmp_path / "out") as beside:
            (beside / "new.txt").write_text("new")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "real"]
        assert [path.name for path in (tmp_path / "out").iterdir()] == ["new.txt"]
        (tmp_path / "out" / "new.txt").unlink()
        (tmp_path / "out").rmdir()
    assert (tmp_path / "real" / "precious.txt").read_text() == PRECIOUS


def test_no_link_is_followed_while_a_torn_line_is_mended(tmp_path: Path, precious: Path):
    (tmp_path / "journal.log").symlink_to(precious)
    with pytest.raises(LinkedError):
        mend_torn_line(tmp_path / "journal.log")
    assert precious.read_text() == PRECIOUS


def test_a_log_of_predictions_is_never_written_through_a_link(tmp_path: Path, precious: Path):
    (tmp_path / ".out.csv.predicting").symlink_to(precious)
    with pytest.raises(LinkedError):
        PredictionLog(tmp_path / ".out.csv.predicting", "model", 2)
    assert precious.read_text() == PRECIOUS


def test_leftovers_that_are_pipes_or_links_are_left_alone(tmp_path: Path, precious: Path, monkeypatch):
    os.mkfifo(tmp_path / ".txt.aaaaaaaa.part")
    (tmp_path / ".txt.bbbbbbbb.part").symlink_to(precious)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    paths = []

    def use():
        with temporary_file() as path:
            paths.append(path)
        with atomic_write(tmp_path / "txt") as file:
            file.write("x")
        remove_leftovers(tmp_path)

    within(60, use)
    assert paths
    assert (tmp_path / ".txt.aaaaaaaa.part").is_fifo()
    assert precious.read_text() == PRECIOUS


def test_json_that_is_a_pipe_or_a_device_is_not_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "config.json")
    (tmp_path / "endless.json").symlink_to("/dev/zero")

    def read():
        for name in ("config.json", "endless.json"):
            with pytest.raises(InputError, match="not a plain file"):
                read_json(tmp_path / name)

    within(60, read)


def test_only_plain_files_are_opened_for_writing(tmp_path: Path, precious: Path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(precious)
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    for name in ("pipe", "folder", "link", "dangling"):
        for flags in (os.O_WRONLY | os.O_CREAT | os.O_TRUNC, os.O_RDWR | os.O_CREAT | os.O_APPEND):
            with pytest.raises(LinkedError, match="not written to"):
                open_own(tmp_path / name, flags)
    assert precious.read_text() == PRECIOUS
    assert not (tmp_path / "made").exists()


def test_checkpoints_on_a_larger_disk_are_followed_and_told(run: Run, tmp_path: Path):
    disk = tmp_path / "disk" / "of-this-run"
    disk.mkdir(parents=True)
    run.checkpoints.symlink_to(disk)
    assert find_linked_folders(run) == {run.checkpoints: disk}


def test_runs_on_a_larger_disk_are_followed_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "disk")
    monkeypatch.chdir(tmp_path)
    run = make_run_folder("mine", make_training_events())
    assert find_linked_folders(run) == {Path("runs"): tmp_path / "disk"}
    with EventLog(run) as log:
        log.write(make_training_events()[0])


def test_checkpoints_that_are_those_of_another_run_are_never_thinned_out(run: Run, tmp_path: Path):
    other = make_run_folder("mine", make_training_events())
    other.checkpoints.mkdir()
    for target in (other.checkpoints.resolve(), tmp_path, run.path.resolve()):
        run.checkpoints.unlink(missing_ok=True)
        run.checkpoints.symlink_to(target)
        with pytest.raises(LinkedError, match="not a folder of this run's own"):
            find_linked_folders(run)


def test_no_report_is_written_through_a_link(run: Run, tmp_path: Path):
    (run.path / "reports").symlink_to(tmp_path)
    with pytest.raises(LinkedError):
        refuse_links_below(run.path, run.path / "reports" / "val")
    refuse_links_below(run.path, run.path)
    refuse_links_below(tmp_path / "elsewhere", run.path / "reports")
