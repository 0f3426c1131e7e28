from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.data.split import (
    LEFT_OUT,
    TEST,
    TRAIN,
    UNLABELED,
    VAL,
    Shares,
    SplitRows,
    assign_splits,
    find_repeated,
    is_member,
    mix_keys,
)

TENTHS = Shares(val=0.1, test=0.1)


def rows_of(texts, labels, groups=(), copies=None, given=None):
    texts = np.asarray(texts, np.uint64)
    given = np.full(len(texts), LEFT_OUT, np.int8) if given is None else np.asarray(given, np.int8)
    return SplitRows(
        texts,
        np.asarray(labels, np.int16),
        given,
        [np.asarray(group, np.uint64) for group in groups],
        None if copies is None else np.asarray(copies, bool),
    )


def splits_of(keys, codes):
    """Return the splits in which each key occurs."""
    found: dict[int, set[int]] = {}
    for key, code in zip(keys, codes.tolist(), strict=True):
        if code != LEFT_OUT:
            found.setdefault(key, set()).add(code)
    return found


MANY = st.integers(1, 60).flatmap(
    lambda n: st.tuples(
        st.lists(st.integers(0, 40), min_size=n, max_size=n),  # texts
        st.lists(st.integers(-1, 3), min_size=n, max_size=n),  # labels
        st.lists(st.integers(100, 130), min_size=n, max_size=n),  # groups
        st.integers(0, 5),  # seed
    )
)


@given(MANY)
def test_no_text_and_no_group_is_ever_in_two_splits(many):
    texts, labels, groups, seed = many
    codes = assign_splits(rows_of(texts, labels), TENTHS, seed)
    assert all(len(splits) == 1 for splits in splits_of(texts, codes).values())
    codes = assign_splits(rows_of(texts, labels, [groups]), TENTHS, seed)
    labeled = [
        (text, group, code)
        for text, group, label, code in zip(texts, groups, labels, codes.tolist(), strict=True)
        if label >= 0
    ]
    for place in (0, 1):
        keys = [row[place] for row in labeled]
        assert all(len(splits) == 1 for splits in splits_of(keys, np.array([row[2] for row in labeled])).values())


@given(MANY)
def test_every_labeled_row_has_a_split_and_the_same_seed_gives_the_same(many):
    texts, labels, groups, seed = many
    codes = assign_splits(rows_of(texts, labels, [groups]), TENTHS, seed)
    for label, code in zip(labels, codes.tolist(), strict=True):
        assert code in (TRAIN, VAL, TEST) if label >= 0 else code in (UNLABELED, LEFT_OUT)
    assert np.array_equal(codes, assign_splits(rows_of(texts, labels, [groups]), TENTHS, seed))


@given(MANY, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(many, random):
    texts, labels, _, seed = many
    codes = assign_splits(rows_of(texts, labels), TENTHS, seed)
    order = list(range(len(texts)))
    random.shuffle(order)
    shuffled = assign_splits(rows_of([texts[n] for n in order], [labels[n] for n in order]), TENTHS, seed)
    assert np.array_equal(codes[order], shuffled)


def test_the_split_is_the_same_on_every_platform():
    """These come from a run on x86-64 Linux; nothing in them may depend on the machine or on a library's version."""
    texts = np.arange(40, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    codes = assign_splits(rows_of(texts, np.arange(40) % 2), Shares(0.2, 0.2), seed=42)
    assert "".join(map(str, codes)) == "2200110200220010000110220010000000200101"


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**32 - 1))
def test_keys_are_mixed_as_splitmix64_does(key, seed):
    state = (key + (seed + 1) * 0x9E3779B97F4A7C15) % 2**64
    state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
    assert mix_keys(np.array([key], np.uint64), seed).tolist() == [state ^ state >> 31]


def test_another_seed_gives_another_split():
    texts, labels = np.arange(1000), np.zeros(1000)
    first, second = (assign_splits(rows_of(texts, labels), TENTHS, seed) for seed in (1, 2))
    assert 600 < np.count_nonzero(first == second) < 720  # 0.8² + 0.1² + 0.1² of them by chance


@pytest.mark.parametrize("shares", [TENTHS, Shares(0.15, 0.25), Shares(0.0, 0.5)])
def test_each_class_is_divided_to_the_row_where_no_text_repeats(shares):
    rng = np.random.default_rng(0)
    texts = rng.integers(0, 2**63, 20_000)
    labels = rng.choice(5, 20_000, p=[0.6, 0.2, 0.1, 0.08, 0.02])
    codes = assign_splits(rows_of(texts, labels), shares, seed=7)
    for label in range(5):
        counts = np.bincount(codes[labels == label], minlength=3)
        size = np.count_nonzero(labels == label)
        assert abs(counts[VAL] - size * shares.val) <= 0.5
        assert abs(counts[TEST] - size * shares.test) <= 0.5


def test_classes_keep_their_shares_with_many_duplicates_and_groups():
    rng = np.random.default_rng(0)
    texts = rng.integers(0, 6000, 20_000)  # about 3 copies of each
    labels = np.where(texts % 10 < 7, 0, 1)
    groups = rng.integers(0, 1500, 6000)[texts]
    for keys in ((), (groups,)):
        codes = assign_splits(rows_of(texts, labels, keys), TENTHS, seed=7)
        for label in (0, 1):
            shares = np.bincount(codes[labels == label], minlength=3) / np.count_nonzero(labels == label)
            assert np.allclose(shares, [0.8, 0.1, 0.1], atol=0.02), shares


@pytest.mark.parametrize(("size", "expected"), [(1, [1, 0, 0]), (2, [1, 0, 1]), (3, [1, 1, 1]), (5, [3, 1, 1])])
def test_small_classes_go_to_train_first_then_test_then_val(size, expected):
    codes = assign_splits(rows_of(np.arange(size), np.zeros(size)), TENTHS, seed=1)
    assert np.bincount(codes, minlength=3).tolist() == expected


def test_one_text_that_is_half_the_class_does_not_starve_the_splits():
    texts = [1] * 500 + list(range(10, 510))
    codes = assign_splits(rows_of(texts, np.zeros(1000)), TENTHS, seed=1)
    assert np.bincount(codes, minlength=3).tolist() == [800, 100, 100]


def test_the_same_text_under_different_labels_stays_together():
    texts, labels = [5, 5, 5, *range(100, 200)], [0, 1, 1, *([0, 1] * 50)]
    for seed in range(50):
        assert len(set(assign_splits(rows_of(texts, labels), TENTHS, seed)[:3].tolist())) == 1


def test_given_splits_are_kept_and_what_is_missing_is_cut_off_train():
    given = [TRAIN] * 80 + [TEST] * 20
    codes = assign_splits(rows_of(np.arange(100), np.arange(100) % 2, given=given), Shares(val=0.1, test=0.0), seed=3)
    assert (codes[80:] == TEST).all()
    assert np.bincount(codes[:80]).tolist() == [72, 8]


def test_copies_follow_their_original_and_never_reach_val_or_test():
    originals = np.arange(300)
    texts = np.concatenate([originals, originals + 1000, originals + 2000])
    groups = np.tile(originals, 3)
    copies = np.repeat([False, True, True], 300)
    codes = assign_splits(rows_of(texts, np.zeros(900), [groups], copies), TENTHS, seed=5)
    assert np.bincount(codes[:300]).tolist() == [240, 30, 30]
    for number in range(300):
        expected = TRAIN if codes[number] == TRAIN else LEFT_OUT
        assert codes[300 + number] == codes[600 + number] == expected


def test_copies_of_given_test_rows_are_left_out_even_where_the_source_calls_them_train():
    texts, origins = np.arange(8), np.array([0, 1, 2, 3, 0, 1, 2, 3], np.uint64)
    given = [TRAIN, TRAIN, TEST, VAL] + [TRAIN] * 4
    rows = rows_of(texts, np.arange(8) % 2, [origins], np.arange(8) > 3, given)
    codes = assign_splits(replace(rows, origins=origins), Shares(0, 0), seed=0)
    assert codes.tolist() == [TRAIN, TRAIN, TEST, VAL, TRAIN, TRAIN, LEFT_OUT, LEFT_OUT]


def test_an_unlabeled_row_whose_text_has_a_label_is_left_out():
    codes = assign_splits(rows_of([1, 2, 3, 1, 9], [0, 1, 0, -1, -1]), TENTHS, seed=0)
    assert codes[3:].tolist() == [LEFT_OUT, UNLABELED]


def test_the_units_of_groups_agree_with_a_graph_library():
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    from txt.data.split import _join_units

    rng = np.random.default_rng(1)
    for size in (1, 2, 10, 500, 3000):
        keys = [rng.integers(0, size, size).astype(np.uint64) for _ in range(3)]
        nodes = size + np.cumsum([0, *(size for _ in keys)])
        edges = [(np.arange(size), nodes[place] + key.astype(int)) for place, key in enumerate(keys)]
        ends = [np.concatenate(side) for side in zip(*edges, strict=True)]
        total = int(nodes[-1])
        graph = coo_array((np.ones(len(ends[0])), tuple(ends)), shape=(total, total))
        expected = connected_components(graph, directed=False)[1][:size]
        units = _join_units(keys)
        assert len(np.unique(units)) == len(np.unique(expected)) == len(np.unique(units * total + expected))


@given(st.lists(st.integers(0, 20)), st.lists(st.integers(0, 20)))
def test_repeated_and_member_agree_with_numpy(keys, known):
    keys, known = np.array(keys, np.uint64), np.array(known, np.uint64)
    values, counts = np.unique(keys, return_counts=True)
    assert find_repeated(keys).tolist() == values[counts > 1].tolist()
    assert is_member(keys, np.sort(known)).tolist() == np.isin(keys, known).tolist()
