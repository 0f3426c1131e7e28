"""`txt train`, `txt eval` and `txt demo` as their user types them."""

import json
import os
import re
import signal
import subprocess
import sys

import pytest

from tests.training.conftest import write_topics
from tests.waiting import PATIENCE_SECONDS, wait_until
from txt.cli import main

SMALL = ["--d-model", "32", "--nhead", "4", "--num-layers", "1", "--vocab-size", "400", "--lr", "5e-3"]


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return str(write_topics(tmp_path / "topics.csv", rows=240))


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.usefixtures("each_precision")
def test_a_data_file_becomes_a_run_with_model_report_and_record(data, tmp_path, capsys):
    code, out, err = run(capsys, "train", data, "--name", "first", "--epochs", "2", *SMALL)
    assert code == 0, err
    folder = tmp_path / "runs" / "first"
    for name in (
        "config.json",
        "events.jsonl",
        "model/model.safetensors",
        "model/tokenizer.json",
        "prepared/manifest.json",
    ):
        assert (folder / name).is_file()
    report = json.loads((folder / "report.json").read_text())
    assert report["split"] == "test"
    assert report["baseline"]["metrics"]["accuracy"]["low"] <= report["baseline"]["metrics"]["accuracy"]["value"]
    assert "baseline" in out
    assert "model   runs/first/model\nreport  runs/first/report.html\n" in out
    assert "  txt predict first" in out
    assert "epoch 2/2" in err


def test_without_a_path_the_prepared_folder_is_used(data, tmp_path, capsys):
    assert run(capsys, "prepare", data, "--vocab-size", "400")[0] == 0
    code, _, err = run(capsys, "train", "--epochs", "1", *SMALL[:6])
    assert code == 0, err
    assert (tmp_path / "runs" / "001" / "model").is_dir()
    assert run(capsys, "train", "prepared", "--epochs", "1", *SMALL[:6])[0] == 0
    assert (tmp_path / "runs" / "002" / "model").is_dir()


def test_every_event_is_a_line_of_json_on_stdout(data, capsys):
    code, out, _ = run(capsys, "train", data, "--json", "--epochs", "1", *SMALL)
    assert code == 0
    kinds = [json.loads(line)["event"] for line in out.splitlines()]
    assert kinds[0] == "started"
    assert kinds[-1] == "finished"
    assert "evaluation" in kinds


def test_a_flag_beats_a_preset_and_a_preset_beats_a_file(data, tmp_path, capsys):
    (tmp_path / "options.toml").write_text("d-model = 64\nepochs = 1\nvocab_size = 300\ndropout = 0.3\n")
    code, _, err = run(capsys, "train", data, "--config", "options.toml", "--preset", "tiny", "--num-layers", "1")
    assert code == 0, err
    config = json.loads((tmp_path / "runs" / "001" / "config.json").read_text())["config"]
    assert (config["d_model"], config["num_layers"], config["num_epochs"], config["dropout"]) == (128, 1, 1, 0.3)


@pytest.mark.usefixtures("each_precision")
def test_eval_takes_the_newest_run_and_any_split(data, capsys):
    run(capsys, "train", data, "--epochs", "2", *SMALL)
    code, out, err = run(capsys, "eval", "--split", "val", "--json")
    assert code == 0, err
    report = json.loads(out)
    assert (report["run"], report["split"]) == ("001", "val")
    assert set(report["metrics"]) >= {"accuracy", "balanced_accuracy", "macro_f1", "mcc"}


def test_ctrl_c_saves_says_how_to_go_on_and_exits_130(data, tmp_path):
    command = [sys.executable, "-m", "txt", "train", data, "--name", "long", "--epochs", "20000", *SMALL]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    events = tmp_path / "runs" / "long" / "events.jsonl"
    wait_until(lambda: events.exists() and b'"step"' in events.read_bytes(), process)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130
    assert "everything is saved" in err
    assert "txt train --resume long" in err
    assert list((tmp_path / "runs" / "long" / "checkpoints").glob("step-*/state.json"))
    assert json.loads(events.read_text().splitlines()[-1])["status"] == "interrupted"


@pytest.mark.parametrize("with_json", [False, True])
def test_ctrl_c_saves_although_the_same_ctrl_c_ended_who_reads(data, tmp_path, with_json):
    command = [sys.executable, "-m", "txt", "train", data, "--name", "long", "--epochs", "20000", *SMALL]
    command += ["--save-interval", "100000", "--json"] if with_json else ["--save-interval", "100000"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=tmp_path)
    events = tmp_path / "runs" / "long" / "events.jsonl"
    while not events.exists() or b'"event":"step"' not in events.read_bytes():
        assert process.poll() is None
        process.stdout.read1(65536)
    process.stdout.close()
    process.send_signal(signal.SIGINT)
    process.wait(PATIENCE_SECONDS)
    assert list((tmp_path / "runs" / "long" / "checkpoints").glob("step-*/state.json"))


def test_resume_goes_on_where_a_run_stopped(data, tmp_path, capsys):
    from txt.training.start import resume

    run(capsys, "train", data, "--name", "one", "--epochs", "1", "--save-interval", "4", *SMALL)
    started = resume("one", {}, at_step=4)
    assert started.resume.progress.step == 4
    code, _, err = run(capsys, "train", "--resume", "one", "--at-step", "4")
    assert code == 0, err
    assert "going on from step 4" in err


BAD = {
    "a run that does not exist": (["eval", "nothing"], r"run `nothing` does not exist"),
    "a data file that does not exist": (["train", "missing.csv"], r"missing\.csv.*does not exist|no such file"),
    "a folder that is not prepared": (["train", "."], r"`\.` is not a prepared folder"),
    "heads that do not divide the width": (["train", "D", "--d-model", "100", "--nhead", "3"], r"--d-model 100 is not"),
    "no epochs": (["train", "D", "--epochs", "0"], r"--epochs must be at least 1"),
    "a negative batch": (["train", "D", "--batch-size", "-4"], r"--batch-size must be at least 1"),
    "a word for a number": (["train", "D", "--epochs", "many"], r"--epochs"),
    "an unknown option": (["train", "D", "--epoch", "3"], r"--epoch"),
    "an unknown command": (["trian"], r"trian"),
    "an unknown preset": (["train", "D", "--preset", "smal"], r"--preset `smal`"),
    "an unknown metric": (["train", "D", "--metric", "f1"], r"--metric is `f1`"),
    "an unknown device": (["train", "D", "--device", "tpu9"], r"--device `tpu9`"),
    "a name with a slash": (["train", "D", "--name", "a/b"], r"--name `a/b`"),
    "a wrong column": (["train", "D", "--label-column", "lable"], r"`lable` not found"),
    "a missing config": (["train", "D", "--config", "no.toml"], r"cannot read `no\.toml`"),
    "splits over one": (["train", "D", "--train-split", "0.9", "--val-split", "0.2"], r"sum to more than 1"),
    "an unknown tokenizer": (["train", "D", "--tokenizer", "no/such-model"], r"no/such-model"),
    "resume with data": (["train", "D", "--resume", "x"], r"--resume"),
    "resume of nothing": (["train", "--resume", "x"], r"run `x` does not exist"),
    "eval before training": (["eval"], r"no run here yet"),
    "prepare options with a folder": (["train", ".", "--vocab-size", "300"], r"--vocab-size is for preparing"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_a_hint_and_leaves_nothing(case, data, tmp_path, capsys):
    arguments, expected = BAD[case]
    before = sorted(tmp_path.rglob("*"))
    code, out, err = run(capsys, *(data if part == "D" else part for part in arguments))
    assert code == 2
    first = next(line for line in err.splitlines() if line.startswith("error: "))
    assert re.search(expected, first), err
    assert "Traceback" not in err
    assert out == ""
    assert [path for path in sorted(tmp_path.rglob("*")) if path.name != "runs"] == before


def test_a_name_taken_is_refused_and_the_run_kept(data, tmp_path, capsys):
    run(capsys, "train", data, "--name", "one", "--epochs", "1", *SMALL)
    before = (tmp_path / "runs" / "one" / "events.jsonl").read_bytes()
    code, _, err = run(capsys, "train", data, "--name", "one")
    assert code == 2
    assert "--resume one" in err
    assert (tmp_path / "runs" / "one" / "events.jsonl").read_bytes() == before


def test_escape_codes_and_markup_in_the_data_reach_no_terminal(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = write_topics(tmp_path / "evil.csv", rows=240)
    text = path.read_text().replace("sport", "\x1b[31msport").replace("food", "[bold]food[/]")
    path.write_text(text)
    code, out, err = run(capsys, "train", path, "--epochs", "1", *SMALL)
    assert code == 0, err
    code, out, err = run(capsys, "eval")
    assert "[bold]food[/]" in out
    assert "\x1b[31msport" not in out + err


def test_a_reader_that_leaves_early_is_no_error(tmp_path):
    command = f"{sys.executable} -m txt train --help | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_the_demo_runs_from_raw_file_to_report(tmp_path):
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "txt", "demo"], capture_output=True, text=True, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "What to do next" in done.stdout
    assert (tmp_path / "runs" / "001" / "report.html").is_file()
