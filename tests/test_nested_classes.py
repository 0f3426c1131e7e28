import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.nested_classes import Tree, are_nested, split_levels

CLASSES = ("hardware > printer > paper", "hardware > printer > ink", "hardware > screen", "software", "software > mail")


def test_names_are_split_into_levels():
    assert split_levels("a > b > c") == ("a", "a > b", "a > b > c")
    assert split_levels("a>b") == ("a>b",)
    assert are_nested(CLASSES)
    assert not are_nested(["a", "b", "x > y"])
    assert not are_nested(["a > b", "c > d"])  # nothing shares a parent: an arrow, not levels


@given(st.integers(1, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=None)
def test_a_parent_has_the_sum_of_what_is_below(rows, seed):
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(5), rows)
    tree = Tree(CLASSES)
    sums = dict(zip(tree.nodes, tree.sum_up(probabilities).T, strict=True))
    assert sums["hardware"] + sums["software"] == pytest.approx(np.ones(rows))
    assert sums["hardware > printer"] == pytest.approx(probabilities[:, 0] + probabilities[:, 1])
    assert sums["software"] == pytest.approx(probabilities[:, 3] + probabilities[:, 4])
    assert tree.depth == 3


@given(st.integers(0, 2**32 - 1), st.floats(0.05, 0.99))
@settings(max_examples=100, deadline=None)
def test_an_answer_is_the_deepest_sure_node_on_its_path(seed, threshold):
    tree = Tree(CLASSES)
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(5), 10)
    sums = tree.sum_up(probabilities)
    for row, place in enumerate(tree.decide(probabilities, threshold).tolist()):
        path = [tree.nodes.index(node) for node in split_levels(tree.nodes[place])]
        assert all(sums[row, node] >= threshold for node in path[1:])
        children = np.flatnonzero(tree.parents == place)
        if sums[row, place] >= threshold:
            assert (sums[row, children] < threshold).all()
        else:
            assert len(path) == 1
    likeliest = tree.decide(probabilities, None)
    assert [tree.nodes[place] for place in likeliest] == [CLASSES[number] for number in probabilities.argmax(1)]


def test_a_level_numbers_what_stands_there_and_shallower_classes_stay():
    numbers, names = Tree(CLASSES).number_level(2)
    assert names == ("hardware > printer", "hardware > screen", "software", "software > mail")
    assert numbers.tolist() == [0, 0, 1, 2, 3]
