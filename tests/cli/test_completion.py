"""What the shell completes, asked as a shell asks."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    make_run_folder("balanced", make_training_events(0.9), day=1)
    make_run_folder("e\x1b[31mvil", make_training_events(0.9), day=2)
    Path("studies/sizes").mkdir(parents=True)
    Path("studies/sizes/study.json").write_text("{}")
    Path("ready").mkdir()
    Path("ready/manifest.json").write_text("{}")
    Path("reviews.csv").write_text("body,label,stars\ngood,pos,5\nbad,neg,1\n")
    return tmp_path


def completed(folder: Path, line: str) -> list[str]:
    words = line.split(" ")
    code = "import sys; from txt.cli import main; main([]); print('@', *sys.modules, file=sys.stderr)"
    environment = {"_TXT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment | {"PYTHONPATH": ROOT}, capture_output=True, text=True
    )
    heavy = {"torch", "numpy", "pyarrow", "textual", "optuna", "tqdm"}
    assert not heavy & {name.partition(".")[0] for name in done.stderr.rpartition("@")[2].split()}
    return done.stdout.split()


ROOT = str(Path(__file__).resolve().parents[2])


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("txt tr", ["train"]),
        ("txt eval ", ["balanced"]),
        ("txt runs show b", ["balanced"]),
        ("txt train --resume ", ["balanced"]),
        ("txt grid --resume ", ["sizes"]),
        ("txt train --from-study ", ["sizes"]),
        ("txt train re", ["ready", "ready/", "reviews.csv"]),
        ("txt prepare rev", ["reviews.csv"]),
        ("txt prepare reviews.csv --text-column b", ["body"]),
        ("txt label reviews.csv --labels ", ["neg", "pos"]),
        ("txt augment reviews.csv --method sy", ["synonym"]),
        ("txt train --preset s", ["small"]),
        ("txt train --metric macro", ["macro_f1"]),
        ("txt train --freez", ["--freeze"]),
        ("txt config tr", ["train"]),
    ],
)
def test_the_shell_completes_what_this_folder_holds(folder, line, wanted):
    assert completed(folder, line) == wanted


def test_the_methods_are_those_that_there_are():
    from txt import config
    from txt.augmentation.methods import AUGMENTERS
    from txt.cli.completion import _MORE_METHODS

    assert set(AUGMENTERS) <= {*config.EDITS, *_MORE_METHODS}


def test_a_wrong_command_or_option_is_answered_with_the_nearest(capsys):
    from txt.cli import main

    for typed, meant in (("trian", "train"), ("evall", "eval"), ("train --epocs 3", "--epochs"), ("runs shwo", "show")):
        assert main(typed.split()) == 2
        assert meant in capsys.readouterr().err
