"""A stranger's run whose model was really trained: every command works on it, and reaches nothing outside."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.security.test_elsewhere import make_outside, snapshot
from tests.security.traced import can_trace, read_trace, trace
from txt.cli import main
from txt.labeling.store.journal import Journal, store_path

SMALL = ["--recipe", "guide", "--d-model", "16", "--nhead", "2", "--num-layers", "1", "--threads", "1", "--plain"]

WORKING = [
    ["eval", "theirs", "--no-embeddings"],
    ["eval", "theirs", "--no-embeddings", "--data", "data.csv"],
    ["predict", "theirs", "a text number 3"],
    ["predict", "theirs", "a text number 3", "--explain"],
    ["predict", "theirs", "data.csv", "-o", "answers.csv"],
    ["predict", "runs/theirs/model", "a text number 3"],
    ["runs", "compare", "theirs", "other"],
    ["export", "theirs", "-o", "exported"],
    ["watch", "theirs", "--plain"],
    ["runs", "show", "theirs"],
    ["runs", "plot", "theirs", "--force"],
    ["train", "prepared", "--name", "mine", "--epochs", "1", *SMALL],
    ["train", "--resume", "theirs", "--plain"],
    ["label", "data.csv", "--stats"],
    ["label", "data.csv", "--export", "labeled.csv"],
    ["augment", "data.csv", "-o", "more.csv", "--method", "swap", "--workers", "1"],
    ["prepare", "data.csv", "-o", "prepared-2", "--vocab-size", "200"],
    ["grid", "--resume", "theirs", "--plain"],
    [],
    ["runs"],
    ["doctor"],
]
WITH_ONNX = [["export", "theirs", "--format", "onnx", "-o", "exported-onnx"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a project that was trained in, in which links lead outside wherever a file is written."""
    place = tmp_path_factory.mktemp("elsewhere")
    outside, here = place / "outside", place / "here"
    make_outside(outside)
    here.mkdir()
    before = Path.cwd()
    os.chdir(here)
    try:
        rows = "".join(f"a text number {n},{'ab'[n % 2]}\n" for n in range(80))
        Path("data.csv").write_text("text,label\n" + rows)
        assert main(["prepare", "data.csv", "--vocab-size", "200"]) == 0
        for name, seed in (("theirs", "1"), ("other", "2")):
            assert main(["train", "prepared", "--name", name, "--epochs", "1", "--seed", seed, *SMALL]) == 0
        lists = ["--learning-rate", "0.01,0.001", "--epochs", "1", "--workers", "1", "--name", "theirs"]
        assert main(["grid", "prepared", *lists, *SMALL[2:]]) == 0
        Journal.open(store_path(Path("data.csv"))).close()
    finally:
        os.chdir(before)
    run = here / "runs" / "theirs"
    for name in ("report.json", "report.md", "report.html", "events.index", "curves.svg", "notes.json", "status.json"):
        (run / name).unlink(missing_ok=True)
        (run / name).symlink_to(outside / "precious.txt")
    for name in ("answers.csv", "labeled.csv", "more.csv", ".data.csv.labels.index"):
        (here / name).symlink_to(outside / "precious.txt")
    return place


def test_every_command_works_on_a_strangers_trained_run_and_reaches_nothing_outside(place: Path, tmp_path: Path):
    here, outside = place / "here", place / "outside"
    has_onnx = all(find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime"))
    commands = [*WORKING, *(WITH_ONNX if has_onnx else [])]
    (tmp_path / "commands.json").write_text(json.dumps(commands))
    own = {name: tmp_path / name for name in ("cache", "tmp", "home")}
    own["tmp"].mkdir()
    before = snapshot(outside)
    environment = {"XDG_CACHE_HOME": str(own["cache"]), "TMPDIR": str(own["tmp"]), "HOME": str(own["home"])}
    environment["TORCHINDUCTOR_CACHE_DIR"] = str(own["cache"])  # torch makes it in /tmp when a graph is exported
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "HF_HUB_OFFLINE": "0"}
    traced = tmp_path / "traced"
    done = subprocess.run(
        [
            *(trace(traced) if can_trace() else []),
            *(sys.executable, "-m", "tests.security.watched", str(tmp_path / "commands.json")),
        ],
        cwd=here,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr[-3000:]
    notes = json.loads(done.stdout.strip().splitlines()[-1])
    refused = [typed for typed, code in notes["ended"] if code != 0]
    # what would replace a link that the user did not make, or that txt did not, wants --force and is refused
    may_be_refused = [typed for typed in commands if {"answers.csv", "labeled.csv", "more.csv"} & set(typed)]
    assert [typed for typed in refused if typed not in may_be_refused] == [], done.stderr[-3000:]
    assert notes["connections"] == []
    may_change = (str(here), *map(str, own.values()), "/dev/", "/proc/self/")
    assert [path for path in notes["changed"] if not path.startswith(may_change)] == []
    assert snapshot(outside) == before
    if traced.exists():
        connections, changed = read_trace(traced, here)
        assert connections == []
        assert len(changed) > 50, "strace heard of nothing"
        assert sorted(path for path in changed if not path.startswith((*may_change, str(traced)))) == []
