"""Are rules fast enough to be edited while they run, and do they beat guessing? Exports in all formats as well.

Rows are tweets of the airline data, each with a number behind it so that none repeats. Accuracies are on the airline
data and on sst2's test file, with the votes as they come: majority and priority, beside always guessing the largest
class.

    python benchmarks/rules.py
    python benchmarks/rules.py --rows 10000 --only speed
"""

import argparse
import csv
import os
import random
import select
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from machine import describe_machine

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from txt.config import LABEL_FORMATS, LabelConfig  # noqa: E402
from txt.data.formats.catalog import FORMATS  # noqa: E402
from txt.data.formats.record import LabelTask  # noqa: E402
from txt.data.reading.open_rows import read_to_end  # noqa: E402
from txt.data.reading.rows import ReadingOptions, find_form  # noqa: E402
from txt.labeling.exchange import export_as  # noqa: E402
from txt.labeling.open_labels import open_labels  # noqa: E402
from txt.labeling.rules.analysis import analyze  # noqa: E402
from txt.labeling.rules.corpus import Corpus, read_corpus  # noqa: E402
from txt.labeling.rules.firing import Firing  # noqa: E402
from txt.labeling.rules.judged_rows import find_judged_rows  # noqa: E402
from txt.labeling.rules.parse import parse_rules  # noqa: E402
from txt.labeling.rules.watcher import RuleVotes, RuleWatcher, Watch, start_watching  # noqa: E402
from txt.labeling.side_process import Progress  # noqa: E402

SHARED = ROOT.parent / "shared" / "data"
Line = tuple[str, str, str]

SENTIMENT = '[sentiment]\npositive = "positive"\nnegative = "negative"\n'
NEUTRAL = 'neutral = "neutral"\n'
KEYWORDS = """
[[rule]]
name = "thanks"
label = "positive"
keywords = ["thank*", "great", "love", "awesome", "amazing", "best", "excellent", "appreciate", "kudos"]
unless = { keywords = ["no thanks", "would be great", "not great"] }

[[rule]]
name = "trouble"
label = "negative"
keywords = ["cancel*", "delay*", "lost", "worst", "on hold", "hours", "late", "terrible", "rude", "never", "why"]
"""
REGEX = r"""
[[rule]]
name = "waiting"
label = "negative"
regex = '\b\d+\s*(hours?|hrs?|mins?|minutes?)\b'

[[rule]]
name = "question"
label = "neutral"
regex = '^[^.!]*\?\s*\d*$'
"""


def tweets() -> list[dict[str, str]]:
    with (SHARED / "airline" / "Tweets.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def make_file(path: Path, rows: int) -> Path:
    found, rng = tweets(), random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "airline"])
        for number in range(rows):
            tweet = rng.choice(found)
            writer.writerow([f"{tweet['text']} {number}", tweet["airline"]])
    return path


def speed(folder: Path, rows: int) -> Iterator[Line]:
    """Rows a second, the first time, with the index of words made anew, and with words known."""
    data = make_file(folder / "speed.csv", rows)
    texts = read_corpus(data, find_form(data, ReadingOptions("text"))).texts
    classes = ["negative", "neutral", "positive"]

    def rate(source: str, prepare: Callable[[Corpus], object] = lambda _corpus: None) -> str:
        rules = parse_rules(source, "rules.toml", classes)
        seconds = []
        for _ in range(3):
            corpus = Corpus(texts, lambda _name: [])
            prepare(corpus)
            started = time.perf_counter()
            Firing(corpus).fire(rules)
            seconds.append(time.perf_counter() - started)
        return f"{rows / statistics.median(seconds):,.0f}"

    yield "two keyword rules, first time (words indexed), rows/s", "20,000", rate(KEYWORDS)
    yield "two keyword rules, words known, rows/s", "20,000", rate(KEYWORDS, lambda corpus: corpus.words)
    yield "two regex rules, rows/s", "20,000", rate(REGEX)
    import textblob.en  # noqa: F401  # its three seconds are no part of the rate

    yield "sentiment rules, rows/s", "–", rate(SENTIMENT + NEUTRAL)


def live(folder: Path, rows: int) -> Iterator[Line]:
    """From the moment at which the rules file is written until the votes on all rows are there."""
    data, rules = make_file(folder / "live.csv", rows), folder / "rules.toml"
    source = SENTIMENT + NEUTRAL + KEYWORDS + REGEX
    rules.write_text(source)
    started = time.perf_counter()
    watcher = start_watching(
        Watch(data, find_form(data, ReadingOptions("text")), rules, ("negative", "neutral", "positive"))
    )
    yield "first suggestions", "–", f"{_next_votes(watcher, whole=False) - started:.1f} s"
    yield "first votes on all rows, sentiment too", "–", f"{_next_votes(watcher) - started:.1f} s"
    edits = {
        "a keyword more": source.replace('"great"', '"great", "super"'),
        "ten keywords more": source.replace('"lost"', ", ".join(f'"{word}"' for word in "abcdefghij") + ', "lost"'),
        "an exception away": source.replace("unless", "# unless"),
        "a threshold moved": source.replace(NEUTRAL, NEUTRAL + "threshold = 0.2\n"),
        "a regex changed": source.replace("minutes?", "minutes?|days?"),
        "a rule more, by length": source + "[[rule]]\nname = 'short'\nlabel = 'neutral'\nwords = '< 4'\n",
        "another combination": 'combine = "priority"\n' + source,
    }
    for what, edited in edits.items():
        waited, worked = (
            1000 * statistics.median(each) for each in zip(*_edit(watcher, rules, edited, source), strict=True)
        )
        yield f"edit to votes: {what}", "300 ms", f"{waited:.0f} ms, {worked:.0f} ms of processor"
    watcher.close()


def _edit(watcher: RuleWatcher, rules: Path, edited: str, source: str) -> Iterator[tuple[float, float]]:
    """Make an edit and take it back, a few times; yields the seconds of the edit, and those of processor time."""
    pid = watcher.pid
    for _ in range(3):
        for text in (edited, source):
            beside = rules.with_suffix(".new")
            beside.write_text(text)
            started, busy = time.perf_counter(), _processor_seconds(pid)
            os.replace(beside, rules)
            seconds = _next_votes(watcher) - started
            if text == edited:
                yield seconds, _processor_seconds(pid) - busy


def _processor_seconds(pid: int) -> float:
    """Return the processor time that a process has had, in user and system mode."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _next_votes(watcher: RuleWatcher, *, whole: bool = True) -> float:
    while True:
        select.select([watcher], [], [])
        for answer in watcher.answers():
            if isinstance(answer, RuleVotes) and (answer.whole or not whole):
                return time.perf_counter()
            assert isinstance(answer, RuleVotes | Progress), answer


def accuracy(folder: Path, _rows: int) -> Iterator[Line]:
    """What rules reach beside guessing the largest class, on the rows that they cover and on all."""
    airline = SENTIMENT + NEUTRAL
    both = KEYWORDS + REGEX
    sets = [
        ("airline, sentiment ±0.1 in three classes", SHARED / "airline" / "Tweets.csv", airline),
        ("airline, sentiment ±0.1 without neutral", SHARED / "airline" / "Tweets.csv", SENTIMENT),
        ("airline, keywords and regexes", SHARED / "airline" / "Tweets.csv", both),
        ("airline, all of it, majority", SHARED / "airline" / "Tweets.csv", airline + both),
        ("airline, all, priority", SHARED / "airline" / "Tweets.csv", _rank_rules(airline + both)),
        ("airline, all, weighted", SHARED / "airline" / "Tweets.csv", 'combine = "weighted"\n' + airline + both),
        ("sst2 test, sentiment ±0.1", SHARED / "sst2" / "test.csv", SENTIMENT),
    ]
    for what, path, source in sets:
        yield what, "above guessing", _judge_rules(path, source, folder)


def _rank_rules(source: str) -> str:
    """Let rules by words come before sentiment."""
    return 'combine = "priority"\n' + source.replace(
        'negative = "negative"\n', 'negative = "negative"\npriority = -1\n', 1
    )


def _judge_rules(path: Path, source: str, folder: Path) -> str:
    config = LabelConfig(store=folder / f"{path.parent.name}.db", labels="negative,neutral,positive")
    opened = open_labels(path, config, ReadingOptions(), write=False, need_store=False)
    for _ in read_to_end(opened.rows, opened.asked, opened.kept):
        pass
    states, classes = opened.states()
    rules = parse_rules(source, "rules.toml", classes)
    fired = Firing(read_corpus(path, opened.rows.form)).fire(rules)
    found = analyze(fired, find_judged_rows(states, rules.labels))
    opened.close()
    vote, all_rows = found.vote, found.with_guesses
    return (
        f"{found.decided.used}: right {vote.accuracy.value:.3f} on {found.covered / found.rows:.3f} covered "
        f"(guessing there {vote.guess:.3f}); with guesses {all_rows.value:.3f}, guessing all {found.guessing.value:.3f}"
    )


def formats(folder: Path, rows: int) -> Iterator[Line]:
    """Exports of half-labeled rows."""
    data = make_file(folder / "formats.csv", rows)
    opened = open_labels(data, LabelConfig(labels="negative,positive", annotator="me"), ReadingOptions("text"))
    for _ in read_to_end(opened.rows, opened.asked, opened.kept):
        pass
    session = opened.session()
    session.label_all(session.states.find_rows(session.states.row_ids(_every_second(rows))), "positive")
    task = LabelTask(session.classes)
    for name in LABEL_FORMATS:
        started = time.perf_counter()
        target = folder / f"out{FORMATS[name].suffix}"
        export_as(name, opened.rows, session.states, session.journal, task, target, overwrite=True)
        yield f"export of {rows:,} rows: {name}", "2 s", f"{time.perf_counter() - started:.2f} s"
    opened.close()


def _every_second(rows: int):
    import numpy as np

    return np.arange(0, rows, 2)


PARTS = {"speed": speed, "live": live, "accuracy": accuracy, "formats": formats}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--only", choices=PARTS, action="append")
    options = parser.parse_args()
    print(describe_machine())
    print(f"{options.rows:,} rows\n\n| what | target | measured |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="txt-rules-") as name:
        for part in options.only or PARTS:
            for what, target, measured in PARTS[part](Path(name), options.rows):
                print(f"| {what} | {target} | {measured} |", flush=True)


if __name__ == "__main__":
    main()
