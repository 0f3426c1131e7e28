import pytest

from txt.data.labels import find_lookalikes, name_classes


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["10", "9", "-1", "0"], ("-1", "0", "9", "10")),
        (["10", "none", "9", "2.5"], ("2.5", "9", "10", "none")),
        (["007", "7"], ("007", "7")),
        ([" a", "a"], (" a", "a")),
        ([], ()),
    ],
)
def test_labels_keep_their_names_and_numbers_come_in_order(written, names):
    naming = name_classes(written)
    assert naming.names == names
    assert naming.note is None
    assert all(names[naming.class_of[label]] == label for label in written)


def test_whole_numbers_with_a_point_become_integers_and_it_is_said():
    naming = name_classes(["1.0", "0.0", "-1.00", "1"])
    assert naming.names == ("-1", "0", "1")
    assert naming.class_of["1.0"] == naming.class_of["1"] == 2
    assert "`-1.00` as `-1`, `0.0` as `0`, `1.0` as `1`" in naming.note


def test_numbers_that_are_not_whole_keep_their_text():
    assert name_classes(["1.0", "1.5", "2.0"]).names == ("1.0", "1.5", "2.0")
    assert name_classes(["1.0", "good"]).names == ("1.0", "good")


def test_labels_that_differ_by_case_or_spaces_are_found():
    assert find_lookalikes(["good", "Good", "bad", "very  good", "Very good ", "GOOD"]) == [
        ("good", "Good", "GOOD"),
        ("very  good", "Very good "),
    ]
