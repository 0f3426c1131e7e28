"""Codes, markup and turned text in every field of every file that is read reach no terminal, by table."""

import json
import os
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from tests.security.test_surfaces import ALL, OBEYED, painted
from txt.cli import main
from txt.cli.settings import TRUST
from txt.files import encode_line

TEXT = ALL.replace("\x00", "")
ROWS = [(f"a text, number {number}", "ab"[number % 2]) for number in range(40)]

OF_RUNS = [
    [],
    ["runs"],
    ["runs", "--json"],
    ["runs", "show", "bad"],
    ["runs", "show", "bad", "--json"],
    ["runs", "compare", "bad", "good"],
    ["runs", "plot", "bad", "--force"],
    ["watch", "bad", "--plain"],
    ["watch", "bad", "--json"],
    ["eval", "bad"],
    ["predict", "bad", "x"],
    ["train", "--resume", "bad", "--plain"],
]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv(TRUST, "1")
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def check(commands: list[list[str]], capsys: pytest.CaptureFixture[str], changed: str = "") -> str:
    """Run commands, and fail where one ends otherwise than with a code, or prints what a terminal obeys."""
    printed = ""
    for typed in commands:
        code = main(typed)
        assert code in (0, 1, 2), (changed, typed)
        out, err = capsys.readouterr()
        for said in (out, err):
            obeyed = OBEYED.search(said)
            assert obeyed is None, f"{changed}, {typed}: {said[max(0, obeyed.start() - 60) : obeyed.end() + 20]!r}"
        assert "Traceback" not in err, (changed, typed)
        printed += out + err
    return printed


def vary(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield copies of a JSON value in which a string, a key, or a value of another kind is a hostile text."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield (*path, name, "key"), {(f"{key}{TEXT}" if key == name else key): old for key, old in value.items()}
            for where, changed in vary(each, (*path, name)):
                yield where, value | {name: changed}
    elif isinstance(value, list):
        for place, each in enumerate(value[:2]):  # all entries of a list are treated alike
            for where, changed in vary(each, (*path, place)):
                yield where, [*value[:place], changed, *value[place + 1 :]]
    else:
        yield path, f"{value}{TEXT}" if isinstance(value, str) else TEXT


def make_runs() -> Path:
    make_run_folder("good", make_training_events(), test=0.8)
    run = make_run_folder("bad", make_training_events(), test=0.8)
    (run.path / "notes.json").write_text('{"format": 1, "note": "a note", "tags": ["keep"]}')
    status = {
        "format": 1,
        "pid": 1 << 22,
        "host": "h",
        "boot_id": "b",
        "heartbeat": 1.5,
        "state": "training",
        "step": 4,
    }
    (run.path / "status.json").write_text(json.dumps(status))
    return run.path


@pytest.mark.parametrize("name", ["config.json", "notes.json", "report.json", "status.json"])
def test_no_field_of_a_file_of_a_run_is_obeyed(name: str, capsys: pytest.CaptureFixture[str]):
    path = make_runs() / name
    value = json.loads(path.read_text())
    config = value.pop("config", None)
    kept = {} if config is None else {"config": config}
    for where, changed in vary(value):
        path.write_text(json.dumps(changed | kept))
        check(OF_RUNS[1:6], capsys, str(where))
    if config is not None:
        for where, changed in vary({key: each for key, each in config.items() if isinstance(each, str)}):
            path.write_text(json.dumps(value | {"config": config | changed}))
            check(OF_RUNS[1:4], capsys, str(where))
    every = {key: f"{each}{TEXT}" if isinstance(each, str) else each for key, each in value.items()}
    path.write_text(json.dumps(every | kept | {TEXT: TEXT}))
    check(OF_RUNS, capsys, "all of them")


def test_no_field_of_an_event_of_a_training_is_obeyed(capsys: pytest.CaptureFixture[str]):
    path = make_runs() / "events.jsonl"
    events = [event.to_json() for event in make_training_events()]
    kinds = {event["event"]: place for place, event in enumerate(events)}
    for kind, place in kinds.items():
        for where, changed in vary(events[place]):
            (path.parent / "events.index").unlink(missing_ok=True)
            path.write_bytes(b"".join(map(encode_line, [*events[:place], changed, *events[place + 1 :]])))
            check([OF_RUNS[1], OF_RUNS[3], OF_RUNS[7]], capsys, f"{kind} {where}")


def test_no_field_of_a_manifest_of_prepared_data_is_obeyed(capsys: pytest.CaptureFixture[str]):
    from txt.config import PrepareConfig
    from txt.data.prepare import prepare

    Path("data.csv").write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS))
    prepare(Path("data.csv"), PrepareConfig(vocab_size=200), Path("prepared"))
    record = json.loads((make_runs() / "config.json").read_text())
    path = Path("prepared/manifest.json")
    value = json.loads(path.read_text())
    Path("runs/bad/config.json").write_text(
        json.dumps(record | {"prepared": "../../prepared", "fingerprint": value["fingerprint"]})
    )
    for where, changed in vary({key: each for key, each in value.items() if key not in ("config", "reading")}):
        path.write_text(json.dumps(value | changed))
        check([OF_RUNS[1], OF_RUNS[3], OF_RUNS[7]], capsys, str(where))
    path.write_text(json.dumps(value | {"labels": [TEXT, f"b{TEXT}"]}))
    check([*OF_RUNS[:-1], ["lrfind", "prepared", "--epochs", TEXT]], capsys)


def test_no_field_of_a_study_is_obeyed(capsys: pytest.CaptureFixture[str]):
    path = Path("studies") / "theirs" / "study.json"
    path.parent.mkdir(parents=True)
    value = {"format": 1, "prepared": str(Path("prepared").resolve()), "storage": "sqlite:///a.db"}
    (path.parent / "results.csv").write_text(f"number,score,runs\n1,{TEXT},{TEXT}\n")
    for where, changed in [((), value), *vary(value), ((), value | {"storage": None})]:
        path.write_text(json.dumps(changed))
        check(
            [["grid", "--resume", "theirs", "--plain"], ["train", "--from-study", "theirs", "--plain"], ["runs"], []],
            capsys,
            str(where),
        )


NAMED = "[/oops] \x1b[31m \u202e"


def write_sheets(path: Path) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    book.active.title = "one \u202e"
    for name in ("one \u202e", "two \u2066"):
        sheet = book[name] if name in book.sheetnames else book.create_sheet(name)
        sheet.append(["text \u202e", "label [/]"])
        sheet.append([f"text {NAMED.replace(chr(27), '')}", "a"])
    book.save(path)


def write_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        for name in ("one", "two"):
            database.execute(f'CREATE TABLE "{name} {NAMED}" ("text {NAMED}" TEXT, "label {NAMED}" TEXT)')
    database.close()


def write_archive(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("one", "two"):
            archive.writestr(f"{name} {NAMED}.csv", f"text {name} {NAMED},label\nx{NAMED},a\n")


def write_parquet(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({f"text {NAMED}": [TEXT, "b", "c"], f"label {NAMED}": [f"a{NAMED}", "b", "b"]}), path)


def write_classes(path: Path) -> None:
    for name in ("good", "bad"):
        (path / f"{name} {NAMED}".replace("/", "|")).mkdir(parents=True)
        (path / f"{name} {NAMED}".replace("/", "|") / f"1 {NAMED}.txt".replace("/", "|")).write_text(TEXT)
    (path / f"notes {NAMED}.pdf".replace("/", "|")).write_text("x")


DATA: dict[str, Callable[[Path], object]] = {
    "a.csv": lambda path: path.write_text(f'"text {TEXT}","label {NAMED}"\n"{TEXT}","{NAMED}"\n"b","c"\n'),
    "a.jsonl": lambda path: path.write_text(
        "".join(json.dumps({f"text {NAMED}": TEXT + each, f"label {NAMED}": NAMED + each}) + "\n" for each in "ab")
    ),
    "a.json": lambda path: path.write_text(
        json.dumps({TEXT: [{"text": TEXT, "label": NAMED}], NAMED: [{"text": "b"}]})
    ),
    "studio.json": lambda path: path.write_text(
        json.dumps(
            [
                {
                    "data": {"text": TEXT, NAMED: TEXT},
                    "annotations": [
                        {"result": [{"from_name": NAMED, "type": "choices", "value": {"choices": [TEXT]}}]},
                    ],
                }
            ]
        )
    ),
    "a.xlsx": write_sheets,
    "a.sqlite": write_tables,
    "a.zip": write_archive,
    "a.parquet": write_parquet,
    "classes": write_classes,
}


@pytest.mark.parametrize("name", DATA)
def test_no_name_and_no_value_of_a_data_file_is_obeyed(name: str, capsys: pytest.CaptureFixture[str]):
    if name == "a.xlsx":
        pytest.importorskip("openpyxl")
        pytest.importorskip("python_calamine")
    named = f"da\x1b[31mta \u202e[bold] {name}"
    DATA[name](Path(named))
    commands = [
        ["prepare", named, "--dry-run"],
        ["prepare", named, "--dry-run", "--json"],
        ["prepare", named, "--text-column", f"text {NAMED}", "--label-column", f"label {NAMED}", "--dry-run"],
        ["prepare", f"{named}::{NAMED}", "--dry-run"],
        ["label", named, "--stats", "--labels", f"{NAMED},b"],
        ["label", named, "--export", "out.csv"],
        ["label", "nothing.csv", "--import", named],
        ["augment", named, "--preview", "1", "--method", "swap"],
        ["train", named, "--name", TEXT],
        [],
    ]
    assert "\u241b" in check(commands, capsys) or name in ("a.xlsx",)


def test_nothing_in_a_label_store_is_obeyed(capsys: pytest.CaptureFixture[str]):
    from txt.labeling.store.decision import Decision, now, row_id
    from txt.labeling.store.journal import Journal, store_path

    data = Path("data.csv")
    data.write_text("text,label\n" + "".join(f'"{text}",\n' for text, _ in ROWS))
    with Journal.open(store_path(data)) as journal, journal.transaction():
        journal.set_settings(classes=json.dumps([TEXT, "b"]), keys=json.dumps({TEXT: "x"}), text_column="text")
        for number, (text, _) in enumerate(ROWS):
            for kind, value in (("label", (TEXT, "b")[number % 2]), ("note", TEXT)):
                about = {"act": journal.new_act(), "row_id": row_id(text), "annotator": TEXT, "time": now()}
                made = Decision(kind=kind, value=value, suggestion=TEXT, **about)
                journal.append([made])
    commands = [
        ["label", "data.csv", "--stats"],
        ["label", "data.csv", "--stats", "--json"],
        ["label", "data.csv", "--export", "out.jsonl"],
        ["prepare", "data.csv", "--vocab-size", "200"],
        ["label", "data.csv", "--review", "--stats"],
        [],
    ]
    assert "\u241b" in check(commands, capsys)


def test_no_field_of_a_file_of_rules_is_obeyed(capsys: pytest.CaptureFixture[str]):
    Path("data.csv").write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in ROWS))
    rules = {"label": "a", "words": ["text"], "name": "first", "regex": "x+"}
    for name in rules:
        changed = rules | {name: [TEXT] if name == "words" else TEXT}
        del changed["regex" if name != "regex" else "words"]
        written = "".join(f"{key} = {json.dumps(value)}\n" for key, value in changed.items())
        Path("rules.toml").write_text('labels = ["a", "b"]\n[[rule]]\n' + written)
        check([["label", "data.csv", "--rules", "rules.toml", "--stats"]], capsys, name)


def test_no_setting_of_a_folder_and_no_variable_is_obeyed(capsys, monkeypatch: pytest.MonkeyPatch):
    make_runs()
    quoted = json.dumps(TEXT)
    for written in (f"sort = {quoted}", f"{quoted} = 1", f"[{quoted}]\na = 1", f"[runs]\nsort = {quoted}", TEXT):
        Path("txt.toml").write_text(written)
        check([["runs"], ["config"], ["config", "train"]], capsys, written)
    Path("txt.toml").unlink()
    for name in ("TXT_RUNS_SORT", "TXT_SEED", "TXT_TRAIN_EPOCHS", "TXT_RUNS_X", "TXT_TRUST_DATA", "TXT_ALLOWED"):
        monkeypatch.setenv(name, TEXT)
        check([["runs"], ["config"], ["config", "train"], ["doctor"], ["train", "--resume", "bad"]], capsys, name)
        monkeypatch.delenv(name)


def make_hostile_board() -> Any:
    from dataclasses import replace

    from tests.search.test_search_screens import BOARD

    trials = tuple(
        replace(trial, params={NAMED: TEXT, "learning_rate": 0.1}, runs=(TEXT,), reason=TEXT) for trial in BOARD.trials
    )
    return replace(BOARD, name=TEXT, metric=NAMED, trials=trials)


def test_no_name_of_a_study_is_obeyed_where_trials_are_printed(capsys: pytest.CaptureFixture[str]):
    from txt.cli.console import out
    from txt.cli.grid.report import _show_importances, watch_plainly
    from txt.screens.leaderboard import build_trials_table, describe_board, draw_slices

    board = make_hostile_board()
    empty = type(board)(**{**vars(board), "trials": ()})
    watch_plainly([empty, board])
    out.print(build_trials_table(board, 9, 100))
    out.print(describe_board(board), markup=False)
    for part in draw_slices({NAMED: [(TEXT, 0.1, 0.2)], f"{NAMED}2": [(1, 0.1, 0.2), (2, 0.2, 0.3)]}, NAMED, 80):
        out.print(part)
    _show_importances({NAMED: 0.5}, NAMED, out)
    printed = capsys.readouterr()
    assert OBEYED.search(printed.out.replace("\x1b[", "") + printed.err.replace("\x1b[", "")) is None
    assert "[/oops]" in printed.out


async def test_no_name_of_a_study_is_obeyed_on_the_leaderboard():
    import threading

    from tests.screens.pilot import wait_for_text
    from txt.screens.leaderboard import LeaderboardApp

    seen = threading.Event()

    def boards(_stop: object) -> Iterator[Any]:
        yield make_hostile_board()
        seen.wait(60)

    app = LeaderboardApp(boards)
    async with app.run_test(size=(120, 30)) as pilot:
        try:
            await wait_for_text(pilot, "trials ended")
            assert OBEYED.search(painted(app)) is None
        finally:
            seen.set()


async def test_what_a_widget_forgets_to_sanitize_reaches_no_terminal():
    from rich.text import Text
    from textual.widgets import Static

    from txt.screens.app import ThemedApp

    class Forgetful(ThemedApp[None]):
        def compose(self) -> Any:
            yield Static(Text(f"shown {TEXT}"))

    app = Forgetful()
    async with app.run_test(size=(200, 10)) as pilot:
        await pilot.pause()
        shown = painted(app)
        assert "shown" in shown
        assert "␛" in shown
        assert OBEYED.search(shown) is None


async def test_the_home_screen_shows_hostile_names_of_all_that_lies_in_a_folder(monkeypatch: pytest.MonkeyPatch):
    from tests.screens.pilot import wait_for_text
    from txt.folder.survey import survey
    from txt.screens.home.screen import HomeApp, HomeScreen

    make_runs()
    os.rename("runs/bad", f"runs/bad {NAMED}".replace("/oops", "oops"))
    for name, write in DATA.items():
        if name != "a.xlsx":
            write(Path(f"{NAMED.replace('/', '|')}{name}"))
    study = Path("studies") / NAMED.replace("/", "|") / "study.json"
    study.parent.mkdir(parents=True)
    study.write_text(json.dumps({"format": 1, "prepared": TEXT, "storage": None}))
    app = HomeApp(HomeScreen(survey, f"~/{TEXT}"))
    async with app.run_test(size=(120, 50)) as pilot:
        await wait_for_text(pilot, "good")
        for keys in ([], ["down"], ["down"], ["question_mark"], ["escape"]):
            await pilot.press(*keys)
            await pilot.pause()
            assert OBEYED.search(painted(app)) is None
