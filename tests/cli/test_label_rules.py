"""`txt label --rules` as its user types it."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.cli.label_command import Done, Txt
from tests.conftest import ROOT
from txt.cli import main
from txt.labeling.store.journal import store_path

RULES = """
labels = ["neg", "pos"]
[[rule]]
name = "bad"
label = "neg"
keywords = ["bad", "again"]
[[rule]]
name = "good"
label = "pos"
keywords = ["good"]
"""
TEXTS = ["so good", "so bad", "what, again", "good and bad", "so", "not good at all"]


@pytest.fixture
def txt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Txt:
    with (tmp_path / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([text] for text in TEXTS)])
    (tmp_path / "rules.toml").write_text(RULES)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")

    def run(*arguments: str, answers: str = "") -> Done:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answers))
        capsys.readouterr()
        code = main(["label", "data.csv", *arguments])
        return Done(code, *capsys.readouterr())

    return run


def exported(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def test_check_shows_the_rules_and_leaves_nothing_behind(txt: Txt, tmp_path: Path):
    checked = txt("--rules", "rules.toml", "--check")
    assert checked.returncode == 0, checked.stderr
    assert "no row is labeled by a person yet" in checked.stdout
    assert all(len(line) <= 80 for line in checked.stdout.splitlines())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "rules.toml"]


def test_check_as_json_judges_the_rules_by_what_people_said(txt: Txt):
    labeled = txt("--rules", "rules.toml", "--plain", answers="2\n1\n1\nq\n")
    assert labeled.returncode == 0, labeled.stderr
    assert "(suggested: pos 50% · good: good)" in labeled.stdout
    found = json.loads(txt("--rules", "rules.toml", "--check", "--json").stdout)
    assert found["judged_rows"] == 3
    assert [rule["covered"] for rule in found["rules"]] == [3, 3]
    assert [rule["accuracy"]["value"] for rule in found["rules"]] == [1.0, 1.0]
    assert found["conflicts"]["rows"] == [[0, 1], [1, 0]]
    assert found["combination"]["used"] == "majority"


def test_an_export_has_the_rules_labels_and_never_in_the_place_of_a_persons(txt: Txt):
    txt("--rules", "rules.toml", "--plain", answers="1\ns\nq\n")
    done = txt("--rules", "rules.toml", "--export", "out.csv")
    assert done.returncode == 0, done.stderr
    rows = exported("out.csv")
    assert [row["label"] for row in rows] == ["neg", "", "neg", "", "", "pos"]
    assert [row["label_how"] for row in rows] == ["manual", "manual", "rule", "", "", "rule"]
    assert [row["label_status"] for row in rows][:3] == ["labeled", "skipped", "labeled"]
    assert (rows[2]["label_by"], rows[5]["label_by"]) == ("bad", "good")
    assert 0 < float(rows[2]["label_confidence"]) < 1
    assert rows[0]["label_confidence"] == ""
    plain = txt("--export", "out.csv")
    assert plain.returncode == 0, plain.stderr
    assert [row["label"] for row in exported("out.csv")] == ["neg", "", "", "", "", ""]


def test_test_rows_are_neither_judged_by_nor_labeled(txt: Txt):
    with Path("data.csv").open("w", newline="") as file:
        rows = [("bad", "neg", "train"), ("bad", "pos", "test"), ("good", "", "train"), ("good", "", "test")]
        csv.writer(file).writerows([("text", "label", "split"), *rows])
    found = json.loads(txt("--rules", "rules.toml", "--check", "--json").stdout)
    assert (found["judged_rows"], found["combination"]["accuracy"]["value"]) == (1, 1.0)
    assert txt("--rules", "rules.toml", "--export", "out.csv").returncode == 0
    assert [row["final_label"] for row in exported("out.csv")] == ["neg", "pos", "pos", ""]


def test_a_wrong_rules_file_is_told_before_a_store_is_made(txt: Txt):
    Path("rules.toml").write_text(RULES.replace('label = "neg"', 'label = "nog"'))
    refused = txt("--rules", "rules.toml", "--plain", answers="1\n")
    assert refused.returncode == 2
    assert "`rules.toml` line 5, rule `bad`: unknown label `nog`" in refused.stderr
    assert "did you mean `neg`?" in refused.stderr
    assert not store_path(Path("data.csv")).exists()


def test_check_needs_rules_and_rules_need_one_label_a_row(txt: Txt):
    assert txt("--check").returncode == 2
    several = txt("--rules", "rules.toml", "--check", "--multi-label")
    assert several.returncode == 2
    assert "one class a row" in several.stderr


def test_the_sample_rules_are_a_decent_start(capsys: pytest.CaptureFixture[str]):
    samples = ROOT / "sample_data"
    assert (
        main(["label", str(samples / "reviews.csv"), "--rules", str(samples / "rules.toml"), "--check", "--json"]) == 0
    )
    found = json.loads(capsys.readouterr().out)["combination"]
    assert found["coverage"] > 0.6
    assert found["accuracy"]["low"] > 0.7
    assert found["gain_over_guessing"]["low"] > 0.15


def test_raw_texts_become_data_to_train_on_with_people_alone_in_val_and_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    for name in ("unlabeled.csv", "rules.toml"):
        shutil.copy(ROOT / "sample_data" / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.StringIO("1\n2\n3\n" * 15 + "q\n"))
    assert main(["label", "unlabeled.csv", "--rules", "rules.toml", "--plain"]) == 0
    assert main(["label", "unlabeled.csv", "--rules", "rules.toml", "--export", "labeled.csv"]) == 0
    capsys.readouterr()
    assert main(["prepare", "labeled.csv", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    by_rules = sum(row["label_how"] == "rule" for row in exported("labeled.csv"))
    assert by_rules > 100
    assert any(f"{by_rules} rows are labeled by rules" in warning for warning in report["warnings"])
