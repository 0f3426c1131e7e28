"""The list of runs holds every folder, each as what it is."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.runs.made_runs import evaluation, finished, make_run_folder, make_training_events, started, step
from txt.errors import InputError
from txt.runs.folder import Run
from txt.runs.listing import filter_runs, sort_runs
from txt.runs.notes import change_tags, write_note
from txt.runs.state import make_own_status, write_status
from txt.runs.summary import find, find_leaders, load_report, rank_runs, summarize, summarize_runs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_a_run_is_summed_up_from_its_files():
    run = make_run_folder("001", make_training_events(0.8), day=3, test=0.75, learning_rate=5e-4, num_epochs=3)
    write_note(run.path, "first")
    change_tags(run.path, add=("keep",))
    (found,) = summarize_runs()
    assert found.to_json() == {
        "name": "001",
        "path": "runs/001",
        "state": "finished",
        "step": 60,
        "total_steps": 60,
        "created": found.created.isoformat(timespec="seconds"),
        "data": "reviews.csv",
        "fingerprint": "fingerprint of reviews.csv",
        "changed": {"learning_rate": 5e-4, "num_epochs": 3},
        "metric": "accuracy",
        "best": 0.8,
        "test": {"value": 0.75, "low": 0.7, "high": pytest.approx(0.8)},
        "seconds": 12.5,
        "bytes": sum(path.stat().st_size for path in run.path.rglob("*") if path.is_file()),
        "note": "first",
        "tags": ["keep"],
        "problem": None,
    }
    assert found.created.timestamp() == 1578052800  # 2020-01-03 12:00 UTC


def test_the_score_on_test_is_by_the_metric_of_the_run_and_only_of_its_own_test_split():
    make_run_folder("f1", make_training_events(), metric="macro_f1", test=0.6)
    assert summarize(Path("runs/f1")).test == pytest.approx((0.6, 0.55, 0.65))
    for key, value in (("split", "val"), ("data", "other.csv")):
        report = json.loads(Path("runs/f1/report.json").read_text())
        Path("runs/f1/report.json").write_text(json.dumps(report | {key: value}, indent=2))
        assert summarize(Path("runs/f1")).test is None
        Path("runs/f1/report.json").write_text(json.dumps(report))  # not laid out as we do it
        assert summarize(Path("runs/f1")).test is not None


def test_folders_that_are_no_runs_are_listed_as_what_they_are():
    make_run_folder("good", make_training_events())
    make_run_folder("broken").path.joinpath("config.json").write_text("{")
    make_run_folder("newer").path.joinpath("config.json").write_text('{"format": 99}')
    make_run_folder("odd").path.joinpath("config.json").write_text('{"format": 1, "created": 5}')
    for folder in ("half", "thesis", "being-prepared", ".x.1.removed/x"):
        (Path("runs") / folder).mkdir(parents=True)
    Path("runs/half/prepared").mkdir()
    Path("runs/thesis/chapter.tex").write_text("mine")
    write_status(Run(Path("runs/being-prepared")), make_own_status(os.getpid(), "starting"))
    Path("runs/file.txt").write_text("not a folder")
    kinds = {run.name: run.state.kind for run in summarize_runs()}
    assert kinds == {
        "good": "finished",
        "broken": "unreadable",
        "newer": "unreadable",
        "odd": "unreadable",
        "half": "half-written",
        "thesis": "foreign",
        "being-prepared": "starting",
        ".x.1.removed": "half-written",
    }
    assert "chapter.tex" in (summarize(Path("runs/thesis")).problem or "")
    assert all(run.problem for run in summarize_runs() if run.name != "good")


def test_damaged_records_reports_and_notes_never_hide_a_run():
    run = make_run_folder("001", make_training_events(), test=0.7)
    run.events_path.write_bytes(b"\x00\xff" * 5000)
    (run.path / "report.json").write_bytes(b'{\n  "metrics": [\xff')
    (run.path / "notes.json").write_text("]")
    shutil.rmtree("prepared-reviews.csv")
    (found,) = summarize_runs()
    assert (found.is_run, found.best, found.test, found.data) == (True, None, None, None)
    assert "notes.json" in (found.problem or "")


def test_options_of_another_version_are_listed_too():
    run = make_run_folder("001", make_training_events(), learning_rate=5e-4)
    record = json.loads((run.path / "config.json").read_text())
    record["config"]["flux"] = 3
    (run.path / "config.json").write_text(json.dumps(record))
    found = summarize(run.path)
    assert found.changed == {"learning_rate": 5e-4, "flux": 3}
    assert found.option_words == ["lr 0.0005", "flux 3"]


def test_the_best_is_told_among_runs_on_the_same_data_by_the_same_metric():
    make_run_folder("a", make_training_events(0.7))
    make_run_folder("b", make_training_events(0.9))
    make_run_folder("c", make_training_events(0.95), data="other.csv")
    make_run_folder("low", [started(), evaluation(20, 0.4, metric="loss"), finished(20, 0.4)], metric="loss")
    make_run_folder("high", [started(), evaluation(20, 0.9, metric="loss"), finished(20, 0.9)], metric="loss")
    make_run_folder("none", [started()])
    groups = rank_runs(summarize_runs())
    assert names(groups["fingerprint of reviews.csv", "accuracy"]) == ["b", "a", "none"]
    assert find_leaders(summarize_runs()) == {"b", "low"}


def test_runs_are_sorted_by_each_column_and_the_other_way_round():
    make_run_folder("a", make_training_events(0.7), day=1, test=0.9)
    make_run_folder("b", make_training_events(0.9), day=3, test=0.6)
    make_run_folder("c", day=2)
    runs = summarize_runs()
    assert names(runs) == names(sort_runs(runs, "when")) == ["b", "c", "a"]
    assert names(sort_runs(runs, "name", reverse=True)) == ["c", "b", "a"]
    assert names(sort_runs(runs, "best")) == ["b", "a", "c"]
    assert names(sort_runs(runs, "test")) == ["a", "b", "c"]
    assert names(sort_runs(runs, "state")) == ["b", "a", "c"]
    with pytest.raises(InputError, match="--sort `tset`") as caught:
        sort_runs(runs, "tset")
    assert caught.value.hint == "did you mean `test`?"


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ("lr>=0.0005", ["b", "c"]),
        ("learning_rate<0.0005", ["a"]),
        ("best>0.75 best<0.95", ["b"]),
        ("state=died", ["c"]),
        ("state!=died", ["a", "b"]),
        ("tag=paper", ["b"]),
        ("tag!=paper", ["a", "c"]),
        ("DROPOUT", ["c"]),
        ("other.csv", ["c"]),
        ("kettle", ["a"]),
        ("class_weights=balanced", []),
        ("test>0", []),
        ("seed=42", ["a", "b", "c"]),
    ],
)
def test_a_filter_holds_for_words_and_comparisons(terms, expected):
    write_note(make_run_folder("a", make_training_events(0.7)).path, "About Kettles")
    change_tags(make_run_folder("b", make_training_events(0.9), learning_rate=5e-4).path, add=("paper",))
    make_run_folder("c", [started(), step(5)], data="other.csv", learning_rate=1e-3, dropout=0.3)
    assert sorted(names(filter_runs(summarize_runs(), terms))) == expected


def test_states_tags_and_data_narrow_the_list():
    change_tags(make_run_folder("a", make_training_events()).path, add=("x", "y"))
    change_tags(make_run_folder("b", [started()]).path, add=("x",))
    make_run_folder("c", make_training_events(), data="Tweets.csv")
    runs = summarize_runs()
    assert names(filter_runs(runs, states=["died"])) == ["b"]
    assert sorted(names(filter_runs(runs, tags=["x"]))) == ["a", "b"]
    assert names(filter_runs(runs, tags=["x", "y"])) == ["a"]
    assert names(filter_runs(runs, data="tweet")) == ["c"]


@pytest.mark.parametrize(
    ("terms", "states", "message"),
    [("lrr>1", [], "no field `lrr`"), ("lr>fast", [], "needs a number"), ("", ["dead"], "--state `dead`")],
)
def test_a_filter_that_makes_no_sense_is_refused(terms, states, message):
    with pytest.raises(InputError, match=message):
        filter_runs([], terms, states)


def test_a_folder_is_found_by_name_and_a_run_by_its_path():
    make_run_folder("001", make_training_events(), test=0.7)
    Path("runs/half").mkdir()
    assert find("half").state.kind == "half-written"
    assert find("runs/001").name == find("001").name == "001"
    assert (load_report(Path("runs/001")) or {})["rows"] == 100
    assert load_report(Path("runs/half")) is None
    for wrong in ("..", ".", "002", "runs/half"):
        with pytest.raises(InputError):
            find(wrong)
