"""The list of runs holds every folder, each as what it is."""

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.runs.made_runs import course, evaluation, finished, made_run, started, step
from txt.errors import InputError
from txt.runs.folder import Run
from txt.runs.listing import filtered, ordered
from txt.runs.notes import change_tags, write_note
from txt.runs.status import own_status, write_status
from txt.runs.summary import best_runs, find, leaders, report_of, summaries, summarize


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def names(runs) -> list[str]:
    return [run.name for run in runs]


def test_a_run_is_summed_up_from_its_files():
    run = made_run("001", course(0.8), day=3, test=0.75, learning_rate=5e-4, num_epochs=3)
    write_note(run.path, "first")
    change_tags(run.path, add=("keep",))
    (found,) = summaries()
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
    made_run("f1", course(), metric="macro_f1", test=0.6)
    assert summarize(Path("runs/f1")).test == pytest.approx((0.6, 0.55, 0.65))
    for key, value in (("split", "val"), ("data", "other.csv")):
        report = json.loads(Path("runs/f1/report.json").read_text())
        Path("runs/f1/report.json").write_text(json.dumps(report | {key: value}, indent=2))
        assert summarize(Path("runs/f1")).test is None
        Path("runs/f1/report.json").write_text(json.dumps(report))  # not laid out as we do it
        assert summarize(Path("runs/f1")).test is not None


def test_folders_that_are_no_runs_are_listed_as_what_they_are():
    made_run("good", course())
    made_run("broken").path.joinpath("config.json").write_text("{")
    made_run("newer").path.joinpath("config.json").write_text('{"format": 99}')
    made_run("odd").path.joinpath("config.json").write_text('{"format": 1, "created": 5}')
    for folder in ("half", "thesis", "being-prepared", ".x.1.removed/x"):
        (Path("runs") / folder).mkdir(parents=True)
    Path("runs/half/prepared").mkdir()
    Path("runs/thesis/chapter.tex").write_text("mine")
    write_status(Run(Path("runs/being-prepared")), own_status(os.getpid(), "starting"))
    Path("runs/file.txt").write_text("not a folder")
    kinds = {run.name: run.state.kind for run in summaries()}
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
    assert all(run.problem for run in summaries() if run.name != "good")


def test_damaged_records_reports_and_notes_never_hide_a_run():
    run = made_run("001", course(), test=0.7)
    run.events_path.write_bytes(b"\x00\xff" * 5000)
    (run.path / "report.json").write_bytes(b'{\n  "metrics": [\xff')
    (run.path / "notes.json").write_text("]")
    shutil.rmtree("prepared-reviews.csv")
    (found,) = summaries()
    assert (found.is_run, found.best, found.test, found.data) == (True, None, None, None)
    assert "notes.json" in (found.problem or "")


def test_options_of_another_version_are_listed_too():
    run = made_run("001", course(), learning_rate=5e-4)
    record = json.loads((run.path / "config.json").read_text())
    record["config"]["flux"] = 3
    (run.path / "config.json").write_text(json.dumps(record))
    found = summarize(run.path)
    assert found.changed == {"learning_rate": 5e-4, "flux": 3}
    assert found.spoken == ["lr 0.0005", "flux 3"]


def test_the_best_is_told_among_runs_on_the_same_data_by_the_same_metric():
    made_run("a", course(0.7))
    made_run("b", course(0.9))
    made_run("c", course(0.95), data="other.csv")
    made_run("low", [started(), evaluation(20, 0.4, metric="loss"), finished(20, 0.4)], metric="loss")
    made_run("high", [started(), evaluation(20, 0.9, metric="loss"), finished(20, 0.9)], metric="loss")
    made_run("none", [started()])
    groups = best_runs(summaries())
    assert names(groups["fingerprint of reviews.csv", "accuracy"]) == ["b", "a", "none"]
    assert leaders(summaries()) == {"b", "low"}


def test_runs_are_sorted_by_each_column_and_the_other_way_round():
    made_run("a", course(0.7), day=1, test=0.9)
    made_run("b", course(0.9), day=3, test=0.6)
    made_run("c", day=2)
    runs = summaries()
    assert names(runs) == names(ordered(runs, "when")) == ["b", "c", "a"]
    assert names(ordered(runs, "name", reverse=True)) == ["c", "b", "a"]
    assert names(ordered(runs, "best")) == ["b", "a", "c"]
    assert names(ordered(runs, "test")) == ["a", "b", "c"]
    assert names(ordered(runs, "state")) == ["b", "a", "c"]
    with pytest.raises(InputError, match="--sort `tset`") as caught:
        ordered(runs, "tset")
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
    write_note(made_run("a", course(0.7)).path, "About Kettles")
    change_tags(made_run("b", course(0.9), learning_rate=5e-4).path, add=("paper",))
    made_run("c", [started(), step(5)], data="other.csv", learning_rate=1e-3, dropout=0.3)
    assert sorted(names(filtered(summaries(), terms))) == expected


def test_states_tags_and_data_narrow_the_list():
    change_tags(made_run("a", course()).path, add=("x", "y"))
    change_tags(made_run("b", [started()]).path, add=("x",))
    made_run("c", course(), data="Tweets.csv")
    runs = summaries()
    assert names(filtered(runs, states=["died"])) == ["b"]
    assert sorted(names(filtered(runs, tags=["x"]))) == ["a", "b"]
    assert names(filtered(runs, tags=["x", "y"])) == ["a"]
    assert names(filtered(runs, data="tweet")) == ["c"]


@pytest.mark.parametrize(
    ("terms", "states", "message"),
    [("lrr>1", [], "no field `lrr`"), ("lr>fast", [], "needs a number"), ("", ["dead"], "--state `dead`")],
)
def test_a_filter_that_makes_no_sense_is_refused(terms, states, message):
    with pytest.raises(InputError, match=message):
        filtered([], terms, states)


def test_a_folder_is_found_by_name_and_a_run_by_its_path():
    made_run("001", course(), test=0.7)
    Path("runs/half").mkdir()
    assert find("half").state.kind == "half-written"
    assert find("runs/001").name == find("001").name == "001"
    assert (report_of(Path("runs/001")) or {})["rows"] == 100
    assert report_of(Path("runs/half")) is None
    for wrong in ("..", ".", "002", "runs/half"):
        with pytest.raises(InputError):
            find(wrong)
