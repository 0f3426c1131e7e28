import re

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.labeling.conftest import write_csv
from txt.data.reading.open_rows import open_rows
from txt.data.reading.rows import ReadingOptions
from txt.errors import InputError
from txt.labeling import query as find
from txt.labeling.query import Filter, mask_states, parse_query, scan_rows

COLUMNS = ("text", "shop", "full name")
WORDS = st.sampled_from(["refund", "Refund", "ÜBER", "über", 'say "so"', "a,b", "line\nbreak", "é", "İ", "x", "re"])


def parse(typed: str):
    return parse_query(typed, COLUMNS, ("pos", "neg"), ("anna",))


def test_filters_are_told_from_words():
    query = parse('is:flagged -label:POS shop:"two words" "full name":x* credit card by:anna')
    assert query.states == (Filter("is", "flagged"), Filter("label", "pos", True), Filter("by", "anna"))
    assert query.columns == (Filter("shop", "two words"), Filter("full name", "x*"))
    assert (query.text, query.regex) == ("credit card", False)


@pytest.mark.parametrize("typed", ["http://example.com", "note: this", "12:30", "a:b", "/", "//"])
def test_words_with_colons_and_slashes_are_words(typed):
    assert (parse(typed).text, parse(typed).regex) == (typed, False)


def test_a_regular_expression_stands_between_slashes():
    query = parse("/re(fund|turn)s?/ is:unlabeled")
    assert (query.text, query.regex) == ("re(fund|turn)s?", True)
    assert query.states == (Filter("is", "unlabeled"),)


@pytest.mark.parametrize("typed", ["/(/", "is:odd", "label:neu", "by:ben"])
def test_what_makes_no_sense_is_refused(typed):
    with pytest.raises(InputError):
        parse(typed)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    texts=st.lists(st.lists(WORDS, max_size=4).map(" ".join), min_size=1, max_size=40),
    typed=WORDS | st.sampled_from(["/re.und/", "/^x/", "shop:s1", "shop:s* refund", "-shop:s1 é", "fund re", "so"]),
    small=st.booleans(),
)
def test_what_is_found_is_what_a_plain_loop_finds(tmp_path, texts, typed, small):
    find_block = (find._FIRST_BLOCK, find._BLOCK)
    find._FIRST_BLOCK = find._BLOCK = 40 if small else find_block[1]
    shops = [f"s{place % 3}" for place in range(len(texts))]
    path = write_csv(tmp_path / "data.csv", texts, shop=shops)
    rows = open_rows(path, ReadingOptions("text"), tmp_path / "index")
    query = parse_query(typed, rows.form.columns, (), ())
    answers = list(scan_rows(path, rows.form, rows.index, query))
    find._FIRST_BLOCK, find._BLOCK = find_block
    expected = []
    for place, (text, shop) in enumerate(zip(texts, shops, strict=True)):
        pattern = re.compile(query.text if query.regex else re.escape(query.text), re.IGNORECASE)
        right_shop = all((shop == "s1" if each.value == "s1" else True) ^ each.negated for each in query.columns)
        if right_shop and pattern.search(text):
            expected.append(place)
    assert np.concatenate([found for found, _ in answers]).tolist() == expected
    assert answers[-1][1] == len(texts)
    rows.close()


def test_filters_on_states_are_the_rows_in_that_state(open_session):
    session = open_session(["a", "b", "c", "b", "e"])
    session.label("pos")
    session.flag()
    session.label("neg")
    session.skip()

    def rows(typed: str) -> list[int]:
        query = parse_query(typed, ("text",), session.classes, session.states.annotators())
        return np.flatnonzero(mask_states(query, session.states)).tolist()

    assert rows("is:labeled") == [0, 1, 3]
    assert rows("is:unlabeled") == [4]
    assert rows("is:skipped") == [2]
    assert rows("is:flagged") == [1]
    assert rows("is:twin") == [3]
    assert rows("-is:labeled -is:skipped") == [4]
    assert rows("label:neg") == [1, 3]
    assert rows("by:anna") == [0, 1, 2, 3]


def test_a_rule_finds_the_rows_on_which_it_fires(open_session):
    session = open_session(["a", "b", "c", "d"])
    fired = {"refund": np.array([True, False, True])}  # the last row came after the rules voted

    def rows(typed: str) -> list[int]:
        query = parse_query(typed, ("text",), session.classes, session.states.annotators(), fired)
        return np.flatnonzero(mask_states(query, session.states)).tolist()

    session.label("pos")
    assert rows("rule:refund") == [0, 2]
    assert rows("rule:Refund is:unlabeled") == [2]
    assert rows("-rule:refund") == [1, 3]
    with pytest.raises(InputError, match="rule:funds is unknown"):
        rows("rule:funds")
    assert parse_query("rule:refund", ("text",), (), ()).text == "rule:refund"  # without rules these are words
