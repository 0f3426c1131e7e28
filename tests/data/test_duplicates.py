from collections import Counter, defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from txt.data.duplicates import count_duplicates, find_conflicts, find_overlaps

ROWS = st.lists(st.tuples(st.integers(0, 15), st.integers(-1, 3), st.integers(-1, 3)), max_size=60)


@given(ROWS)
def test_duplicates_conflicts_and_overlaps_agree_with_plain_counting(rows):
    texts = np.array([row[0] for row in rows], np.uint64)
    labels = np.array([row[1] for row in rows], np.int16)
    codes = np.array([row[2] for row in rows], np.int8)
    assert count_duplicates(texts) == len(rows) - len(set(texts.tolist()))

    places = defaultdict(list)
    for place, (text, label, _) in enumerate(rows):
        if label >= 0:
            places[text].append(place)
    conflicting = [tuple(found) for found in places.values() if len({rows[n][1] for n in found}) > 1]
    found = find_conflicts(texts, labels, most=3)
    assert found.count == len(conflicting)
    assert list(found.rows) == conflicting[:3]  # a dict keeps the order in which texts come

    counted = Counter()
    for first, second in ((0, 1), (0, 2), (1, 2)):
        here = {text for text, _, code in rows if code == first}
        counted[first, second] = sum(text in here for text, _, code in rows if code == second)
    assert {(first, second): count for first, second, count in find_overlaps(texts, codes)} == {
        pair: count for pair, count in counted.items() if count
    }
