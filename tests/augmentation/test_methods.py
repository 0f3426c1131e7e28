"""Each method: what it changes, what it leaves alone, and that it never fails on any text."""

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.augmentation import typos, words
from txt.augmentation.language_data import list_keyboards, load_keyboard
from txt.augmentation.methods import parse_methods
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Splitter
from txt.errors import InputError

PLAIN = {
    "swap": words.swap,
    "delete": words.delete,
    "repeat": words.repeat,
    "split": words.split,
    "keyboard": typos.make_keyboard_slips("en"),
    "ocr": typos.make_scan_errors("en"),
    "spelling": typos.make_misspell("en"),
    "punctuation": words.add_punctuation,
    "sentence": words.edit_sentences,
}
PROTECTED = ["https://t.co/x1", "@someone", "#tag", "😍", "12.5", "don't", "&amp;", "好的"]

natural = st.lists(
    st.sampled_from([*PROTECTED, "the", "film", "Receive", "because", "it's", "great.", "Über", "\n", "\t", "", "Yes!"])
).map(" ".join)


def edited(method, text, seed=1, rate=0.1):
    return method(Splitter().split(text), RowRng(seed), rate)


@settings(max_examples=60)
@given(st.one_of(st.text(), natural), st.integers(0, 2**32), st.floats(0, 1))
def test_no_text_makes_a_method_fail_lose_a_protected_span_or_vary(text, seed, rate):
    expected = Counter(part for part in text.split() if part in PROTECTED)
    for name, method in PLAIN.items():
        first = edited(method, text, seed, rate)
        assert first == edited(method, text, seed, rate), name
        if first is not None:
            found = Counter(part for part in first.split() if part in PROTECTED)
            assert not expected - found, (name, text, first)


@settings(max_examples=60)
@given(natural, st.integers(0, 1000))
def test_all_but_the_words_stays_byte_for_byte(text, seed):
    for name in ("keyboard", "ocr", "spelling", "swap"):
        changed = edited(PLAIN[name], text, seed)
        if changed is not None:
            spaces = re.findall(r"\s+", text)
            assert re.findall(r"\s+", changed) == spaces, name


def test_swap_exchanges_neighbours_and_loses_nothing():
    text = "alpha beta gamma delta"
    changed = edited(words.swap, text)
    assert sorted(changed.split()) == sorted(text.split())
    assert changed != text


def test_swap_never_moves_a_word_across_a_comma_a_line_or_a_capital():
    assert edited(words.swap, "alpha, beta\ngamma") is None
    assert edited(words.swap, "The film") is None


def test_delete_takes_one_space_along_and_keeps_a_word():
    for seed in range(20):
        assert edited(words.delete, "one two three", seed) in {"two three", "one three", "one two"}
    assert edited(words.delete, "one") is None
    assert edited(words.delete, "it is not good") in {"is not good", "it not good"}


def test_typos_keep_the_case_and_the_first_letter():
    for seed in range(50):
        changed = edited(typos.make_keyboard_slips("en"), "PLANET Planet planet", seed, rate=1)
        for before, after in zip(["PLANET", "Planet", "planet"], changed.split(), strict=True):
            assert after[0] == before[0]
            assert len(after) == len(before)
            assert sum(a != b for a, b in zip(before, after, strict=True)) == 1
            assert (after.isupper(), after.islower()) == (before.isupper(), before.islower())


def test_the_rate_says_how_many_words_change_however_long_the_text():
    text = " ".join(["planet"] * 300)
    changed = edited(typos.make_keyboard_slips("en"), text, rate=0.1)
    assert sum(a != b for a, b in zip(text.split(), changed.split(), strict=True)) == 30


def test_every_keyboard_has_letters_beside_letters_only():
    for language in list_keyboards():
        assert all(keys.isalpha() and key not in keys for key, keys in load_keyboard(language).items())
    with pytest.raises(InputError, match="no keyboard for --language xx"):
        load_keyboard("xx")


def test_sentences_change_places_or_go_but_not_one_with_a_negation():
    text = "It arrived. I did not like it. The box was red."
    found = {edited(words.edit_sentences, text, seed) for seed in range(60)}
    assert "I did not like it. It arrived. The box was red." in found
    assert "It arrived. I did not like it." in found
    assert all("did not like" in each for each in found)


def test_abbreviations_end_no_sentence():
    assert words.split_sentences("Dr. Who met J. Smith. Then he left.")[0] == [
        "Dr. Who met J. Smith.",
        "Then he left.",
    ]
    assert words.split_sentences('"Go!" She went.\n\nAnd then?')[0] == ['"Go!"', "She went.", "And then?"]


def test_punctuation_adds_marks_and_nothing_else():
    text = "what a long and winding road this is"
    changed = edited(words.add_punctuation, text)
    assert "".join(re.findall(r"\w+", changed)) == text.replace(" ", "")
    assert changed != text


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["swap"], (("swap", 1),)),
        (["synonym:2", "delete"], (("synonym", 2), ("delete", 1))),
        (["swap,delete:3"], (("swap", 1), ("delete", 3))),
    ],
)
def test_methods_are_read_with_their_weights(written, expected):
    assert parse_methods(written) == expected


def test_a_wrong_method_is_told_with_all_there_are():
    with pytest.raises(InputError, match="no method `swop`") as told:
        parse_methods(["swop"])
    assert "did you mean `swap`" in told.value.hint
    assert "back-translation" in told.value.hint
    with pytest.raises(InputError, match="labels would be wrong"):
        parse_methods(["antonym"])
    assert parse_methods(["antonym"], allow_label_flips=True)
    for wrong in ("swap:0", "swap:x", "swap:-1"):
        with pytest.raises(InputError, match="weight"):
            parse_methods([wrong])
