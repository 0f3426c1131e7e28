"""A record with lines that hold no event: every reader goes past them, and tells how many there are."""

import json

import pytest

from tests.runs.made_runs import evaluation, finished, make_run_folder, make_training_events, started, step
from tests.screens.dashboard_pilot import app_on, shown_after
from txt.cli import main
from txt.files import encode_line
from txt.runs.curves import read_curves
from txt.runs.event_index import count_agreeing_rows, index_path
from txt.runs.events import BadLine, from_json, parse_event
from txt.runs.feed import RecordReader, RunFeed
from txt.runs.folder import EventLog
from txt.runs.state import read_tail


def changed(event, **fields) -> bytes:
    return json.dumps({**event.to_json(), **fields}).encode()


BAD = {
    "not JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "NUL bytes": b"\x00" * 40,
    "not an object": b"[1, 2]",
    "too deep": b"[" * 100_000,
    "too deep within": b'{"event": ' + b"[" * 100_000,
    "no kind": b"{}",
    "a kind that cannot be": b'{"event": []}',
    "fields missing": b'{"event": "evaluation", "time": 1.0}',
    "a word for a number": changed(step(7), loss="low"),
    "a boolean for a number": changed(step(7), loss=True),
    "NaN": changed(step(7), loss=float("nan")),
    "infinity": changed(evaluation(20, 0.5), val_loss=float("inf")),
    "a number too large": changed(step(7), gradient_norm=1e300),
    "a step too large": changed(step(7), step=10**30),
    "a step below zero": changed(step(7), step=-1),
    "a time no calendar has": changed(step(7), time=1e300),
    "a table of scores without accuracy": changed(evaluation(20, 0.5), metrics={}),
    "a score that is a word": changed(evaluation(20, 0.5), metrics={"accuracy": "high"}),
    "a score with a name that no score has": changed(evaluation(20, 0.5), metrics={"accuracy": 1.0, "\x1b[31m": 1.0}),
    "a confusion that is not square": changed(evaluation(20, 0.5), confusion=[[1, 2], [3]]),
    "an empty confusion": changed(evaluation(20, 0.5), confusion=[]),
    "half of a letter": changed(finished(60, 0.8), reason="\ud800"),
}


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make_run_with(*bad: bytes, name: str = "001"):
    """Make the record of a run with bad lines in its middle, and half of a line after its end."""
    run = make_run_folder(name)
    lines = [encode_line(event.to_json()) for event in make_training_events()]
    lines[4:4] = [line + b"\n" for line in bad]
    run.events_path.write_bytes(b"".join(lines) + b'{"event": "fini')
    return run


@pytest.mark.parametrize("line", BAD.values(), ids=BAD)
def test_a_bad_line_is_counted_by_every_reader_and_costs_no_other(line):
    with pytest.raises(BadLine):
        parse_event(line)
    run, events = make_run_with(line), make_training_events()
    reader = RecordReader(run.events_path)
    assert list(reader.read()) == events
    assert reader.bad_lines == 1
    assert list(run.events()) == events
    curves = read_curves(run)
    assert (len(curves.steps), len(curves.epochs), curves.bad_lines) == (12, 3, 1)
    news = RunFeed(run.events_path).look()
    assert (len(news.steps), len(news.others), news.bad_lines) == (12, 5, 1)
    run.events_path.write_bytes(run.events_path.read_bytes().rpartition(b"\n")[0] + b"\n" + line + b"\n")
    assert read_tail(run).finished == events[-1]


def test_kinds_and_fields_of_a_newer_version_are_no_bad_lines():
    assert parse_event(b'{"event": "unheard of", "time": "when"}') is None
    assert parse_event(changed(step(7), colour="red")) == step(7)
    assert from_json({key: value for key, value in finished(60, 0.8).to_json().items() if key != "reason"}) is not None


@pytest.mark.parametrize(
    "command",
    [
        ["watch", "001", "--plain"],
        ["runs", "show", "001"],
        ["runs", "plot", "001"],
        ["runs", "export", "--csv"],
        ["runs", "export", "--tensorboard"],
        ["runs", "compare", "001", "002"],
    ],
    ids=" ".join,
)
def test_commands_tell_how_many_lines_they_left_out(command, capsys):
    make_run_with(*BAD.values())
    make_run_with(name="002")
    assert main(command) == 0
    told = capsys.readouterr()
    assert f"{len(BAD)} lines of events.jsonl are damaged" in " ".join((told.out + told.err).split())
    assert "Traceback" not in told.err


def test_json_of_a_run_has_the_count_and_that_of_a_list_what_was_seen_at_the_end(capsys):
    make_run_with(*BAD.values())
    assert main(["runs", "show", "001", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bad_lines"] == len(BAD)
    killed = make_run_with(name="002")
    killed.events_path.write_bytes(
        b"".join(encode_line(event.to_json()) for event in make_training_events()[:-1]) + b"not an event\n"
    )
    assert main(["runs", "--json"]) == 0
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["runs"]}
    assert found["001"]["state"] == "finished"
    assert found["001"]["problem"] is None
    assert "a line of events.jsonl is damaged" in found["002"]["problem"]


def test_the_dashboard_shows_what_can_be_read_and_tells_the_rest():
    shown = shown_after(app_on(make_run_with(*BAD.values())), size=(120, 40))
    assert f"{len(BAD)} lines of events.jsonl are damaged" in shown
    assert "epoch 3/3" in shown


def test_a_training_goes_on_behind_bad_lines_and_the_table_has_them():
    run = make_run_with(*BAD.values())
    with EventLog(run) as log:
        log.write(started(60))
        log.write(step(65))
    assert count_agreeing_rows(run.events_path) == len(make_training_events()) + len(BAD) + 2
    news = RunFeed(run.events_path).look()
    assert (news.steps["step"].tolist()[-1], news.bad_lines) == (65, len(BAD))


def test_a_damaged_table_is_not_believed():
    run = make_run_with()
    with EventLog(run) as log:
        log.write(started(60))
    table = index_path(run.events_path)
    whole = table.read_bytes()
    for damage in (b"\xff" * 26, b"\x00" * 200):
        table.write_bytes(whole[:50] + damage + whole[50 + len(damage) :])
        news = RunFeed(run.events_path).look()
        assert news.steps["step"].tolist() == list(range(5, 61, 5))
        assert len(news.others) == 6


def test_a_record_that_is_replaced_while_it_is_read_is_read_from_its_start():
    run = make_run_with()
    reader = RecordReader(run.events_path)
    list(reader.read())
    run.events_path.write_bytes(encode_line(started().to_json()))
    assert list(reader.read()) == [started()]
