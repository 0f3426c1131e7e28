"""The process that watches a rules file, talked to as the screen does."""

import os
import select
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.labeling.conftest import write_csv
from tests.waiting import PATIENCE_SECONDS
from txt.data.reading.rows import ReadingOptions, find_form
from txt.labeling.rules.watcher import RulesMistake, RuleVotes, Watch, start_watching
from txt.labeling.side_process import Progress

RULES = "[[rule]]\nname='refund'\nlabel='neg'\nkeywords=['refund']\n"
TEXTS = ["a refund, please", "so good", "Refund!", "good, no refund"]


class Talk:
    def __init__(self, data: Path, rules: Path) -> None:
        self.rules = rules
        watch = Watch(data, find_form(data, ReadingOptions("text")), rules, ("neg", "pos"))
        self.watcher = start_watching(watch)

    def answer(self) -> RuleVotes | RulesMistake:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            if select.select([self.watcher], [], [], 0.2)[0]:
                for answer in self.watcher.answers():
                    if not isinstance(answer, Progress):
                        return answer
        raise AssertionError("no answer came")

    def edit(self, source: str) -> RuleVotes | RulesMistake:
        beside = self.rules.with_suffix(".new")
        beside.write_text(source)
        os.replace(beside, self.rules)
        return self.answer()


@pytest.fixture
def talk(tmp_path: Path) -> Iterator[Talk]:
    (tmp_path / "rules.toml").write_text(RULES)
    data = write_csv(tmp_path / "data.csv", TEXTS, split=["train", "test", "train", "train"])
    talking = Talk(data, tmp_path / "rules.toml")
    yield talking
    talking.watcher.close()


def fires(voted: RuleVotes | RulesMistake) -> list[list[int]]:
    assert isinstance(voted, RuleVotes), voted
    return [np.flatnonzero(line).tolist() for line in voted.unpack().fires]


def test_an_edit_is_answered_and_a_mistake_is_told(talk: Talk):
    first = talk.answer()
    assert fires(first) == [[0, 2, 3]]
    assert first.find_held_out().tolist() == [False, True, False, False]
    assert fires(talk.edit(RULES + "unless={keywords=['no refund']}\n")) == [[0, 2]]
    wrong = talk.edit(RULES.replace("neg", "negg"))
    assert isinstance(wrong, RulesMistake)
    assert "line 3" in wrong.message
    assert fires(talk.edit(RULES + "[[rule]]\nname='g'\nlabel='pos'\nregex='good$'\n")) == [[0, 2, 3], [1]]


def test_a_further_class_makes_its_rules_right(talk: Talk):
    talk.answer()
    assert isinstance(talk.edit(RULES.replace("neg", "new")), RulesMistake)
    talk.watcher.send(("neg", "pos", "new"))
    assert fires(talk.answer()) == [[0, 2, 3]]


def test_a_file_that_goes_away_is_told_and_taken_up_again(talk: Talk):
    talk.answer()
    talk.rules.unlink()
    gone = talk.answer()
    assert isinstance(gone, RulesMistake)
    assert "cannot read" in gone.message
    assert fires(talk.edit(RULES)) == [[0, 2, 3]]


def test_the_head_of_a_big_file_comes_first(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    talking = Talk(write_csv(tmp_path / "big.csv", TEXTS * 3000), tmp_path / "rules.toml")
    head, whole = talking.answer(), talking.answer()
    talking.watcher.close()
    assert (head.whole, head.count) == (False, 2000)
    assert (whole.whole, whole.count) == (True, 12_000)
    assert fires(whole)[0][: len(fires(head)[0])] == fires(head)[0]
