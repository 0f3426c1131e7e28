"""Every command in a stranger's folder: no connection, and nothing is written or removed outside of that folder."""

import hashlib
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.runs.made_runs import make_run_folder, make_training_events
from txt.labeling.store.journal import Journal, store_path

COMMANDS = [
    [],
    ["runs"],
    ["runs", "--json"],
    ["runs", "show", "theirs"],
    ["runs", "compare", "theirs", "other"],
    ["runs", "plot", "theirs"],
    ["runs", "export", "--csv"],
    ["runs", "export", "--tensorboard"],
    ["runs", "note", "theirs", "a note"],
    ["runs", "tag", "theirs", "kettle"],
    ["runs", "prune", "--dry-run"],
    ["watch", "theirs", "--plain"],
    ["watch", "theirs", "--json"],
    ["train", "--resume", "theirs", "--plain"],
    ["train", "--resume", "other", "--plain"],
    ["train", "--from-study", "theirs", "--plain"],
    ["grid", "--resume", "theirs", "--plain"],
    ["eval", "theirs"],
    ["predict", "theirs", "a text"],
    ["export", "theirs"],
    ["lrfind", "prepared", "--plain"],
    ["label", "data.csv", "--stats"],
    ["label", "data.csv", "--plain"],
    ["label", "data.csv", "--export", "out.csv"],
    ["prepare", "data.csv"],
    ["train", "data.csv", "--plain"],
    ["augment", "data.csv", "--preview", "2", "--method", "swap"],
    ["config"],
    ["runs", "rename", "other", "renamed"],
    ["runs", "rm", "renamed", "--yes"],
    ["runs", "rm", "theirs", "--yes"],
]


def snapshot(folder: Path) -> dict[str, str]:
    """Return every file in a folder with the hash of its content, links as what they say."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            found[str(path)] = f"link to {os.readlink(path)}"
        elif path.is_file():
            found[str(path)] = hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            found[str(path)] = "folder"
    return found


def make_outside(outside: Path) -> None:
    """Make what nothing may touch: a file, a database, a run with checkpoints, and files that could be commands."""
    outside.mkdir()
    (outside / "precious.txt").write_text("mine, without a newline at its end")
    connection = sqlite3.connect(outside / "mine.db")
    connection.execute("CREATE TABLE money (amount)")
    connection.commit()
    connection.close()
    (outside / "data.json").write_text('{"command": "stop"}')
    for step in range(5):
        folder = outside / "run" / "checkpoints" / f"step-{step:08d}"
        folder.mkdir(parents=True)
        (folder / "state.json").write_text("{}")
    (outside / "run" / "config.json").write_text("{}")
    (outside / ".bashrc.old").write_text("mine")


def make_strangers_folder(here: Path, outside: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder in which everything points outside."""
    here.mkdir()
    monkeypatch.chdir(here)
    for name in ("theirs", "other"):
        run = make_run_folder(name, make_training_events(), test=0.8)
        for link in ("events.index", "output.txt", "conclusion.txt", "status.json", "curves.svg", "notes.json"):
            (run.path / link).unlink(missing_ok=True)
            (run.path / link).symlink_to(outside / "precious.txt")
        (run.path / "control").symlink_to(outside)
        (run.path / "reports").symlink_to(outside)
        (run.path / "predictions").symlink_to(outside)
        (run.path / "checkpoints").symlink_to(outside / "run" / "checkpoints")
        (run.path / "model").symlink_to(outside)
        record = json.loads((run.path / "config.json").read_text())
        record |= {"prepared": str(outside)} if name == "other" else {}
        record["config"]["pretrained"] = "someone/model"
        (run.path / "config.json").write_text(json.dumps(record))
    study = here / "studies" / "theirs"
    study.mkdir(parents=True)
    storage = f"sqlite:///{outside / 'mine.db'}"
    (study / "study.json").write_text(json.dumps({"format": 1, "prepared": str(outside), "storage": storage}))
    (study / "workers").symlink_to(outside)
    (study / "journal.log").symlink_to(outside / "precious.txt")
    (here / "data.csv").write_text("text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(40)))
    store = store_path(here / "data.csv")
    Journal.open(store).close()
    connection = sqlite3.connect(store)
    connection.execute("CREATE TRIGGER evil BEFORE INSERT ON decisions BEGIN SELECT RAISE(IGNORE); END")
    connection.commit()
    connection.close()
    for link in ("runs.csv", "out.csv", ".data.csv.labels.index", "prepared", "tensorboard"):
        (here / link).symlink_to(outside / "precious.txt" if "." in link else outside)
    (here / "txt.toml").write_text(f'[lrfind]\nepochs = 3\n[runs]\nsort = "name"\nsvg = "{outside / "precious.txt"}"\n')


@pytest.mark.parametrize("settings", ["theirs", "none"])
def test_no_command_reaches_out_of_a_strangers_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str):
    outside, here = tmp_path / "outside", tmp_path / "here"
    make_outside(outside)
    make_strangers_folder(here, outside, monkeypatch)
    if settings == "none":
        (here / "txt.toml").unlink()
    (tmp_path / "commands.json").write_text(json.dumps(COMMANDS if settings == "none" else COMMANDS[1:8]))
    (tmp_path / "tmp").mkdir()
    before = snapshot(outside)
    own = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "TMPDIR": str(tmp_path / "tmp"), "PYTHONPATH": str(ROOT)}
    own |= {"PYTHONDONTWRITEBYTECODE": "1", "HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"}
    typed = [sys.executable, "-m", "tests.security.watched", str(tmp_path / "commands.json")]
    done = subprocess.run(
        typed,
        cwd=here,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    notes = json.loads(done.stdout.strip().splitlines()[-1])
    assert notes["connections"] == []
    assert {code for _, code in notes["ended"]} <= {0, 1, 2}
    may_change = [str(here), *(str(tmp_path / name) for name in ("cache", "tmp", "home")), os.devnull]
    assert [path for path in notes["changed"] if not path.startswith(tuple(may_change))] == []
    assert snapshot(outside) == before
    if settings == "theirs":
        assert all(code == 2 for _, code in notes["ended"])
