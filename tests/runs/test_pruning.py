"""Nothing is removed that runs, is the best, lends its data, or is not ours."""

import json
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events, started
from txt.errors import InputError
from txt.runs.folder import EventLog, Run
from txt.runs.notes import change_tags
from txt.runs.pruning import check_removable, describe_importance, find_borrowers, pruning
from txt.runs.summary import find, summarize_runs


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def removed(keep_best: int) -> list[str]:
    return sorted(run.name for run in pruning(summarize_runs(), keep_best).removed)


def lend(lender: str, borrower: str) -> None:
    record = json.loads(Path(f"runs/{borrower}/config.json").read_text())
    Path(f"runs/{borrower}/config.json").write_text(json.dumps(record | {"prepared": f"../{lender}/prepared"}))


def test_the_best_of_each_data_and_metric_and_the_newest_stay():
    for number, score in enumerate((0.7, 0.9, 0.8), 1):
        make_run_folder(f"a{number}", make_training_events(score), day=number)
        make_run_folder(f"b{number}", make_training_events(score), day=number, data="other.csv")
    make_run_folder("f1", make_training_events(0.1), metric="macro_f1", day=1)
    make_run_folder("last", [started()], day=9)
    assert removed(1) == ["a1", "a3", "b1", "b3"]
    assert removed(2) == ["a1", "b1"]
    assert removed(3) == []
    assert removed(0) == ["a1", "a2", "a3", "b1", "b2", "b3", "f1"]


def test_what_runs_is_tagged_keep_or_is_no_run_is_left_alone():
    make_run_folder("best", make_training_events(0.9), day=9)
    change_tags(make_run_folder("tagged", make_training_events(0.1)).path, add=("keep",))
    live, gone = make_run_folder("live", [started()]), make_run_folder("gone", [started()])
    Path("runs/half").mkdir()
    with EventLog(live):
        assert removed(1) == [gone.name]
    plan = pruning(summarize_runs(), 1)
    assert plan.bytes == sum(run.size for run in plan.removed) > 0


def test_the_best_of_a_study_stays():
    for name, score in (("grid-001", 0.5), ("grid-002-s0", 0.6), ("grid-002-s1", 0.6), ("better", 0.9)):
        make_run_folder(name, make_training_events(score))
    make_run_folder("last", [started()], day=9)
    Path("studies/grid").mkdir(parents=True)
    Path("studies/broken").mkdir()
    Path("studies/grid/results.csv").write_text("trial,runs,reason\n2,grid-002-s0 grid-002-s1,\n1,grid-001,\n")
    Path("studies/broken/results.csv").write_bytes(b"\xff\n\x00")
    assert removed(1) == ["grid-001"]
    assert describe_importance(find("grid-002-s1"), summarize_runs()) == ["the best of study grid"]


def test_a_run_that_lends_its_data_to_one_that_stays_stays_too():
    make_run_folder("lender", make_training_events(0.1))
    make_run_folder("between", make_training_events(0.2))
    make_run_folder("borrower", make_training_events(0.9), day=9)
    lend("between", "borrower")
    lend("lender", "between")
    assert removed(1) == []
    lend("between", "lender")
    lend("between", "between")
    assert removed(1) == ["lender"]


def test_a_run_whose_data_another_needs_goes_only_together_with_it():
    make_run_folder("lender", make_training_events())
    make_run_folder("borrower", make_training_events())
    lend("lender", "borrower")
    every, lender, borrower = summarize_runs(), find("lender"), find("borrower")
    assert find_borrowers(lender, every) == [borrower]
    with pytest.raises(InputError, match="`borrower` trained on the data inside run `lender`") as caught:
        check_removable(lender, every, [lender.path])
    assert caught.value.hint == "remove them together: txt runs rm lender borrower"
    check_removable(lender, every, [lender.path, borrower.path])
    check_removable(borrower, every, [borrower.path])


def test_a_folder_of_someone_else_is_never_removed():
    for folder, file in (("thesis", "a.tex"), ("model", "config.json"), ("half", "prepared")):
        Path(f"runs/{folder}").mkdir(parents=True)
        Path(f"runs/{folder}/{file}").write_text("{}")
    Path("runs/model/model.safetensors").write_text("a model of someone else's")
    make_run_folder("damaged", make_training_events()).path.joinpath("config.json").write_text("{")
    for name in ("thesis", "model"):
        with pytest.raises(InputError, match="is not a run made by txt"):
            check_removable(find(name), summarize_runs(), [])
    for name in ("half", "damaged"):
        check_removable(find(name), summarize_runs(), [])


def test_a_run_in_training_is_not_removable():
    run = make_run_folder("live", [started()])
    with EventLog(run), pytest.raises(InputError, match="is running"):
        check_removable(find("live"), summarize_runs(), [])


def test_one_is_told_what_is_special_about_a_run():
    change_tags(make_run_folder("best", make_training_events(0.9), day=1).path, add=("keep",))
    make_run_folder("newest", make_training_events(0.2), day=2)
    make_run_folder("plain", make_training_events(0.1), day=1)
    told = {run.name: describe_importance(run, summarize_runs()) for run in summarize_runs()}
    assert told == {
        "best": ["the best of 3 runs on reviews.csv by accuracy", "tagged `keep`"],
        "newest": ["the newest, which `txt eval` takes"],
        "plain": [],
    }


def test_a_run_disappears_whole_and_what_a_killed_removal_left_goes_along():
    run = make_run_folder("001", make_training_events())
    make_run_folder("002", make_training_events())
    Path("runs/.000.x.removed/000").mkdir(parents=True)
    run.delete()
    assert [path.name for path in Path("runs").iterdir()] == ["002"]


def test_a_link_to_a_run_is_removed_and_the_run_stays(tmp_path):
    run = make_run_folder("001", make_training_events())
    run.path.rename(tmp_path / "elsewhere")
    run.path.symlink_to(tmp_path / "elsewhere")
    assert find("001").state.kind == "finished"
    run.delete()
    assert (tmp_path / "elsewhere" / "config.json").exists()
    assert list(Path("runs").iterdir()) == []


def test_a_run_keeps_everything_under_another_name():
    run = make_run_folder("001", make_training_events())
    before = run.events_path.read_bytes()
    other = run.rename("better")
    assert (other.path, other.events_path.read_bytes()) == (Path("runs/better"), before)
    assert not run.path.exists()
    assert find("better").data == "reviews.csv"


@pytest.mark.parametrize("name", ["002", "empty", "", "..", "a/b", "esc\x1b"])
def test_a_name_that_is_taken_or_none_is_refused_and_nothing_moves(name):
    run = make_run_folder("001", make_training_events())
    make_run_folder("002", make_training_events())
    Path("runs/empty").mkdir()
    with pytest.raises(InputError):
        run.rename(name)
    assert sorted(path.name for path in Path("runs").iterdir()) == ["001", "002", "empty"]


def test_a_run_in_training_is_not_renamed():
    run = make_run_folder("001", [started()])
    with EventLog(run), pytest.raises(InputError, match="is being trained"):
        run.rename("other")
    assert Run(Path("runs/001")).record()
    assert not Path("runs/other").exists()
