"""Agreement between annotators, against scikit-learn and against the formula written out pair by pair."""

import random
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from tests.labeling.conftest import Open, write_csv
from txt.labeling.agreement import agreement, cohen_kappa, krippendorff_alpha, masi_distance, read_ratings

LABELS = st.sampled_from(["a", "b", "c"])


def brute_force_alpha(ratings) -> float | None:
    """One less the mean disagreement within rows over that of all pairs of labels whatsoever."""
    rows = [list(given.values()) for given in ratings.values() if len(given) > 1]
    all_labels = [label for row in rows for label in row]
    within = sum(sum(a != b for a, b in permutations(row, 2)) / (len(row) - 1) for row in rows) / len(all_labels)
    pairs = list(permutations(all_labels, 2))
    between = sum(a != b for a, b in pairs) / len(pairs)
    return None if between == 0 else 1 - within / between


@settings(max_examples=60)
@given(st.lists(st.tuples(LABELS, LABELS), min_size=2, max_size=40))
def test_kappa_is_scikit_learns(pairs):
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    ours = cohen_kappa(first, second)
    if ours is None:
        assert len({*first, *second}) == 1  # scikit-learn has nothing to say there either, and warns
    else:
        assert ours == pytest.approx(cohen_kappa_score(first, second))


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from("xyz"), LABELS, max_size=3), min_size=1, max_size=12))
def test_alpha_is_that_of_the_formula_written_out(rows):
    ratings = {str(number): given for number, given in enumerate(rows)}
    if sum(len(given) > 1 for given in rows):
        ours, theirs = krippendorff_alpha(ratings), brute_force_alpha(ratings)
        assert ours == (None if theirs is None else pytest.approx(theirs))


def test_alpha_of_krippendorffs_own_example():
    a = [None, None, None, None, None, 3, 4, 1, 2, 1, 1, 3, 3, None, 3]
    b = [1, None, 2, 1, 3, 3, 4, 3, None, None, None, None, None, None, None]
    c = [None, None, 2, 1, 3, 4, 4, None, 2, 1, 1, 3, 3, None, 4]
    ratings = {
        str(unit): {name: str(label) for name, label in zip("abc", labels, strict=True) if label is not None}
        for unit, labels in enumerate(zip(a, b, c, strict=True))
    }
    assert krippendorff_alpha(ratings) == pytest.approx(0.691, abs=5e-4)


SETS = st.frozensets(st.sampled_from("abcd"), min_size=1)


@settings(max_examples=60)
@given(st.lists(st.tuples(SETS, SETS), min_size=2, max_size=15))
def test_alpha_of_sets_is_nltks_with_its_distance(pairs):
    metrics = pytest.importorskip("nltk.metrics.distance")
    task = pytest.importorskip("nltk.metrics.agreement").AnnotationTask
    for first, second in pairs:
        assert masi_distance(first, second) == pytest.approx(metrics.masi_distance(first, second))
    said = [(who, str(row), labels) for row, both in enumerate(pairs) for who, labels in zip("ab", both, strict=True)]
    ours = krippendorff_alpha(
        {str(row): dict(zip("ab", both, strict=True)) for row, both in enumerate(pairs)}, masi_distance
    )
    if len({labels for both in pairs for labels in both}) > 1:
        theirs = task(said, distance=metrics.masi_distance).alpha()
        assert ours == pytest.approx(theirs)
    else:
        assert ours is None  # nothing to tell agreement from chance


@settings(max_examples=40)
@given(st.lists(st.tuples(SETS, SETS), min_size=2, max_size=20))
def test_agreement_on_several_labels_is_kappa_label_by_label_in_whatever_order(pairs):
    ratings = {
        str(row): {"ann": "|".join(sorted(one)), "ben": "|".join(sorted(two, reverse=True))}
        for row, (one, two) in enumerate(pairs)
    }
    found = agreement(ratings, several=True)
    assert found.disputed == sum(one != two for one, two in pairs)
    assert [label.name for label in found.labels] == sorted({name for both in pairs for each in both for name in each})
    kappas = []
    for label in found.labels:
        first, second = ([label.name in both[place] for both in pairs] for place in (0, 1))
        assert label.rows == sum(a or b for a, b in zip(first, second, strict=True))
        if label.kappa is not None:
            assert label.kappa == pytest.approx(cohen_kappa_score(first, second))
            kappas.append(label.kappa)
    assert found.kappa == (pytest.approx(sum(kappas) / len(kappas)) if kappas else None)


def test_two_that_say_none_of_the_labels_are_alike():
    assert masi_distance(frozenset(), frozenset()) == 0
    assert masi_distance(frozenset(), frozenset("a")) == 1


def test_overall_agreement_weighs_pairs_by_the_rows_they_share():
    rng = random.Random(3)
    ratings = {str(row): {"anna": rng.choice("pn"), "ben": rng.choice("pn")} for row in range(30)}
    for row in range(10):
        ratings[str(row)]["carla"] = ratings[str(row)]["anna"]
    found = agreement(ratings)
    assert [(pair.first, pair.second, pair.rows) for pair in found.pairs] == [
        ("anna", "ben", 30),
        ("anna", "carla", 10),
        ("ben", "carla", 10),
    ]
    assert found.pairs[1].kappa == 1.0
    assert found.kappa == pytest.approx(sum(pair.kappa * pair.rows for pair in found.pairs) / 50)
    assert found.rows == 30
    assert agreement({"1": {"anna": "p"}, "2": {"ben": "p"}}) is None


def test_a_store_tells_what_each_said_last_and_leaves_copies_out(open_session: Open, tmp_path):
    path = write_csv(tmp_path / "both.csv", ["good", "bad", "good"])
    anna, ben = open_session(path, annotator="anna"), open_session(path, annotator="ben")
    anna.label("neg")  # row 0, and its twin, row 2
    anna.undo()
    anna.label("pos")
    ben.jump(2)
    ben.label("neg")
    names = [anna.states.row_id(row) for row in range(3)]
    ratings = read_ratings(anna.journal)
    assert ratings[names[0]] == {"anna": "pos"}
    assert names[2] not in ratings
    assert ratings[names[1]] == {"ben": "neg"}
