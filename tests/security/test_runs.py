"""Runs from elsewhere: one bad run is listed as unreadable, and a terminal obeys no field of any of its files."""

import json
import os
import threading
from pathlib import Path

import pytest

from tests.runs.made_runs import make_run_folder, make_training_events
from tests.security.test_surfaces import ALL, OBEYED
from txt.cli import main
from txt.files import encode_line
from txt.runs.events import Acknowledged, Warned
from txt.runs.state import TRAINING, make_own_status, write_status
from txt.runs.summary import UNREADABLE, summarize_runs

HUGE = "1" + "0" * 5000
DEEP = "[" * 100_000
LONE = '"\\ud800"'
ODD = [
    HUGE,
    DEEP,
    LONE,
    "null",
    "true",
    "-1",
    "1e999",
    "NaN",
    "[]",
    "{}",
    '"a\\u0000b"',
    '"0001-01-01T00:00:00"',
    '"x"',
]
TEXT = ALL.replace("\x00", "")

LISTS = [["runs"], ["runs", "--json"], ["runs", "lr>0.001"], ["runs", "--sort", "best"], ["runs", "kettle"]]
ONE = [["runs", "show", "bad"], ["runs", "show", "bad", "--json"], ["runs", "plot", "bad"], ["watch", "bad", "--plain"]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    make_run_folder("good", make_training_events(), test=0.8)
    make_run_folder("bad", make_training_events(), test=0.8)
    return folder


def run_all(commands: list[list[str]], capsys: pytest.CaptureFixture[str]) -> str:
    """Run commands, each of which must end well or with one clear error; returns all that was printed."""
    printed = ""
    for typed in commands:
        code = main(typed)
        out, err = capsys.readouterr()
        assert code in (0, 1, 2), typed
        assert "Traceback" not in err
        obeyed = OBEYED.search(out + err)
        assert obeyed is None, f"{typed}: {(out + err)[max(0, obeyed.start() - 60) : obeyed.end() + 20]!r}"
        printed += out + err
    return printed


def replace_value(path: Path, name: str, written: str) -> None:
    """Give a field of a JSON file another value, as it is written."""
    value = json.loads(path.read_text())
    value[name] = "HERE"
    path.write_text(json.dumps(value).replace('"HERE"', written))


@pytest.mark.parametrize("written", ODD)
def test_a_record_with_an_odd_field_makes_no_list_fail(capsys, written: str):
    path = Path("runs/bad/config.json")
    before = path.read_text()
    for name in ("format", "created", "prepared", "fingerprint", "config"):
        path.write_text(before)
        replace_value(path, name, written)
        states = {summary.name: summary.state.kind for summary in summarize_runs()}
        assert states["good"] == "finished"
        assert "good" in run_all(LISTS[:2], capsys)


@pytest.mark.parametrize("written", [HUGE, DEEP, LONE, "NaN", "[1]", '{"a": 1}'])
@pytest.mark.parametrize("option", ["metric", "learning_rate", "num_layers", "pretrained"])
def test_an_odd_option_of_a_run_makes_it_unreadable_and_the_others_are_listed(capsys, option: str, written: str):
    path = Path("runs/bad/config.json")
    record = json.loads(path.read_text())
    record["config"][option] = "HERE"
    path.write_text(json.dumps(record).replace('"HERE"', written))
    (bad,) = [summary for summary in summarize_runs() if summary.name == "bad"]
    assert bad.state.kind == UNREADABLE
    assert "config.json" in str(bad.problem)
    assert "good" in run_all([*LISTS, *ONE], capsys)


@pytest.mark.parametrize(
    "name", ["config.json", "notes.json", "report.json", "status.json", "events.jsonl", "events.index"]
)
def test_a_file_of_a_run_that_is_rubbish_a_pipe_or_a_folder_makes_no_list_fail(capsys, name: str):
    path = Path("runs/bad") / name
    contents: list = [b"\xff\xfe\x00", DEEP.encode(), HUGE.encode(), b"{}", b"[]", b"null", b'{"a":', b"\n\n{}\n"]
    for content in contents:
        path.write_bytes(content)
        assert "good" in run_all(LISTS[:2], capsys)
    path.unlink()

    def list_runs() -> None:
        assert "good" in {summary.name for summary in summarize_runs()}

    for make in (os.mkfifo, os.mkdir):
        make(path)
        waiting = threading.Thread(target=list_runs, daemon=True)
        waiting.start()
        waiting.join(60)
        assert not waiting.is_alive(), "it waits for ever"
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("written", ODD)
def test_notes_and_reports_with_odd_fields_make_no_list_fail(capsys, written: str):
    Path("runs/bad/notes.json").write_text('{"format": 1, "note": "x", "tags": []}')
    for file, name in (
        ("notes.json", "note"),
        ("notes.json", "tags"),
        ("report.json", "metrics"),
        ("report.json", "rows"),
    ):
        path = Path("runs/bad") / file
        before = path.read_text()
        replace_value(path, name, written)
        assert "good" in run_all([*LISTS[:2], ONE[0]], capsys)
        path.write_text(before)


def test_no_field_of_a_run_is_obeyed_by_the_terminal(capsys):
    run = make_run_folder("bad2", make_training_events(), data="da\x1b[2Jta.csv", test=0.8)
    events = [event.to_json() for event in make_training_events()]
    for event in events:
        for name, value in event.items():
            if isinstance(value, str) and name not in ("event", "metric"):
                event[name] = value + TEXT
    at = events[-1]["step"]
    extra = [
        Warned(time=2000.0, step=at, message=TEXT),
        Acknowledged(time=2000.0, step=at, command=TEXT, value=TEXT, number=TEXT, refused=TEXT),
    ]
    lines = [*events[:-1], *(event.to_json() for event in extra), events[-1]]
    run.events_path.write_bytes(b"".join(map(encode_line, lines)))
    Path("runs/bad2/notes.json").write_text(json.dumps({"format": 1, "note": TEXT, "tags": [TEXT]}))
    record = json.loads(Path("runs/bad2/config.json").read_text())
    record["config"] |= {"pretrained": TEXT, "device": TEXT, "another" + TEXT: TEXT}
    record["fingerprint"] = TEXT
    Path("runs/bad2/config.json").write_text(json.dumps(record))
    for name in ("output.txt", "conclusion.txt"):
        Path("runs/bad2", name).write_text(f"error: {TEXT}\n")
    report = json.loads(Path("runs/bad2/report.json").read_text())
    Path("runs/bad2/report.json").write_text(json.dumps(report | {"verdict": TEXT, "run": TEXT}))
    write_status(run, make_own_status(os.getpid(), TRAINING))
    typed = [[word.replace("bad", "bad2") for word in command] for command in [*LISTS, *ONE]]
    typed += [["runs", "compare", "bad2", "good"], ["runs", TEXT], ["runs", "show", TEXT], ["runs", "export", "--csv"]]
    typed += [["train", "--resume", "bad2"], ["eval", "bad2"], ["predict", "bad2", "x"], ["export", "bad2"], ["doctor"]]
    write_status(run, make_own_status(1 << 22, "failed"))
    printed = run_all(typed, capsys)
    assert "\u241b[31mred" in printed  # shown, not left out


def test_the_table_at_the_end_of_a_training_is_printed_with_its_colours_alone(capsys):
    from txt.cli.watch import _show_conclusion
    from txt.runs.folder import Run

    run = Run.open("good")
    (run.path / "conclusion.txt").write_text(f"\x1b[1mbold\x1b[0m {ALL}")
    write_status(run, make_own_status(1 << 22, "completed"))
    _show_conclusion(run)
    printed = capsys.readouterr().out
    assert "bold" in printed
    assert OBEYED.search(printed) is None


def test_what_is_printed_by_mistake_reaches_no_terminal_as_codes(capsys):
    from txt.cli.console import out, say, talk

    out.print(ALL, markup=False)
    talk.print(ALL, markup=False)
    say(ALL)
    printed = capsys.readouterr()
    assert OBEYED.search(printed.out.replace("\x1b[", "") + printed.err.replace("\x1b[", "")) is None
