"""`txt grid` as its user types it."""

import csv
import json
import os
import re
from pathlib import Path

import pytest

from tests.training.conftest import write_topics
from txt.config import TrainConfig
from txt.recipes import FEW_SHOT, FINE_TUNING, PRESETS, RECIPE
from txt.runs.folder import list_runs

TINY = [
    "--d-model",
    "16",
    "--nhead",
    "2",
    "--num-layers",
    "1",
    "--epochs",
    "2",
    "--threads",
    "1",
    "--precision",
    "float32",
]


def test_a_grid_is_searched_ranked_kept_and_its_winner_trained(here, run):
    space = ["--nhead", "2,3,4", "--lr", "1e-3,5e-3"]
    once = ["--json", "--evaluate-winner", "--keep-models", "1"]
    code, out, err = run("grid", "--name", "g", *TINY, *space, *once)
    assert code == 0, err
    assert "4 combinations; 2 left out" in err
    found = json.loads(out)
    assert found["test"]["accuracy"]["low"] <= found["test"]["accuracy"]["value"]
    assert found["left_out"] == 2
    assert len(found["trials"]) == 4
    assert found["best"]["score"] == max(trial["score"] for trial in found["trials"])
    low, high = found["best"]["interval"]
    assert low < found["best"]["score"] < high
    best_run = here / "runs" / found["best"]["run"]
    assert json.loads((best_run / "report.json").read_text())["split"] == "test"
    others = {trial["run"] for trial in found["trials"]} - {found["best"]["run"]}
    assert not any((here / "runs" / name / "report.json").exists() for name in others)
    rows = list(csv.DictReader((here / "studies" / "g" / "results.csv").read_text().splitlines()))
    assert [row["state"] for row in rows] == ["done"] * 4
    assert [name for name in os.listdir("runs") if (here / "runs" / name / "model").is_dir()] == [found["best"]["run"]]

    code, out, err = run("grid", "--resume", "g", "--evaluate-winner")
    assert code == 0, err
    assert "4 of 4 trials ended" in out
    assert "\nThe winner on the test split:\n" in out
    code, _, err = run("train", "--from-study", "g", "--name", "winner", "--epochs", "3")
    assert code == 0, err
    config = json.loads((here / "runs" / "winner" / "config.json").read_text())["config"]
    assert config["num_epochs"] == 3
    assert all(config[name] == value for name, value in found["best"]["params"].items())

    write_topics(here / "other.csv", rows=120)
    code, _, err = run("grid", "other.csv", "--name", "g", *TINY, *space, "--vocab-size", "400")
    assert code == 2
    assert "study `g` was made with other settings" in err
    assert re.search(r"train had \d+ rows, has \d+", err)


def test_ranges_are_searched_by_tpe_with_the_number_of_trials_asked_for(here, run):
    code, out, err = run(
        "grid", *TINY, "--lr", "1e-4..1e-2", "--dropout", "0.0..0.3", "--trials", "4", "--json", "--epochs", "1"
    )
    assert code == 0, err
    trials = json.loads(out)["trials"]
    assert len(trials) == 4
    assert len({trial["params"]["learning_rate"] for trial in trials}) == 4
    assert all(1e-4 <= trial["params"]["learning_rate"] <= 1e-2 for trial in trials)


def test_a_timeout_stops_saves_and_says_how_to_go_on(here, run):
    endless = ["--epochs", "1000000", "--lr", "1e-3,5e-3"]
    code, _, err = run("grid", "--name", "long", *TINY, *endless, "--timeout", "8s")
    assert code == 130, err
    assert "txt grid --resume long goes on" in err
    begun = list_runs(Path("runs"))  # as many as this machine came to
    assert {run.finished().status for run in begun} <= {"interrupted"}


def test_without_a_space_the_grid_is_the_guides(here):
    from txt.cli.grid.space import build_space
    from txt.cli.options import GivenOptions

    base, space = build_space(GivenOptions({}), None, None, {})
    assert set(space) == {"d_model", "nhead", "num_layers", "learning_rate", "batch_size"}
    from txt.search.space import grid_points

    points = grid_points(space, base, None, 0)
    assert len(points.params) == 189
    assert sum(points.left_out.values()) == 54


def settled(*, preset=None, options=None, typed=(), **given):
    from txt.cli.grid.space import build_space
    from txt.cli.options import GivenOptions

    return build_space(GivenOptions(given, typed=frozenset(typed)), None, preset, options or {})


@pytest.mark.parametrize("options", [{}, {"pretrained": "minilm"}])
def test_pretrained_weights_have_their_own_defaults_wherever_they_are_named(options):
    given = {} if options else {"pretrained": "minilm"}
    base, space = settled(options=options, **given)
    assert base.layer_decay == FINE_TUNING["layer_decay"]
    assert not base.ngrams
    assert set(space) == {"learning_rate", "batch_size"}  # of the guide's grid, what a pretrained encoder leaves open
    few, _ = settled(options=options | {"few_shot": True}, learning_rate="1e-4,1e-5", **given)
    assert few.batch_size == FEW_SHOT["batch_size"]


def test_a_preset_alone_is_the_recipe_in_another_size_as_in_training():
    base, space = settled(preset="small", learning_rate="1e-3,1e-4")
    assert base.with_options(learning_rate=1e-3) == TrainConfig(**{**RECIPE, **PRESETS["small"]})
    assert set(space) == {"learning_rate"}
    assert not settled(preset="small", d_model="128,256")[0].ngrams


def test_in_a_list_of_edits_a_plus_joins_and_a_comma_separates(tmp_path):
    _, space = settled(augment="synonym+delete,swap,none")
    assert [TrainConfig(augment=each).edits for each in space["augment"].values] == [
        ("synonym", "delete"),
        ("swap",),
        (),
    ]


BAD = {
    "weights with an architecture": (["grid", "--from", "minilm", "--d-model", "64,128"], r"takes no --d-model"),
    "weights with a preset": (["grid", "--from", "minilm", "--preset", "tiny", "--lr", "1,2"], r"takes no --preset"),
    "an unknown option": (["grid", "--d-modl", "1,2"], r"--d-modl"),
    "an unknown parameter in a file": (["grid", "--space", "unknown.toml"], r"unknown parameter `learning_rte`"),
    "an empty list": (["grid", "--lr", ","], r"--learning-rate is an empty list"),
    "a reversed range": (["grid", "--lr", "1e-3..1e-5"], r"--learning-rate 1e-3\.\.1e-5 is reversed"),
    "a word in a list": (["grid", "--batch-size", "16,many"], r"--batch-size takes whole numbers, not `many`"),
    "a value out of range": (["grid", "--dropout", "0.1,1.5"], r"--dropout must be at most 0\.95"),
    "a value that is no choice": (["grid", "--class-weights", "none,balnced"], r"--class-weights is `balnced`"),
    "too many": (["grid", "--seed", "1", "--batch-size", "1..11000"], r"11,000 combinations, more than 10,000"),
    "a range in a grid": (["grid", "--sampler", "grid", "--lr", "1e-5..1e-3"], r"range of real numbers"),
    "nothing that can be built": (["grid", "--d-model", "10", "--nhead", "3,4"], r"--d-model 10 is not divisible"),
    "no database": (["grid", "--name", "n", "--storage", "nonsense"], r"`nonsense` is not the URL of a database"),
    "a database without a name": (["grid", "--storage", "sqlite:///x.db"], r"--storage needs a --name"),
    "a database that does not answer": (
        ["grid", "--name", "n", "--storage", "postgresql://u:secret@127.0.0.1:9/x"],
        r"cannot reach --storage postgresql://u@127\.0\.0\.1:9/x",
    ),
    "a study that does not exist": (["grid", "--resume", "none"], r"study `none` does not exist"),
    "resume with a space": (["grid", "--resume", "none", "--lr", "1,2"], r"takes no `--learning-rate`"),
    "weights of no trial": (["grid", "--keep-models", "0"], r"--keep-models `0` is not a number of trials"),
    "a timeout that is none": (["grid", "--timeout", "soon"], r"--timeout `soon`"),
    "a study to train from": (["train", "--from-study", "none"], r"study `none` does not exist"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(case, here, run):
    (here / "unknown.toml").write_text("learning_rte = [1e-3, 1e-4]\n")
    arguments, expected = BAD[case]
    before = sorted(here.rglob("*"))
    code, out, err = run(*arguments)
    assert code == 2, err
    first = next(line for line in err.splitlines() if line.startswith("error: "))
    assert re.search(expected, first), err
    assert "secret" not in err
    assert out == ""
    assert sorted(path for path in here.rglob("*") if path.name != "studies") == before
