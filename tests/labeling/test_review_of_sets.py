"""Several labels to look at again: each label is judged by itself, and rows are offered the worst first."""

import numpy as np

from tests.labeling.conftest import Open
from txt.cli.label.review import _read_texts
from txt.data.near_duplicates import near_duplicates
from txt.data.reading.row_index import hash_content
from txt.labeling.plain import PlainLabeling
from txt.labeling.review import Evidence, LabeledRows
from txt.labeling.review_of_sets import review_sets

WORDS = {"late": "late delayed slow", "broken": "broken cracked torn", "rude": "rude angry shouting"}
CLASSES = tuple(WORDS)


def written(sets, rng) -> list[str]:
    """Texts with the words of their labels among others."""
    return [
        " ".join(
            rng.permutation([*(rng.choice(WORDS[name].split()) for name in each), *rng.choice(list("abcdefgh"), 6)])
        )
        for each in sets
    ]


def labeled(texts, sets) -> LabeledRows:
    names = sorted({"|".join(each) for each in sets})
    codes = np.array([names.index("|".join(each)) for each in sets])
    hashes = np.array([hash_content(text) for text in texts], np.uint64)
    return LabeledRows(np.arange(len(texts)) + 100, texts, codes, tuple(names), hashes)


def drawn_sets(rng, count: int) -> list[tuple[str, ...]]:
    return [tuple(name for name in CLASSES if rng.random() < 0.4) for _ in range(count)]


def evidence(rows: LabeledRows, groups=None, ratings=None, places=None) -> Evidence:
    alone = np.arange(len(rows.texts))
    return Evidence(
        _read_texts(rows, ["tfidf"], 0), "tfidf", alone if groups is None else groups, ratings or {}, places or {}
    )


def test_labels_that_were_dropped_and_added_are_found_and_the_right_ones_suggested():
    rng = np.random.default_rng(0)
    right = drawn_sets(rng, 400)
    given = list(right)
    wrong = rng.permutation(400)[:20].tolist()
    for row in wrong:
        name = CLASSES[row % 3]
        given[row] = tuple(each for each in CLASSES if (each in right[row]) != (each == name))
    rows = labeled(written(right, rng), given)
    found = review_sets(rows, CLASSES, evidence(rows), np.zeros(400, bool))
    first = (found.rows[:12] - 100).tolist()
    assert len(set(first) & set(wrong)) >= 11  # one row in twenty by chance
    for row in set(first) & set(wrong):
        said = found.suggestions[row + 100]
        name = CLASSES[row % 3]
        assert (name in said.label.split("|")) == (name in right[row])
        assert name in said.ranked
        assert f"{name} is {'missing' if name in right[row] else 'too much'} (" in said.reason
    assert found.counts["model"] == len(found.rows)


def test_near_duplicates_and_annotators_differ_label_by_label():
    texts = [f"the very same words in a row {'!' * n}" for n in range(3)] + ["something else entirely here"]
    rows = labeled(texts, [("late", "rude"), ("late", "rude"), ("late",), ("broken",)])
    ratings = {"d": {"anna": "broken", "bob": "broken|rude"}}
    said = evidence(rows, near_duplicates(texts), ratings, {"d": 3})
    found = review_sets(rows, CLASSES, said, np.zeros(4, bool))
    assert found.suggestions[102].label == "late|rude"  # `late` is not in doubt
    assert found.suggestions[102].reason.startswith("rude is missing (nearly the same as row 101")
    assert found.counts == {"duplicate": 1, "annotators": 1}
    reviewed = np.array([False, False, True, True])
    assert not len(review_sets(rows, CLASSES, said, reviewed).rows)


def test_without_a_screen_keys_change_the_labels_that_a_row_has(open_session: Open):
    session = open_session(["one text", "two texts"], multi_label=True)
    said: list[str] = []
    PlainLabeling(session, _Answers(["1", "2", "", "<", "2", "", "q"]), said.append).run()
    assert session.states.label(0) == "neg"
    assert "neg; Enter accepts" in "".join(said)


class _Answers(list):
    """Lines that nobody typed."""

    def isatty(self) -> bool:
        return False
