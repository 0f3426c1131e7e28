"""What may be changed in a text, and that everything else comes through byte for byte."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.augmentation.spans import Protection, Splitter


def free_words(text, **protection):
    spans = Splitter(Protection(**protection)).split(text)
    return [spans.pieces[place] for place in spans.free]


@given(st.text())
def test_the_pieces_of_any_text_are_the_text(text):
    spans = Splitter().split(text)
    assert "".join(spans.pieces) == text
    assert set(spans.free) <= set(spans.words)
    assert "".join(Splitter(Protection(pattern=re.compile("a"))).split(text).pieces) == text


@pytest.mark.parametrize(
    "kept",
    [
        "https://t.co/aB3?x=1&y=two",
        "www.example.org/path",
        "someone@example.org",
        "example.com",
        "@UnitedAir",
        "#NeverAgain",
        "😍",
        "👩‍👩‍👧",
        ":-)",
        "&amp;",
        "12,50",
        "B2B",
        "1930s",
        "snake_case",
        "<br/>",
        "电影很好看",
        "映画を見た",
        "ภาพยนตร์",
    ],
)
def test_it_may_not_be_changed(kept):
    assert free_words(f"the film {kept} rolled onwards") == ["the", "film", "rolled", "onwards"]


@pytest.mark.parametrize("word", ["don't", "it’s", "O'Neill's", "Straße", "čas", "фильм", "हिन्दी", "نصّ"])
def test_a_word_is_one_word(word):
    spans = Splitter().split(f"film {word} film")
    assert spans.pieces == ["film", " ", word, " ", "film"]


def test_a_negation_and_what_it_governs_are_protected_up_to_the_end_of_the_clause():
    assert free_words("this is not a very good film today") == ["this", "is", "film", "today"]
    assert free_words("I don't like, really, this film") == ["I", "really", "this", "film"]
    assert free_words("der Film ist kein großer Wurf geworden heute") == ["der", "Film", "ist", "heute"]


def test_keep_and_stopwords_protect_what_they_name():
    assert free_words("order Model X now", pattern=re.compile("Model X")) == ["order", "now"]
    assert free_words("The Film rolled", words=frozenset({"film"})) == ["The", "rolled"]
    assert free_words("nothing matches", pattern=re.compile("")) == free_words("nothing matches")
