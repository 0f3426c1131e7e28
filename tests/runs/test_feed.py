"""A run's record, followed while it grows."""

import json
import random

import numpy as np
import pytest

from tests.runs.made_runs import started, step
from txt.config import TrainConfig
from txt.files import encode_line
from txt.runs.event_index import ROW, VALUES, count_agreeing_rows, index_path
from txt.runs.events import Evaluation, Saved, Step, Warned
from txt.runs.feed import RunFeed
from txt.runs.folder import EventLog, Run


def events(count=200):
    yield started()
    for number in range(1, count):
        yield step(number)
        if number % 7 == 0:
            yield Warned(time=1.0 + number, step=number, message=f"at {number}, ü")


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Run.new("one") as made:
        made.describe(TrainConfig(), tmp_path, "f")
    return made


def written(run, some):
    some = list(some)
    with EventLog(run) as log:
        for event in some:
            log.write(event)
    return some


def taken(feed):
    """Look until nothing is left; return the steps' numbers and losses, and the other events."""
    steps, losses, others = [], [], []
    while True:
        news = feed.look()
        for piece in news.segments():
            others += [piece.started] if piece.started else []
            steps += piece.steps["step"].tolist()
            losses += piece.steps["values"][:, VALUES.index("loss")].tolist()
            others += piece.others
        if news.share == 1.0:
            return steps, losses, others


def assert_is(found, wanted):
    steps, losses, others = found
    assert steps == [event.step for event in wanted if isinstance(event, Step)]
    assert losses == pytest.approx([event.loss for event in wanted if isinstance(event, Step)], rel=1e-6)
    assert others == [event for event in wanted if not isinstance(event, Step)]


def test_the_table_and_the_lines_say_the_same(run):
    wanted = written(run, events())
    assert count_agreeing_rows(run.events_path) == len(wanted)
    assert_is(taken(RunFeed(run.events_path)), wanted)
    index_path(run.events_path).unlink()
    assert_is(taken(RunFeed(run.events_path)), wanted)


def test_news_come_as_they_are_written(run):
    feed = RunFeed(run.events_path)
    assert not feed.look()
    with EventLog(run) as log:
        for event in events(50):
            log.write(event)
            assert_is(taken(feed), [event])
            assert not feed.look()


def test_an_unfinished_line_waits(run):
    written(run, events(10))
    feed = RunFeed(run.events_path)
    taken(feed)
    line = encode_line(step(10).to_json())
    with run.events_path.open("ab") as file:
        file.write(line[:25])
        file.flush()
        assert not feed.look()
        file.write(line[25:])
    assert_is(taken(feed), [step(10)])


def test_a_record_that_was_replaced_is_read_anew(run):
    written(run, events(30))
    feed = RunFeed(run.events_path)
    taken(feed)
    run.events_path.write_bytes(b"".join(encode_line(event.to_json()) for event in [started(), step(1)]))
    news = feed.look()
    assert news.is_restart
    assert news.steps["step"].tolist() == [1]


@pytest.mark.parametrize("line", [b"{", b"[]", b"7", b"\xff\xff", b'{"event": "step"}', b'{"event": "saved"}', b"{}"])
def test_lines_that_make_no_sense_are_passed_over(run, line):
    written(run, events(5))
    index_path(run.events_path).unlink()
    with run.events_path.open("ab") as file:
        file.write(line + b"\n" + encode_line(step(5).to_json()))
    assert taken(RunFeed(run.events_path))[0][-1] == 5


def test_a_training_that_goes_on_brings_the_table_up_to_date(run):
    first = written(run, events(40))
    table = index_path(run.events_path)
    whole = table.read_bytes()
    for damaged in (whole[: 10 * ROW.size + 3], b"", b"torn", b"\x00" * len(whole)):
        table.write_bytes(damaged)
        first += written(run, [started(39), step(40), Saved(time=9.0, step=40, path="x", best=False)])
        assert count_agreeing_rows(run.events_path) == len(first)
        assert_is(taken(RunFeed(run.events_path)), first)


def test_a_table_of_another_record_is_not_believed(run):
    wanted = written(run, events(40))
    other = run.path / "other.jsonl"
    other.write_bytes(run.events_path.read_bytes().replace(b'"step":3', b'"step": 3'))
    index_path(other).write_bytes(index_path(run.events_path).read_bytes())
    assert count_agreeing_rows(other) == 0
    assert len(taken(RunFeed(other))[0]) == sum(isinstance(event, Step) for event in wanted)


def test_a_table_that_cannot_be_written_costs_nothing_but_itself(run):
    index_path(run.events_path).mkdir()
    wanted = written(run, events(20))
    assert_is(taken(RunFeed(run.events_path)), wanted)


def test_a_long_record_is_read_in_parts_whichever_way(run):
    wanted = written(run, events(9000))
    index_path(run.events_path).unlink()
    feed = RunFeed(run.events_path)
    assert 0 < feed.look().share < 1
    assert_is(taken(RunFeed(run.events_path)), wanted)


def test_cut_at_any_byte_the_record_is_read_to_its_last_whole_line(run):
    evaluation = Evaluation(
        time=3.0,
        step=2,
        epoch=0.2,
        epoch_end=False,
        train_loss=None,
        train_accuracy=None,
        val_loss=1.0,
        metrics={"accuracy": 0.5},
        metric="accuracy",
        score=0.5,
        best=True,
        best_score=0.5,
        confusion=[[1]],
        seconds=0.1,
    )
    written(run, [started(), step(1), step(2), evaluation, step(3)])
    content = run.events_path.read_bytes()
    rng = random.Random(3)
    for cut in rng.sample(range(len(content)), 60):
        run.events_path.write_bytes(content[:cut])
        steps, _, others = taken(RunFeed(run.events_path))
        lines = [json.loads(line) for line in content[:cut].split(b"\n")[:-1]]
        assert steps == [line["step"] for line in lines if line["event"] == "step"]
        assert len(others) == sum(line["event"] != "step" for line in lines)


def test_pieces_begin_where_a_training_goes_on(run):
    written(run, [started(), step(1), step(2), started(1), step(2), Warned(time=2.0, step=2, message="m"), step(3)])
    pieces = list(RunFeed(run.events_path).look().segments())
    assert [piece.started.step if piece.started else None for piece in pieces] == [None, 0, 1]
    assert [piece.steps["step"].tolist() for piece in pieces] == [[], [1, 2], [2, 3]]
    assert [len(piece.others) for piece in pieces] == [0, 0, 1]
    assert all(np.issubdtype(piece.steps["step"].dtype, np.integer) for piece in pieces)
