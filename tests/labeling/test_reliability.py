"""The most probable labels of several people, how reliable each is, and which rows need another opinion."""

import json

import numpy as np
import pytest

from tests.labeling.test_dawid_skene import fit_by_loops, simulate
from txt.labeling.reliability import find_consensus
from txt.labeling.summary import summarize
from txt.wording.labeling import format_summary

PEOPLE, CLASSES = ("anna", "ben", "cleo", "guesser"), ("a", "b", "c")


def rate(count: int) -> tuple[dict[str, dict[str, str]], np.ndarray, np.ndarray]:
    votes, truth, confusion = simulate(count)
    ratings: dict[str, dict[str, str]] = {f"row{item:04}": {} for item in range(count)}
    for item, who, said in zip(votes.items, votes.annotators, votes.labels, strict=True):
        ratings[f"row{item:04}"][PEOPLE[who]] = CLASSES[said]
    return ratings, truth, confusion


def test_the_probabilities_are_those_of_the_formulas():
    ratings, _, _ = rate(60)
    votes, _, _ = simulate(60)
    found = find_consensus(ratings)
    assert found.classes == CLASSES
    np.testing.assert_allclose(found.probabilities, fit_by_loops(votes, {}, 0.1, 200), atol=1e-4)


def test_the_intervals_hold_how_often_people_are_right_and_the_guesser_is_last():
    ratings, truth, _ = rate(800)
    found = find_consensus(ratings)
    assert [each.annotator for each in found.annotators] == list(PEOPLE)
    for each in found.annotators:
        own = [(row, given[each.annotator]) for row, given in sorted(ratings.items()) if each.annotator in given]
        right = np.mean([said == CLASSES[truth[int(row[3:])]] for row, said in own])
        assert each.rows == len(own)
        assert each.right.value == pytest.approx(right, abs=0.08)
        assert each.by_class.keys() == set(CLASSES)
    assert min(found.annotators, key=lambda each: each.right.value).annotator == "guesser"
    assert found.changed > 0


def test_the_weakest_rows_come_first():
    ratings, _, _ = rate(200)
    found = find_consensus(ratings)
    weakest = found.list_weakest(5)
    sure = [probability for _, _, probability in weakest]
    assert sure == sorted(sure)
    assert sure[0] == pytest.approx(found.probabilities.max(1).min())
    row, label, _ = weakest[0]
    assert found.find_label(row)[0] == label


def test_without_a_row_of_two_labels_there_is_nothing_to_tell():
    assert find_consensus({"a": {"anna": "x"}, "b": {"ben": "y"}}) is None
    assert find_consensus({}) is None


def test_stats_tell_how_reliable_each_is_and_which_rows_need_another_opinion(open_session):
    texts = [f"text {place}" for place in range(12)]
    for who in ("anna", "ben", "cleo"):
        session = open_session(texts, who, labels=("neg", "pos"))
        for row in range(12):
            session.jump(row + 1)
            wrong = who == "cleo" and row % 2
            session.label("pos" if (row < 6) != bool(wrong) else "neg")
    numbers = summarize(session.rows.path, session.journal, session.states, session.classes)
    shares = {each.annotator: each.right.value for each in numbers.consensus.annotators}
    assert shares["anna"] == shares["ben"] == 1.0
    assert shares["cleo"] == pytest.approx(0.5)
    assert numbers.weakest == ()
    told = format_summary(numbers, 100).plain
    assert "cleo 50 % [" in told
    value = numbers.to_json()
    assert [each["annotator"] for each in value["reliability"]["annotators"]] == ["anna", "ben", "cleo"]
    json.dumps(value)


def test_a_tie_of_two_people_is_listed_with_its_row(open_session):
    texts = [f"text {place}" for place in range(12)]
    for who in ("anna", "ben"):
        session = open_session(texts, who, labels=("neg", "pos"))
        for row in range(12):
            session.jump(row + 1)
            session.label("pos" if row % 2 or (row == 4 and who == "ben") else "neg")
    numbers = summarize(session.rows.path, session.journal, session.states, session.classes)
    assert [each.row for each in numbers.weakest] == [4]
    assert "another opinion helps most on rows 5 (" in format_summary(numbers, 100).plain
