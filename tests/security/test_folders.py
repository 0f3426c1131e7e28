"""Folders from elsewhere: whatever they hold, nothing of it is run, and nothing outside is read, written or removed."""

import ast
import json
import os
import shutil
from pathlib import Path

import pytest
import torch

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from txt.data.prepared import Prepared
from txt.errors import InputError
from txt.model.saved import load_model
from txt.runs.folder import EventLog, Run
from txt.training.checkpoint import load_checkpoint
from txt.training.control import Controls, send_command
from txt.training.distributed import Group


class Bomb:
    """Runs code where it is unpickled."""

    def __reduce__(self):
        return (os.mkdir, ("exploded",))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, born_run: Run) -> Path:  # noqa: F811
    shutil.copytree(born_run.path.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.safetensors"])
def test_a_pickle_in_place_of_weights_is_refused_and_not_opened(here: Path, name: str):
    model = here / "runs" / "born" / "model"
    (model / "model.safetensors").unlink()
    torch.save(Bomb(), model / name)
    with pytest.raises(InputError, match="model"):
        load_model(model, torch.device("cpu"))
    assert not (here / "exploded").exists()


def test_a_pickle_in_place_of_a_checkpoint_is_refused_and_not_opened(here: Path):
    folder = here / "step-00000001"
    folder.mkdir()
    torch.save(Bomb(), folder / "state.safetensors")
    (folder / "state.json").write_text(json.dumps({"format": 1, "sha256": "0" * 64, "progress": {}, "settings": {}}))
    with pytest.raises(InputError, match="damaged"):
        load_checkpoint(folder)
    assert not (here / "exploded").exists()


def test_code_that_a_model_brings_along_is_not_run(here: Path):
    model = here / "runs" / "born" / "model"
    (model / "evil.py").write_text("import os\nos.mkdir('exploded')\n")
    config = json.loads((model / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoModelForSequenceClassification": "evil.Evil"}}
    (model / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError):
        load_model(model, torch.device("cpu"))
    assert not (here / "exploded").exists()


@pytest.mark.parametrize("name", ["../secret.arrow", "/etc/passwd", "train/../../secret.arrow"])
def test_a_manifest_may_only_name_files_of_its_own_folder(here: Path, name: str):
    manifest = json.loads((here / "prepared" / "manifest.json").read_text())
    manifest["splits"]["train"][0]["name"] = name
    (here / "prepared" / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(InputError, match="outside its folder"):
        Prepared.open(here / "prepared")


def test_a_record_that_is_a_link_is_never_written_to(here: Path):
    mine = here / "mine.txt"
    mine.write_text("no newline at its end")
    run = Run.open("born")
    run.events_path.unlink(missing_ok=True)
    run.events_path.symlink_to(mine)
    with pytest.raises(InputError, match="is a link"):
        EventLog(run)
    assert mine.read_text() == "no newline at its end"


def test_removing_a_run_removes_nothing_that_its_links_point_to(here: Path):
    outside = here / "outside"
    outside.mkdir()
    (outside / "precious.txt").write_text("mine")
    run = Run.open("born")
    (run.path / "checkpoints").symlink_to(outside)
    run.delete()
    assert (outside / "precious.txt").read_text() == "mine"
    assert not run.path.exists()


def test_removing_a_run_that_is_a_link_removes_the_link(here: Path):
    real = here / "elsewhere"
    shutil.move(here / "runs" / "born", real)
    (here / "runs" / "born").symlink_to(real)
    Run.open("born").delete()
    assert (real / "config.json").exists()
    assert not (here / "runs" / "born").exists()


def test_commands_of_other_users_are_refused_where_anybody_may_write_them(here: Path, monkeypatch):
    run = Run.open("born")
    controls = Controls(run, Group(0, 1))
    control = run.path / "control"
    send_command(run, "stop")
    control.chmod(0o777)
    monkeypatch.setattr(os, "geteuid", lambda: 4321)
    assert [command.name for command in controls._read_commands()] == (["unreadable"] if os.getuid() else ["stop"])
    other = Controls(run, Group(0, 1))
    send_command(run, "stop")
    next(control.iterdir()).chmod(0o666)
    if not os.getuid():
        os.chown(next(control.iterdir()), 1234, 1234)
    assert [command.name for command in other._read_commands()] == ["unreadable"]


@pytest.mark.parametrize(
    "name", ['x") or __import__("os").mkdir("exploded") or ("', "a\\", "a\n```\n# b", "a'b", "\ud800"]
)
def test_the_name_of_an_exported_folder_is_a_string_in_its_cards_code(name: str):
    from types import SimpleNamespace

    from txt.export.hugging_face import _describe_usage

    lines = _describe_usage(SimpleNamespace(code=()), name).splitlines()
    assert [line for line in lines if line.startswith("```")] == ["```python", "```"]
    (called,) = (line for line in lines if line.startswith("classify = pipeline("))
    call = ast.parse(called).body[0].value
    assert [argument.value for argument in call.args] == ["text-classification", name]


def test_a_file_beside_a_model_that_is_a_link_elsewhere_is_not_exported(tmp_path: Path):
    from types import SimpleNamespace

    from txt.export.folder import copy_tokenizer

    (tmp_path / "secret.json").write_text("secret")
    model, out = tmp_path / "a" / "run" / "model", tmp_path / "out"
    model.mkdir(parents=True)
    out.mkdir()
    (model / "tokenizer.json").write_text("{}")
    (model / "keys.json").symlink_to(tmp_path / "secret.json")
    copy_tokenizer(SimpleNamespace(folder=model), out)
    assert [path.name for path in out.iterdir()] == ["tokenizer.json"]
