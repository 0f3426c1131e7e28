"""Labels to look at again, and the decisions of another store."""

import sqlite3
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.labeling.conftest import Open, write_csv
from tests.labeling.test_active import reviews
from txt.data.near_duplicates import LEAST_OVERLAP, near_duplicates
from txt.data.reading.row_index import hash_content
from txt.errors import InputError
from txt.labeling.active.models import TFIDF
from txt.labeling.active.vectors import tfidf
from txt.labeling.agreement import read_ratings
from txt.labeling.review import (
    LabeledRows,
    find_annotator_doubts,
    find_duplicate_doubts,
    find_model_doubts,
    predict_out_of_fold,
    rank_doubts,
)
from txt.labeling.store.journal import Journal, read_current_labels
from txt.labeling.store.merge import merge


def labeled(texts, labels, names=("neg", "pos")) -> LabeledRows:
    hashes = np.array([hash_content(text) for text in texts], np.uint64)
    return LabeledRows(np.arange(len(texts)), texts, np.array(labels), names, hashes)


def flipped(count: int, share: float = 0.05) -> tuple[LabeledRows, np.ndarray]:
    """Reviews of which a share has the other label, and which those are."""
    texts, labels = reviews(count)
    wrong = np.random.default_rng(1).permutation(count)[: int(share * count)]
    labels = labels.copy()
    labels[wrong] = 1 - labels[wrong]
    return labeled(texts, labels), wrong


def test_most_of_the_labels_that_are_offered_first_are_wrong_ones():
    rows, wrong = flipped(600)
    probabilities = predict_out_of_fold(TFIDF, tfidf(rows.texts), rows, 0)
    found = rank_doubts(find_model_doubts(probabilities, rows, "tfidf"), rows, probabilities)
    first = found.rows[:20].tolist()
    assert len(set(first) & set(wrong.tolist())) >= 14
    for row in first:
        assert found.suggestions[row].label != rows.names[rows.labels[row]]


def test_a_text_is_never_judged_by_a_model_that_saw_it():
    texts = ["the same words"] * 40 + [f"other {n} thing" for n in range(40)]
    rows = labeled(texts, [0, 1] * 20 + [0, 1] * 20)
    found = predict_out_of_fold(TFIDF, tfidf(texts), rows, 0)
    assert np.ptp(found[:40, 0]) < 1e-6  # one fold holds them all
    assert np.abs(found[:40, 0] - 0.5).max() < 0.35  # so nothing was learned of these words


def test_a_near_duplicate_with_another_label_is_offered_with_the_label_of_the_majority():
    base = "the delivery was late and the box was badly damaged on one side of it"
    texts = [base, base + "!", base.replace("late", "slow"), "something else entirely, quite unrelated"]
    rows = labeled(texts, [0, 0, 1, 1])
    doubts = find_duplicate_doubts(near_duplicates(texts), rows, None)
    assert [(doubt.place, doubt.says) for doubt in doubts] == [(2, 0)]
    assert doubts[0].reason == "nearly the same as row 1"


WORDS = st.lists(st.sampled_from([f"w{n}" for n in range(12)]), min_size=1, max_size=14).map(" ".join)


@settings(max_examples=40)
@given(st.lists(WORDS, min_size=2, max_size=25))
def test_near_duplicates_are_those_that_share_most_of_their_words_and_pairs(texts):
    groups = near_duplicates(texts)

    def grams(text: str) -> set[str]:
        words = text.split()
        return {*words, *(" ".join(pair) for pair in pairwise(words))}

    for a in range(len(texts)):
        assert groups[a] == groups[texts.index(texts[a])]  # the same text, the same group
        others = [b for b in range(len(texts)) if b != a and groups[b] == groups[a]]
        overlaps = [len(grams(texts[a]) & grams(texts[b])) / len(grams(texts[a]) | grams(texts[b])) for b in others]
        assert not others or max(overlaps) >= LEAST_OVERLAP


def test_texts_without_words_are_nobodys_duplicates():
    assert len(set(near_duplicates(["", "!", "?", "a word"]).tolist())) == 4


def test_rows_that_people_contradict_come_before_those_that_a_model_does():
    rows, _ = flipped(200)
    probabilities = predict_out_of_fold(TFIDF, tfidf(rows.texts), rows, 0)
    by_model = find_model_doubts(probabilities, rows, "tfidf")
    ratings = {"a": {"anna": "neg", "ben": "pos"}, "b": {"anna": "neg", "ben": "neg"}, "gone": {"x": "neg", "y": "pos"}}
    by_people = find_annotator_doubts(ratings, {"a": 150, "b": 151}, rows, probabilities)
    assert [doubt.place for doubt in by_people] == [150]
    assert by_people[0].reason == "anna: neg, ben: pos"
    found = rank_doubts([*by_model, *by_people], rows, probabilities)
    assert found.rows[0] == 150
    assert len(set(found.rows.tolist())) == len(found.rows)


# Two stores


@pytest.fixture
def stores(open_session: Open, tmp_path: Path):
    """Two people label the same file, each in a store of their own."""

    def label(who: str, labels: list[str | None], folder: str):
        (tmp_path / folder).mkdir()
        path = write_csv(tmp_path / folder / "data.csv", ["one", "two", "three", "four"])
        session = open_session(path, annotator=who)
        for row, name in enumerate(labels):
            session.jump(row + 1)
            if name is not None:
                session.label(name)
        return session

    return label


def standing(journal: Journal) -> list[str | None]:
    labels = read_current_labels(journal.path)
    names = [f"{hash_content(text):016x}-0" for text in ("one", "two", "three", "four")]
    return [labels[name].label if name in labels else None for name in names]


def test_what_stood_here_stands_after_a_merge_and_nothing_is_taken_in_twice(stores):
    anna = stores("anna", ["pos", "neg", None, None], "a")
    ben = stores("ben", ["pos", "pos", "neg", None], "b")
    found = merge(anna.journal, ben.journal.path)
    assert (found.decisions, found.new_rows, found.conflicts) == (3, 1, 1)
    assert standing(anna.journal) == ["pos", "neg", "neg", None]
    ratings = read_ratings(anna.journal)
    assert sorted(map(sorted, (each.items() for each in ratings.values()))) == [
        [("anna", "neg"), ("ben", "pos")],
        [("anna", "pos"), ("ben", "pos")],
        [("ben", "neg")],
    ]
    again = merge(anna.journal, ben.journal.path)
    assert again.decisions == 0
    assert standing(anna.journal) == ["pos", "neg", "neg", None]


def test_undo_after_a_merge_takes_back_ones_own_act_as_before(stores):
    anna = stores("anna", ["pos", "neg", None, None], "a")
    ben = stores("ben", [None, "pos", None, None], "b")
    merge(anna.journal, ben.journal.path)
    anna.refresh()
    anna.undo()
    assert standing(anna.journal) == ["pos", "pos", None, None]  # ben's word is what is left
    counted = anna.progress().classes
    assert (counted["pos"], counted["neg"]) == (2, 0)


def test_one_name_for_two_people_who_differ_is_refused_until_one_gets_another(stores):
    here, there = stores("me", ["pos", None, None, None], "a"), stores("me", ["neg", None, None, None], "b")
    with pytest.raises(InputError, match="both stores have labels by `me`"):
        merge(here.journal, there.journal.path)
    assert standing(here.journal) == ["pos", None, None, None]
    merge(here.journal, there.journal.path, "other me")
    assert next(iter(read_ratings(here.journal).values())) == {"me": "pos", "other me": "neg"}


def test_a_file_that_is_no_store_is_refused(stores, tmp_path):
    here = stores("anna", ["pos", None, None, None], "a")
    other = tmp_path / "other.db"
    sqlite3.connect(other).execute("CREATE TABLE x (y)").connection.close()
    with pytest.raises(InputError, match="is not a label store"):
        merge(here.journal, other)
    with pytest.raises(InputError, match="this store itself"):
        merge(here.journal, here.journal.path)
