"""`txt runs` as its user types it."""

import csv
import io
import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.evaluation.conftest import born_run  # noqa: F401
from tests.runs.made_runs import make_run_folder, make_training_events, started, step
from tests.training.conftest import write_topics
from txt.cli import console, main
from txt.files import encode_line
from txt.runs.folder import EventLog, Run


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")


@pytest.fixture
def txt(capsys):
    def run(*arguments) -> tuple[int, str, str]:
        code = main(["runs", *map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return run


def names() -> list[str]:
    return sorted(path.name for path in Path("runs").iterdir())


@pytest.fixture
def pair(born_run: Run, tmp_path) -> list[str]:  # noqa: F811
    """Two runs with models of their own on the same data."""
    shutil.copytree(born_run.path.parent.parent, tmp_path, dirs_exist_ok=True)
    run = Run(Path("runs/born"))
    run.events_path.write_bytes(b"".join(encode_line(event.to_json()) for event in make_training_events(0.6)))
    shutil.copytree(run.path, "runs/other")
    record = json.loads(Path("runs/other/config.json").read_text())
    record["config"]["dropout"] = 0.3
    Path("runs/other/config.json").write_text(json.dumps(record))
    return ["born", "other"]


def test_the_table_names_every_folder_and_fits_the_terminal(txt):
    make_run_folder("001", make_training_events(0.8), day=1, test=0.75, learning_rate=5e-4)
    make_run_folder("a-very-long-name-of-a-run", [started(), step(30)], day=2)
    Path("runs/thesis").mkdir()
    Path("runs/thesis/a.tex").write_text("")
    code, out, err = txt()
    assert code == 0
    assert "001" in out
    assert "✗ died 50 %" in out
    assert "? foreign" in out
    assert "lr 0.0005" in out
    assert "0.750 ±0.050" in out
    assert "3 runs" in err
    assert max(map(len, out.splitlines())) <= 80


def test_a_wide_terminal_has_a_line_a_run_with_intervals(txt, monkeypatch):
    monkeypatch.setattr(console.out, "_width", 200)
    make_run_folder("001", make_training_events(0.8), test=0.75)
    make_run_folder("002", make_training_events(0.9))
    out = txt()[1].splitlines()
    assert len(out) == 3
    assert "0.750 [0.700, 0.800]" in out[2] + out[1]
    assert "★" in next(line for line in out if line.startswith("002"))


def test_nothing_from_a_folder_reaches_the_terminal_as_codes_or_markup(txt):
    make_run_folder("[red]x[bold]", make_training_events(), data="\x1b[2Jevil.csv")
    assert txt("note", "[red]x[bold]", "\x1b]0;x\x07 [bold]note[/bold]")[0] == 0
    for arguments in ((), ("show", "[red]x[bold]"), ("note", "[red]x[bold]")):
        code, out, _ = txt(*arguments)
        assert code == 0
        assert "\x1b" not in out
        assert "[bold]note[/bold]" in out
    assert "[red]x[bold]" in txt()[1]


def test_the_table_and_notes_load_nothing_heavy():
    make_run_folder("001", make_training_events(), test=0.7)
    for command in (
        ["runs"],
        ["runs", "--sort", "best", "--json"],
        ["runs", "note", "001", "x"],
        ["runs", "rm", "001"],
    ):
        code = f"import sys; from txt.cli import main; main({command!r}); print('@', *sys.modules)"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        loaded = {name.partition(".")[0] for name in done.stdout.rpartition("@")[2].split()}
        assert "rich" in loaded
        assert not loaded & {"numpy", "torch", "pyarrow", "textual", "plotext", "sklearn"}, command


def test_json_has_all_that_the_table_has(txt):
    make_run_folder("001", make_training_events(0.8), test=0.75)
    code, out, _ = txt("--json", "--sort", "best", "--filter", "best>0.5")
    assert code == 0
    (run,) = json.loads(out)["runs"]
    assert (run["name"], run["state"], run["test"]["value"]) == ("001", "finished", 0.75)


def test_no_runs_are_told_and_no_match_is_told_apart(txt):
    code, out, err = txt()
    assert (code, out) == (0, "")
    assert "`txt train DATA` makes one" in err
    make_run_folder("001", make_training_events())
    assert "0 of 1 run" in txt("--state", "died")[2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sort", "tset"], "--sort `tset`"),
        (["--state", "dead"], "--state `dead`"),
        (["--filter", "lrr>1"], "no field `lrr`"),
        (["show", "002"], "run `002` does not exist"),
        (["compare", "001"], "only one run"),
        (["compare", "001", "001"], "only one run"),
        (["compare", "001", "002"], "run `002` does not exist"),
        (["export"], "say what to write"),
        (["export", "--csv", "--tensorboard"], "say what to write"),
        (["plot", "001", "-o", "x.pdf"], "which image format"),
        (["plot", "001", "-o", "x.svg", "--png"], "not one file of the kind"),
        (["tag", "001", "a b"], "cannot be a tag"),
        (["rename", "001", "a/b"], "not a plain folder name"),
        (["rm", "001", "missing"], "run `missing` does not exist"),
        (["rm", "..", "--yes"], "run `..` does not exist"),
        (["prune"], "--keep-best"),
    ],
)
def test_bad_input_is_one_line_with_exit_code_2_and_changes_nothing(txt, arguments, message):
    make_run_folder("001", make_training_events())
    before = {path: path.read_bytes() for path in Path(".").rglob("*") if path.is_file()}
    code, out, err = txt(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert before == {path: path.read_bytes() for path in Path(".").rglob("*") if path.is_file()}


def test_notes_and_tags_are_written_shown_and_taken_away(txt):
    make_run_folder("001", make_training_events())
    assert txt("note", "001", "higher", "dropout")[1] == "higher dropout\n"
    assert txt("tag", "001", "keep", "draft")[1] == "draft keep\n"
    assert txt("tag", "001", "--remove", "draft")[1] == "keep\n"
    out = txt()[1]
    assert "#keep · higher dropout" in out
    assert txt("note", "001", "--clear")[1] == "\n"
    assert txt("tag", "001")[1] == "keep\n"


def test_show_has_the_epochs_and_says_how_to_go_on(txt):
    make_run_folder("001", make_training_events(0.8)[:-1], test=0.75)
    code, out, _ = txt("show", "001")
    assert code == 0
    for words in ("died at step 60 of 60", "accuracy 0.800 at epoch 1", "Accuracy is what it is", "--resume 001"):
        assert words in out
    shown = json.loads(txt("show", "001", "--json")[1])
    assert (len(shown["epochs"]), shown["report"]["rows"]) == (3, 100)


def test_without_a_terminal_nothing_is_removed_unless_yes_says_so(txt, monkeypatch):
    make_run_folder("001", make_training_events(0.7), day=1)
    make_run_folder("002", make_training_events(0.9), day=2)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    for arguments in (("rm", "001"), ("prune", "--keep-best", "1")):
        code, _, err = txt(*arguments)
        assert code == 2
        assert "--yes" in err
        assert names() == ["001", "002"]
    code, _, err = txt("rm", "002", "--yes")
    assert code == 0
    assert "002 is the best of 2 runs on reviews.csv by accuracy" in err
    assert names() == ["001"]


@pytest.mark.parametrize(("answer", "left"), [("y\n", ["002"]), ("n\n", ["001", "002"]), ("\n", ["001", "002"])])
def test_on_a_terminal_it_asks(answer, left):
    make_run_folder("001", make_training_events(0.7), day=1)
    make_run_folder("002", make_training_events(0.9), day=2)
    keyboard, terminal = pty.openpty()
    os.write(keyboard, answer.encode())
    command = [sys.executable, "-m", "txt", "runs", "prune", "--keep-best", "1"]
    done = subprocess.run(command, stdin=terminal, capture_output=True, text=True)
    os.close(keyboard)
    os.close(terminal)
    assert "Remove 001" in done.stderr
    assert "stays: 002 (the newest)" in done.stderr
    assert done.returncode == 0
    assert ("nothing was removed" in done.stderr) == (answer != "y\n")
    assert names() == left


def test_a_running_run_is_neither_removed_nor_pruned_nor_renamed(txt):
    run = make_run_folder("001", [started()], day=1)
    make_run_folder("002", make_training_events(), day=2)
    with EventLog(run):
        assert txt("rm", "001", "002", "--yes")[0] == 2
        assert txt("rename", "001", "003")[0] == 2
        assert txt("prune", "--keep-best", "0", "--yes")[0] == 0
    assert names() == ["001", "002"]
    assert txt("rm", "001", "--yes")[0] == 0


def test_a_renamed_run_is_found_under_its_new_name_only(txt):
    make_run_folder("001", make_training_events())
    assert txt("rename", "001", "better")[0] == 0
    assert names() == ["better"]
    assert txt("show", "better")[0] == 0


def test_curves_are_exported_for_other_programs_and_nothing_is_written_over(txt):
    make_run_folder("001", make_training_events())
    make_run_folder("002", make_training_events())
    assert txt("export", "--csv", "001")[0] == 0
    rows = list(csv.DictReader(io.StringIO(Path("runs.csv").read_text())))
    assert {row["run"] for row in rows} == {"001"}
    assert txt("export", "--csv", "001")[0] == 0  # nobody has changed it since
    Path("runs.csv").write_text("mine")
    code, _, err = txt("export", "--csv")
    assert code == 2
    assert "was not made by txt or has changed since" in err
    assert Path("runs.csv").read_text() == "mine"
    assert txt("export", "--csv", "--force")[0] == 0
    assert txt("export", "--csv", "-o", "-")[1] == Path("runs.csv").read_text()
    assert txt("export", "--tensorboard", "-o", "logs")[0] == 0
    assert sorted(path.parent.name for path in Path("logs").rglob("*tfevents*")) == ["001", "002"]


def test_a_figure_is_drawn_into_the_run_or_where_it_is_asked_for(txt):
    make_run_folder("001", make_training_events())
    assert txt("plot", "001", "--svg", "--html")[0] == 0
    assert Path("runs/001/curves.svg").read_text().startswith("<svg")
    assert "<svg" in Path("runs/001/curves.html").read_text()
    assert txt("plot", "001", "-o", "figure.svg")[0] == 0
    assert txt("plot", "001", "-o", "figure.svg")[0] == 0  # nobody has changed it since
    Path("figure.svg").write_text("mine")
    assert txt("plot", "001", "-o", "figure.svg")[0] == 2
    assert txt("plot", "001", "-o", "figure.svg", "--force")[0] == 0


def test_two_runs_are_compared_on_the_same_rows(txt, pair):
    code, out, err = txt("compare", *pair)
    assert code == 0, err
    for words in ("--dropout", "0.1", "0.3", "Is other really better than born? On ", "F1 by class"):
        assert words in out
    assert "≈ These rows cannot tell: accuracy differs by +0.0 points" in out
    found = json.loads(txt("compare", *pair, "--split", "val", "--json")[1])
    assert found["differences"][0]["better"] is None
    assert found["options"] == {"--dropout": [0.1, 0.3]}


def test_runs_with_other_test_rows_are_refused_with_exit_code_2(txt, pair, tmp_path):
    assert txt("compare", *pair)[0] == 0
    kept = Path("runs/other/predictions/test.arrow")
    kept.unlink()
    prepared = Path("prepared-elsewhere")
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare

    prepare(write_topics(tmp_path / "topics.csv", 120), PrepareConfig(vocab_size=300), prepared)
    record = json.loads(Path("runs/other/config.json").read_text())
    Path("runs/other/config.json").write_text(json.dumps(record | {"prepared": "../../prepared-elsewhere"}))
    code, out, err = txt("compare", *pair)
    assert code == 2
    assert "`born` and `other` were tested on different rows" in err
    assert "really better" not in out
    code, out, err = txt("compare", *pair, "--json")
    assert (code, out) == (2, "")


def test_a_run_without_a_model_is_told_and_the_others_are_compared(txt, pair):
    make_run_folder("early", [started(), step(5)], data="reviews.csv")
    code, out, err = txt("compare", *pair, "early")
    assert code == 0, err
    assert "early has no model yet" in err
    assert "Is other really better" in out


def test_real_trainings_are_listed_and_compared(txt, tmp_path, capsys):
    data = str(write_topics(tmp_path / "topics.csv", rows=200))
    small = ["--d-model", "16", "--nhead", "2", "--num-layers", "1", "--threads", "1", "--lr", "5e-3"]
    assert main(["prepare", data, "--vocab-size", "400"]) == 0
    assert main(["train", "--name", "one", "--epochs", "1", *small]) == 0
    assert main(["train", "--name", "three", "--epochs", "3", *small]) == 0
    capsys.readouterr()
    runs = {run["name"]: run for run in json.loads(txt("--json")[1])["runs"]}
    assert {run["state"] for run in runs.values()} == {"finished"}
    report = json.loads(Path("runs/three/report.json").read_text())
    assert runs["three"]["test"] == report["metrics"]["accuracy"]
    assert runs["three"]["data"] == "topics.csv"
    (found,) = json.loads(txt("compare", "one", "three", "--json")[1])["differences"]
    reports = [json.loads(Path(f"runs/{name}/report.json").read_text()) for name in ("one", "three")]
    before, after = (each["metrics"]["accuracy"]["value"] for each in reports)
    assert found["metrics"]["accuracy"]["value"] == pytest.approx(after - before)
    assert txt("plot", "three", "--svg")[0] == 0
