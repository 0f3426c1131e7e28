"""`txt lrfind` and `txt train --lr auto` as their user types them."""

import json
import re
import shlex

import pytest

SMALL = ["--d-model", "32", "--nhead", "4", "--num-layers", "1", "--threads", "1"]
QUICK = ["--steps", "40", "--repeats", "2"]


def test_the_finding_is_printed_as_json_and_kept(here, run):
    code, out, err = run("lrfind", "--json", *SMALL, *QUICK)
    assert code == 0, err
    found = json.loads(out)
    assert found["suggestion"] is None or 1e-7 < found["suggestion"] < 10
    assert {"lr", "loss", "smoothed"} <= set(found["points"][0])
    assert [point["lr"] for point in found["points"]] == sorted(point["lr"] for point in found["points"])
    kept = json.loads((here / "prepared" / "lrfind.json").read_text())
    (key,) = kept["found"]
    assert "d_model=32" in key
    assert "batch_size=32" in key
    assert kept["found"][key]["suggestion"] == found["suggestion"]


def test_plainly_there_is_a_curve_a_conclusion_and_what_to_type_next(here, run):
    code, out, err = run("lrfind", "--plain", "--svg", "curve.svg", *SMALL, *QUICK)
    assert code == 0, err
    assert "learning rate" in out
    assert "Suggested" in out or "No suggestion" in out
    assert "txt train" in err or "txt grid" in err
    drawn = (here / "curve.svg").read_text()
    assert drawn.startswith("<svg")
    assert "@font-face" not in drawn
    assert set(re.findall(r"https?://[^\s\"<)]*", drawn)) == {"http://www.w3.org/2000/svg", "https://www.textualize.io"}


@pytest.mark.usefixtures("each_precision")
def test_what_to_type_next_trains_what_the_rate_was_found_for(here, run):
    code, _, err = run("lrfind", "--plain", "--repeats", "1", "--no-norm-first", *SMALL)
    assert code == 0, err
    line = next(line for line in err.splitlines() if line.startswith("  txt train "))
    code, _, err = run(*shlex.split(line.removesuffix("    or --lr auto"))[1:], "--epochs", "1")
    assert code == 0, err
    options = json.loads((here / "runs" / "001" / "config.json").read_text())["config"]
    assert (options["d_model"], options["nhead"], options["num_layers"], options["norm_first"]) == (32, 4, 1, False)


def test_lr_auto_takes_what_was_found_or_finds_it_first_and_says_so(here, run):
    one_epoch = ["train", "--epochs", "1", "--lr", "auto", *SMALL]
    code, _, err = run(*one_epoch)
    assert code == 0, err
    assert "txt lrfind runs first" in err
    (entry,) = json.loads((here / "prepared" / "lrfind.json").read_text())["found"].values()
    code, _, err = run(*one_epoch)
    assert code == 0, err
    assert "runs first" not in err or entry["suggestion"] is None
    configs = [json.loads((here / "runs" / name / "config.json").read_text())["config"] for name in ("001", "002")]
    assert configs[0]["learning_rate"] == configs[1]["learning_rate"] == (entry["suggestion"] or 1e-4)


def test_lr_auto_works_on_a_data_file(here, run):
    code, _, err = run("train", "topics.csv", "--epochs", "1", "--lr", "auto", "--vocab-size", "400", *SMALL)
    assert code == 0, err
    assert (here / "runs" / "001" / "prepared" / "lrfind.json").is_file()


def test_a_data_file_is_prepared_for_the_test_alone(here, run):
    before = sorted(here.rglob("*"))
    code, _, err = run("lrfind", "topics.csv", "--plain", "--vocab-size", "400", "--repeats", "1", *SMALL)
    assert code == 0, err
    assert sorted(here.rglob("*")) == before
    line = next(line for line in err.splitlines() if line.startswith("  txt train "))
    assert line.startswith("  txt train topics.csv --vocab-size 400 --d-model 32 ")
    assert "or --lr auto" not in line
    code, _, err = run(*shlex.split(line)[1:], "--epochs", "1")
    assert code == 0, err


BAD = {
    "no such file": (["lrfind", "nowhere"], "`nowhere` does not exist"),
    "a folder that is none": (["lrfind", "prepared/tokenizer"], "is not a prepared folder"),
    "a prepared folder, to prepare": (["lrfind", "--vocab-size", "300"], "--vocab-size is for preparing data"),
    "rates the wrong way round": (["lrfind", "--start-lr", "1", "--end-lr", "0.1"], "--start-lr 1 is not below"),
    "too few steps": (["lrfind", "--steps", "3"], "--steps must be at least 20"),
    "an unknown rule": (["lrfind", "--rule", "vally"], "--rule is `vally`"),
    "a word for a rate": (["train", "--lr", "automatic"], "--lr"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_leaves_nothing(case, here, run):
    arguments, expected = BAD[case]
    before = sorted(here.rglob("*"))
    code, out, err = run(*arguments)
    assert code == 2
    assert expected in next(line for line in err.splitlines() if line.startswith("error: "))
    assert out == ""
    assert sorted(path for path in here.rglob("*") if path.name != "runs") == before
