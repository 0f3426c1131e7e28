"""`txt watch` where there is no terminal, and what is told once the dashboard is closed."""

import json
import subprocess
import sys
import threading

import pytest

from tests.screens.run_record import make_run, record, say_training
from txt.cli import main
from txt.cli.terminal import has_screen
from txt.cli.watch import conclude, train_with_dashboard
from txt.errors import Interrupted, TxtError
from txt.runs.events import from_json
from txt.runs.folder import EventLog
from txt.runs.live import WatchedRun
from txt.runs.state import read_status
from txt.training.process import Trainer, conclusion_path, talk_path


def run(capsys, *arguments) -> tuple[int, str, str]:
    code = main([*map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def finished(tmp_path):
    return make_run(tmp_path, "one", list(record()))


def test_json_is_the_record(finished, capsys):
    code, out, _ = run(capsys, "watch", "one", "--json")
    assert code == 0
    assert [from_json(json.loads(line)) for line in out.splitlines()] == list(finished.events())


def test_without_a_terminal_it_is_lines_and_the_newest_run(finished, capsys):
    code, _, err = run(capsys, "watch")
    assert code == 0
    assert "epoch 5/5" in err
    assert "one: completed" in err


def test_a_run_that_goes_on_is_followed_to_its_end(tmp_path, capsys):
    events = list(record())
    going = make_run(tmp_path, "one", events[:40])
    with EventLog(going) as log:
        say_training(going)

        def go_on():
            for event in events[40:]:
                log.write(event)
            say_training(going, "completed")

        later = threading.Timer(0.6, go_on)
        later.start()
        code, out, _ = run(capsys, "watch", "one", "--json")
        later.join()
    assert code == 0
    assert len(out.splitlines()) == len(events)
    assert read_status(going).state == "completed"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nothing"], "run `nothing` does not exist"),
        (["one", "--speed", "2"], "--speed is for --replay"),
        (["one", "--replay"], "--replay needs a terminal"),
    ],
)
def test_bad_input_is_one_line_and_a_hint(finished, capsys, arguments, told):
    code, out, err = run(capsys, "watch", *arguments)
    assert code == 2
    assert told in err.splitlines()[0]
    assert "hint: " in err
    assert out == ""


def test_no_screen_with_plain_json_ci_or_a_dumb_terminal(monkeypatch):
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    for name in ("CI", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert has_screen(plain=False, as_json=False)
    assert not has_screen(plain=True, as_json=False)
    assert not has_screen(plain=False, as_json=True)
    for name, value in (("CI", "true"), ("TERM", "dumb")):
        monkeypatch.setenv(name, value)
        assert not has_screen(plain=False, as_json=False)
        monkeypatch.delenv(name)


def concluded(run, capsys) -> str:
    watched = WatchedRun(run)
    watched.look()
    conclude(watched)
    out, err = capsys.readouterr()
    return out + err


def test_after_a_finished_run_its_table_is_printed(finished, capsys):
    say_training(finished, "completed", pid=2**22 + 1)
    conclusion_path(finished).write_text("\x1b[1maccuracy\x1b[0m 0.79\n")
    assert "accuracy 0.79" in concluded(finished, capsys)


def test_without_a_table_it_says_what_shows_one(finished, capsys):
    assert "txt eval one" in concluded(finished, capsys)


def test_after_detaching_it_says_how_to_come_back(tmp_path, capsys):
    going = make_run(tmp_path, "one", list(record(50, ends=False)))
    with EventLog(going):
        say_training(going)
        assert "txt watch one" in concluded(going, capsys)


def test_a_run_that_died_ends_with_its_last_words_and_how_to_go_on(tmp_path, capsys):
    dead = make_run(tmp_path, "one", list(record(50, ends=False)))
    talk_path(dead).write_text("something\nerror: no space \x1b[31m left\n")
    with pytest.raises(TxtError, match="died at step 50: no space ␛") as caught:
        concluded(dead, capsys)
    assert caught.value.hint == "txt train --resume one goes on"


def test_a_stopped_run_ends_as_ctrl_c_does(tmp_path, capsys):
    events = list(record(50, ends=False))
    last = vars(list(record())[-1]) | {"status": "interrupted", "step": 50}
    stopped = make_run(tmp_path, "one", [*events, type(list(record())[-1])(**last)])
    with pytest.raises(Interrupted, match="stopped at step 50"):
        concluded(stopped, capsys)


@pytest.mark.parametrize("begun", [False, True], ids=["new", "begun"])
def test_a_run_that_its_own_process_refuses_is_not_left_behind_unless_it_had_begun(tmp_path, monkeypatch, begun):
    refused = make_run(tmp_path, "one", list(record())[:10] if begun else [])
    if not begun:
        refused.events_path.unlink(missing_ok=True)
    refusing = "import sys; print('error: too deep', file=sys.stderr); sys.exit(2)"

    def refuse(run, *_):
        with talk_path(run).open("wb") as said:
            process = subprocess.Popen([sys.executable, "-c", refusing], stderr=said)
        return Trainer(run, process)

    def wait_for_end(run, **_):
        trainers[0].wait()
        return WatchedRun(run)

    trainers: list[Trainer] = []
    monkeypatch.setattr(
        "txt.training.process.start_trainer", lambda *them: trainers.append(refuse(*them)) or trainers[0]
    )
    monkeypatch.setattr("txt.cli.watch.show_dashboard", wait_for_end)
    with pytest.raises(TxtError, match="too deep"):
        train_with_dashboard(refused, None, False)
    assert refused.path.exists() is begun
