"""`txt export` as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest

from tests.evaluation.conftest import born_run  # noqa: F401
from tests.prediction.conftest import run  # noqa: F401
from txt.cli import main
from txt.runs.folder import Run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run) -> Path:  # noqa: F811
    shutil.copytree(run.path.parents[1], tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_newest_run_goes_to_a_folder_of_its_name(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["export", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["path"] == "exports/born-hf"
    assert found["largest_difference"] < 1e-4
    assert {"config.json", "model.safetensors", "modeling_txt.py", "README.md", "tokenizer.json"} <= {
        path.name for path in (here / "exports" / "born-hf").iterdir()
    }
    assert main(["predict", "exports/born-hf", "great", "--json"]) == 0


def test_a_report_of_txt_eval_goes_into_the_card(here: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["eval", "born", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert main(["export", "born", "-o", "out"]) == 0
    card = (here / "out" / "README.md").read_text()
    accuracy = report["metrics"]["accuracy"]
    assert f"| accuracy | {accuracy['value']:.3f} [{accuracy['low']:.3f}, {accuracy['high']:.3f}] |" in card
    assert f"The baseline is {report['baseline']['name']}" in card


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["nope"], "run `nope` does not exist", "there are: born"),
        (["--format", "onx"], "--format is `onx`, and must be one of hf, onnx, setfit", "did you mean `onnx`?"),
        (["--quantize"], "--quantize is for --format onnx", ""),
        (["-o", "."], "would be replaced", "name another folder with -o"),
        (["-o", "prepared"], "`prepared` exists already", "--force"),
    ],
)
def test_bad_input_is_one_line_with_a_hint_and_writes_nothing(
    here: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], error: str, hint: str
):
    before = sorted(here.rglob("*"))
    assert main(["export", *arguments]) == 2
    told = capsys.readouterr().err
    assert error in told.splitlines()[0]
    assert hint in told
    assert sorted(here.rglob("*")) == before
