"""The home screen: what lies in the folder, the command that goes on with it, and what Enter runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from tests.screens.conftest import write_reviews
from tests.screens.made_folder import HOSTILE, fill_folder
from tests.screens.pilot import wait_for_text as until
from txt.folder.entry import FolderEntry, NextStep
from txt.folder.survey import survey
from txt.screens.home.screen import HomeApp, HomeScreen


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def app(**options) -> HomeApp:
    made = HomeApp(HomeScreen(survey, "~/work", **options))
    made.theme = "txt-dark"
    return made


async def test_everything_in_the_folder_is_shown_with_its_state_and_the_next_step():
    fill_folder()
    async with app().run_test(size=(100, 40)) as pilot:
        screen = await until(pilot, "Studies")
    lines = {line.split()[0 if "✗" not in line else 1]: line for line in screen.splitlines() if "→" in line}
    assert "no labels yet" in lines["reviews.csv"]
    assert "labels in `label`" in lines["labeled.csv"]
    assert "prepared in prepared" in lines["labeled.csv"]
    assert "80 train, 2 classes" in lines["prepared"]
    assert "evaluate it" in lines["001"]
    assert "died" in lines["002"]
    assert "go on with it" in lines["002"]
    assert "go on with it" in lines["sizes"]


async def test_enter_runs_the_command_that_is_shown():
    fill_folder()
    screen = app(chosen=("run", "002"))
    async with screen.run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt train --resume 002")
        await pilot.press("right")
        await until(pilot, "$ txt runs show 002")
        await pilot.press("left", "r")
    assert screen.return_value == (NextStep(("train", "--resume", "002"), "go on with it"), ("run", "002"))


def test_a_file_whose_rows_all_have_labels_is_offered_for_a_second_look_and_not_for_what_would_be_refused():
    Path("labeled.csv").write_text("text,label\na good film,pos\na bad film,neg\n")
    commands = [step.command for step in survey()[0].steps]
    assert "txt label labeled.csv" not in commands
    assert {"txt label labeled.csv --review", "txt label labeled.csv --relabel"} < set(commands)


def test_files_called_train_val_and_test_are_prepared_together():
    for name in ("val.csv", "train.csv", "test.csv"):
        Path(name).write_text("text,label\na good film,pos\na bad film,neg\n")
    train, *others = survey()
    assert train.steps[0].command == "txt prepare train.csv --val val.csv --test test.csv"
    assert train.steps[1].command == "txt train train.csv --val val.csv --test test.csv"
    assert {other.state for other in others} == {
        f"labels in `label`, the {part} rows of train.csv" for part in ("val", "test")
    }
    assert not [step for other in others for step in other.steps if step.arguments[0] in ("prepare", "train")]


async def test_a_long_name_of_one_kind_takes_no_room_from_the_states_of_another():
    Path("Tweets-of-last-year.csv").write_text("text,airline_sentiment\na good film,pos\na bad film,neg\n")
    make_run_folder("001", make_training_events(0.9), day=1)
    async with app().run_test(size=(80, 24)) as pilot:
        screen = await until(pilot, "evaluate it")
    assert "val 0.900" in screen


async def test_an_empty_folder_tells_how_to_begin():
    screen = app()
    async with screen.run_test(size=(80, 24)) as pilot:
        assert "Put a CSV" in await until(pilot, "$ txt demo")
        await pilot.press("q")
    assert screen.return_value is None


async def test_control_codes_and_markup_in_names_are_shown_and_never_obeyed():
    fill_folder()
    async with app(chosen=("data", HOSTILE)).run_test(size=(80, 24)) as pilot:
        screen = await until(pilot, "␛[31m[bold]‹202E›")
        assert "\x1b" not in screen
        assert "\u202e" not in screen


async def test_what_is_wrong_with_the_settings_is_told():
    write_reviews(Path("reviews.csv"))
    async with app(problem="`txt.toml`: [train] has no option `epocs`").run_test(size=(80, 24)) as pilot:
        await until(pilot, "has no option `epocs`")


async def test_more_than_fits_is_scrolled_to():
    for number in range(45):
        Path(f"{number:02d}.csv").write_text("text,label\na good film,pos\n")
    async with app().run_test(size=(80, 24)) as pilot:
        await until(pilot, "Data files")
        await pilot.press("end")
        last = survey()[-1].name
        assert last in await until(pilot, f"$ txt prepare {last}")


def test_damaged_and_foreign_things_are_told_and_offer_nothing_that_fails():
    fill_folder()
    Path("empty.csv").write_text("")
    Path("picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    Path("package.json").write_text('{"name": "something else"}')
    Path("folder.csv").mkdir()
    Path("gone.csv").symlink_to("nowhere")
    Path("reviews.csv.labels.db").write_bytes(b"no database")
    Path("web").mkdir()
    Path("web/manifest.json").write_text('{"name": "an app"}')
    Path("half").mkdir()
    Path("half/manifest.json").write_text('{"sources": {"a')
    Path("studies/torn").mkdir()
    Path("studies/torn/study.json").write_text("{")
    found = {entry.name: entry for entry in survey()}
    for name in ("empty.csv", "picture.csv", "folder.csv", "reviews.csv.labels.db", "half", "torn"):
        assert found[name].is_broken, found[name]
    assert not {"package.json", "gone.csv", "web"} & set(found)


def test_a_store_tells_its_labels_and_its_file_the_same(make_app):
    session = make_app(labels="good,bad").session
    for _ in range(3):
        session.label("good")
    with closing(sqlite3.connect("reviews.csv.labels.db")) as store:
        with closing(sqlite3.connect("gone.csv.labels.db")) as other:
            store.backup(other)
        count = store.execute("SELECT count(*) FROM current").fetchone()[0]
    found = {entry.name: entry for entry in survey()}
    assert found["reviews.csv.labels.db"].state == f"{count} labeled"
    assert f"{count} labels by hand" in found["reviews.csv"].state
    assert "gone.csv is not here" in found["gone.csv.labels.db"].state
    assert found["reviews.csv"].steps[0] == NextStep(("label", "reviews.csv"), "label it")


def test_a_name_that_begins_with_a_dash_is_no_option():
    Path("-x.csv").write_text("text,label\na good film,pos\n")
    assert survey()[0].steps[0].command == "txt prepare ./-x.csv"


def test_big_files_are_not_read_whole():
    Path("big.csv").write_text("text,label\n" + "a good film,pos\n" * 50_000)
    os.truncate("big.csv", 1 << 36)  # 64 GB, which would take minutes to read
    assert survey()[0].state == "labels in `label`"


@pytest.mark.parametrize(
    "entries", [[FolderEntry("run", "x" * 200, "y" * 200, (NextStep(("watch", "x"), "watch it"),))]]
)
async def test_long_names_and_states_are_cut(entries):
    async with HomeApp(HomeScreen(lambda: entries, "~")).run_test(size=(80, 24)) as pilot:
        line = next(line for line in (await until(pilot, "watch it")).splitlines() if "xxx" in line and "→" in line)
        assert "…" in line


async def test_what_is_chosen_is_shown_beside_the_list_where_there_is_room():
    fill_folder()
    Path("labeled.csv").write_text("text,label\n" + "a good film,pos\n" * 30 + "a bad film,neg\n" * 10)
    async with app(chosen=("data", "labeled.csv")).run_test(size=(120, 40)) as pilot:
        screen = await until(pilot, "3 words are usual")
        assert "classes in label" in screen
        assert "pos 75%" in screen
        assert "“a good film" in screen
    async with app(chosen=("run", "001")).run_test(size=(120, 40)) as pilot:
        screen = await until(pilot, "confusion")
        assert "loss" in screen
        assert "val" in screen
    async with app(chosen=("data", "labeled.csv")).run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt")
        assert "classes in label" not in await until(pilot, "Data files")


async def test_enter_opens_a_thing_escape_goes_back_and_enter_in_it_runs_its_command():
    fill_folder()
    screen = app(chosen=("run", "001"))
    async with screen.run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt eval 001")
        await pilot.press("enter")
        assert "Data files" not in await until(pilot, "loss")
        await pilot.press("escape")
        await until(pilot, "Data files")
        await pilot.press("enter", "enter")
    assert screen.return_value == (NextStep(("eval", "001"), "evaluate it"), ("run", "001"))


async def test_a_command_is_edited_before_it_runs_and_only_ours():
    fill_folder()
    screen = app(chosen=("run", "001"))
    async with screen.run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt eval 001")
        await pilot.press("e", *" --split val", "enter")
    assert screen.return_value is not None
    assert screen.return_value[0].arguments == ("eval", "001", "--split", "val")
    screen = app(chosen=("run", "001"))
    async with screen.run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt eval 001")
        await pilot.press("e", "home", *"rm ", "enter")
        await until(pilot, "only a command that begins with `txt`")
        await pilot.press("escape", "q")
    assert screen.return_value is None


async def test_a_name_with_control_codes_is_not_put_into_a_line_to_edit():
    fill_folder()
    async with app(chosen=("data", HOSTILE)).run_test(size=(80, 24)) as pilot:
        await until(pilot, "␛[31m[bold]‹202E›")
        await pilot.press("e")
        assert "\x1b" not in await until(pilot, "its name has letters that cannot be typed")


async def test_the_list_is_filtered_and_shown_whole_again():
    fill_folder()
    async with app().run_test(size=(80, 24)) as pilot:
        await until(pilot, "Studies")
        await pilot.press("/", *"died", "enter")
        screen = await until(pilot, "filter: died, 1 of")
        assert "002" in screen
        assert "labeled.csv" not in screen
        await pilot.press("escape")
        await until(pilot, "labeled.csv")


async def test_a_run_is_watched_from_the_list_and_q_comes_back_to_it():
    fill_folder()
    screen = app(chosen=("run", "001"))
    async with screen.run_test(size=(80, 24)) as pilot:
        await until(pilot, "$ txt eval 001")
        await pilot.press("w")
        await until(pilot, "learning rate")
        await pilot.press("q")
        await until(pilot, "Data files")


def test_the_trials_of_a_study_stand_below_it():
    fill_folder()
    table = "trial,state,accuracy,half_width,d_model,steps,seconds,runs,reason\n"
    Path("studies/sizes/results.csv").write_text(
        table + "3,done,0.81,,64,10,1.0,001,\n2,done,0.80,,128,10,1.0,002,\n1,failed,,,256,0,1.0,,too large\n"
    )
    studies = [entry for entry in survey() if entry.kind == "study"]
    assert [entry.name for entry in studies] == ["sizes", "└ sizes, place 1", "└ sizes, place 2"]
    assert studies[1].state == "0.810 d_model=64"
    assert studies[1].steps[0].command == "txt watch 001"


def test_a_file_with_runs_says_so_and_is_not_to_be_prepared_first():
    Path("labeled.csv").write_text("text,label\na good film,pos\na bad film,neg\n")
    make_run_folder("001", make_training_events(0.9), day=1, data="labeled.csv")
    entry = next(entry for entry in survey() if entry.name == "labeled.csv")
    assert "1 run, last 001" in entry.state
    assert entry.steps[0].command == "txt train labeled.csv"
