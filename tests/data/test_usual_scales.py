"""Hints name classes of usual scales from low to high."""

import pytest

from txt.data.labels import LabelRules, order_classes
from txt.data.usual_scales import sort_by_scale
from txt.errors import InputError


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("High", "Low", "Medium"), ("Low", "Medium", "High")),
        (("negative", "neutral", "positive", "very_negative"), ("very_negative", "negative", "neutral", "positive")),
        (("agree", "disagree", "neutral"), ("disagree", "neutral", "agree")),
        (("apple", "low", "pear"), ("apple", "low", "pear")),
        (("high", "low", "never"), ("high", "low", "never")),
    ],
)
def test_names_of_one_scale_are_sorted_and_others_left(names, found):
    assert sort_by_scale(names) == found


def test_the_hint_of_names_without_an_order_can_be_typed_as_it_is():
    with pytest.raises(InputError) as error:
        order_classes(("high", "low", "medium"), LabelRules(), None)
    assert error.value.hint.endswith("--order low,medium,high")
    assert order_classes(("high", "low", "medium"), LabelRules(), "low,medium,high") == ("low", "medium", "high")
