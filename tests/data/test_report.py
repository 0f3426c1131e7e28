import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from txt.data.report import PERCENTILES, compute_percentiles, suggest_max_length


@given(st.lists(st.integers(0, 200), min_size=1))
def test_percentiles_of_a_histogram_are_those_of_the_lengths(lengths):
    expected = np.percentile(lengths, PERCENTILES, method="inverted_cdf").astype(int).tolist()
    assert list(compute_percentiles(np.bincount(lengths)).values()) == expected


def test_no_lengths_have_no_percentiles():
    assert set(compute_percentiles(np.zeros(1, np.int64)).values()) == {0}


def test_the_suggested_length_keeps_99_percent_whole():
    assert suggest_max_length({99: 57}) == 64
    assert suggest_max_length({99: 64}) == 64
    assert suggest_max_length({99: 3}) == 16
