"""Where conditions fire: each beside the plainest way to say the same."""

import re
import re._casefix as casefix
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textblob import TextBlob

from txt.labeling.rules.conditions import CONDITIONS, ColumnValue, ConditionContext, NumberRange, Regex, parse_range
from txt.labeling.rules.corpus import Corpus, SlowPatternError
from txt.labeling.rules.firing import Firing
from txt.labeling.rules.parse import parse_rules
from txt.labeling.rules.word_index import WORD, fold

IOTA_BELOW = "\u0345"  # a mark that `re` takes for the letter iota without regard to case, and that is in no word
TEXTS = [
    "I want a Refund!",
    "No refunds, not worth it",
    "not\n  worth the money",
    "Worth it. 5/10 :)",
    "disappointing, and disappointed we were",
    "",
]


def corpus(texts=TEXTS, **columns) -> Corpus:
    return Corpus(texts, columns.__getitem__)


def fires(key: str, written, texts=TEXTS, **columns) -> list[int]:
    condition = CONDITIONS[key](written, ConditionContext(list(columns)))
    return np.flatnonzero(condition.fires(corpus(texts, **columns))).tolist()


@pytest.mark.parametrize(
    ("key", "written", "rows"),
    [
        ("keywords", ["refund"], [0]),
        ("keywords", "REFUND*", [0, 1]),
        ("keywords", ["not worth"], [1, 2]),
        ("keywords", ["5/10", ":)"], [3]),
        ("keywords", [":)"], [3]),
        ("keywords", ["disappoint"], []),
        ("keywords", ["disappoint*"], [4]),
        ("keywords", ["worth the mon*"], [2]),
        ("all_keywords", ["not", "refunds"], [1]),
        ("all_keywords", ["not", "refund"], []),
        ("regex", r"refunds?\b", [0, 1]),
        ("regex", "(?-i:Refund)", [0]),
        ("characters", "> 30", [4]),
        ("characters", "<= 0", [5]),
        ("words", "4 to 5", [0, 1, 2, 3, 4]),
    ],
)
def test_conditions_fire_where_they_should(key, written, rows):
    assert fires(key, written) == rows


def test_a_column_has_one_of_some_values_in_any_case():
    columns = {"shop": ["North", "south", "northern", "n.w.", "", "North"]}
    assert fires("column", {"shop": "north"}, **columns) == [0, 5]
    assert fires("column", {"shop": ["north*", "n.w."]}, **columns) == [0, 2, 3, 5]


def test_sentiment_is_textblobs():
    texts = ["great value", "an awful, boring film", "would not recommend", "I don't like it", "the", ""]
    scores = corpus(texts).sentiment
    expected = [TextBlob(text).sentiment for text in texts]
    np.testing.assert_allclose(scores, [[each.polarity, each.subjectivity] for each in expected])
    assert fires("polarity", "> 0.1", texts) == [0]
    assert fires("polarity", "< -0.1", texts) == [1]
    assert fires("subjectivity", ">= 0.5", texts) == [
        row for row, each in enumerate(expected) if each.subjectivity >= 0.5
    ]


words = st.text(st.sampled_from("aAbBsSkKıİiIſµμßẞςσΣ_1'-./*:é\u1fd3\u0390 \n"), min_size=1, max_size=6)
keywords = words.filter(lambda word: word.strip(" \n"))


@settings(max_examples=300)
@given(st.lists(words.map(lambda word: word * 2) | words, min_size=1, max_size=8), keywords)
def test_the_word_index_finds_what_a_search_through_every_text_finds(texts: list[str], keyword: str):
    keyword = " ".join(keyword.split())
    prefix = re.search(r"\w\*\Z", keyword) is not None
    body = keyword[:-1] if prefix else keyword
    pattern = r"\s+".join(re.escape(part) for part in body.split())
    pattern = (r"(?<!\w)" if re.match(r"\w", body[0]) else "") + pattern
    pattern += r"\w*" if prefix else r"(?!\w)" if re.match(r"\w", body[-1]) else ""
    expected = [row for row, text in enumerate(texts) if re.search(pattern, text, re.IGNORECASE)]
    assert fires("keywords", [keyword], texts) == expected


@settings(max_examples=200)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=6), st.data())
def test_any_word_of_any_text_is_found_in_it(texts: list[str], data):
    found = sorted({word for text in texts for word in WORD.findall(text)})
    if found and not any(IOTA_BELOW in text for text in texts):
        word = data.draw(st.sampled_from(found))
        expected = [
            row for row, text in enumerate(texts) if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE)
        ]
        assert fires("keywords", [word], texts) == expected


def test_folding_is_what_re_takes_for_the_same_letter():
    for code in range(sys.maxunicode + 1):
        letter = chr(code)
        if not 0xD800 <= code < 0xE000 and letter != letter.lower():
            folded = fold(letter)
            assert len(folded) == 1
            assert re.fullmatch(re.escape(folded), letter, re.IGNORECASE)
            assert (WORD.match(folded) is None) == (WORD.match(letter) is None)
    for code, others in casefix._EXTRA_CASES.items():
        for other in others:
            if IOTA_BELOW not in (chr(code), chr(other)):
                assert fold(chr(code)) == fold(chr(other))


def test_a_pattern_that_never_ends_is_given_up_and_the_others_go_on():
    texts = ["fine", "a" * 40 + "!", "fine"]
    rules = parse_rules(
        "[[rule]]\nname='endless'\nlabel='x'\nregex='(a+)+$'\n[[rule]]\nname='fine'\nlabel='x'\nregex='fine'\n", "r"
    )
    fired = Firing(corpus(texts)).fire(rules)
    assert fired.slow == {"endless": 1}
    assert fired.fires.tolist() == [[False] * 3, [True, False, True]]
    with pytest.raises(SlowPatternError):
        Regex("(a+)+$").fires(corpus(texts))


def test_unless_takes_rows_away_and_a_row_without_a_text_never_fires():
    rules = parse_rules(
        "[[rule]]\nname='r'\nlabel='x'\ncolumn={shop='n'}\nunless={keywords=['not']}\n", "r", columns=["shop"]
    )
    fired = Firing(corpus(shop=["n"] * 6)).fire(rules)
    assert np.flatnonzero(fired.fires[0]).tolist() == [0, 3, 4]
    assert fired.rows == 5


def test_only_what_an_edit_changed_is_worked_out_anew(monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    before = Regex.fires
    monkeypatch.setattr(Regex, "fires", lambda self, texts: asked.append(self.source) or before(self, texts))
    source = "[[rule]]\nname='a'\nlabel='x'\nregex='refund'\n[[rule]]\nname='b'\nlabel='x'\nregex='worth'\n"
    firing = Firing(corpus())
    first = firing.fire(parse_rules(source, "r"))
    second = firing.fire(parse_rules(source.replace("'b'", "'c'").replace("worth", "money"), "r"))
    assert asked == ["refund", "worth", "money"]
    assert second.fires[0].tolist() == first.fires[0].tolist()


def test_what_made_a_condition_fire_is_told_as_it_stands_in_the_text():
    known = ConditionContext([])
    assert CONDITIONS["keywords"](["not worth", "money"], known).find_matches("Not  worth my MONEY") == [
        "Not  worth",
        "MONEY",
    ]
    assert CONDITIONS["regex"](r"\d+/\d+", known).find_matches("it is 5/10, no 6/10") == ["5/10"]
    assert ColumnValue("shop", ("n",)).find_matches("n") == []


@given(st.floats(-5, 5), st.floats(-5, 5), st.lists(st.floats(-5, 5), min_size=1))
def test_ranges_hold_what_they_say(low: float, high: float, values: list[float]):
    low, high = sorted((round(low, 2), round(high, 2)))
    array = np.array(values)
    assert parse_range(f"> {low:.2f}").contains(array).tolist() == [value > low for value in values]
    assert parse_range(f">={low:.2f}").contains(array).tolist() == [value >= low for value in values]
    assert parse_range(f"< {high:.2f}").contains(array).tolist() == [value < high for value in values]
    assert parse_range(f"{low:.2f} to {high:.2f}") == NumberRange(low, high)
