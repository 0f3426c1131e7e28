"""Copies are distinct, changed, equal to no original, and independent of order."""

import numpy as np
import pytest

from txt.augmentation.engine import FLIPPED, REPEATED, UNCHANGEABLE, Engine, Recipe, Row
from txt.augmentation.originals import Originals, hash_keys, make_key

MIX = (("swap", 1), ("delete", 1), ("keyboard", 1))
TEXT = "a film that starts out well and then becomes rather long"


def test_a_copy_depends_on_seed_row_and_number_only():
    engine = Engine(Recipe(MIX))
    alone = engine.copies([Row(7, TEXT, 3)]).copies[0]
    among = Engine(Recipe(MIX)).copies([Row(3, "another text of some words", 2), Row(7, TEXT, 3)]).copies[1]
    assert alone == among
    assert Engine(Recipe(MIX, seed=1)).copies([Row(7, TEXT, 3)]).copies[0] != alone
    assert engine.copies([Row(8, TEXT, 3)]).copies[0] != alone


def test_copies_are_distinct_and_differ_from_their_original():
    copies = Engine(Recipe(MIX)).copies([Row(1, TEXT, 20)]).copies[0]
    keys = [make_key(copy.text) for copy in copies]
    assert len(set(keys)) == len(keys) == 20
    assert make_key(TEXT) not in keys


def test_what_cannot_be_made_is_counted_with_its_reason():
    made = Engine(Recipe((("swap", 1),))).copies([Row(1, "good film", 3), Row(2, "http://x.y 12", 2)])
    assert [len(copies) for copies in made.copies] == [1, 0]
    assert made.missing == {REPEATED: 2, UNCHANGEABLE: 2}


def test_no_copy_equals_an_original(tmp_path):
    path = tmp_path / "keys.npy"
    Originals.write(path, hash_keys([make_key("beta alpha"), make_key("other")]))
    made = Engine(Recipe((("swap", 1),), originals=path)).copies([Row(1, "alpha beta", 1)])
    assert made.copies == [[]]
    assert made.missing == {REPEATED: 1}
    assert Originals.open(path).have(["other", "another"]) == [True, False]
    Originals.write(path, np.zeros(0, np.uint64))
    assert Originals.open(path).have(["other"]) == [False]


def test_copies_whose_predicted_label_flips_are_dropped_and_replaced():
    def first_word(texts):
        return [text.split()[0] for text in texts]

    made = Engine(Recipe((("swap", 1),), check=first_word)).copies([Row(1, "alpha beta gamma delta", 2)])
    assert all(copy.text.startswith("alpha") for copy in made.copies[0])
    assert made.flips > 0
    impossible = Engine(Recipe((("swap", 1),), check=first_word)).copies([Row(1, "alpha beta", 1)])
    assert impossible.missing == {FLIPPED: 1}


def test_a_chain_applies_all_methods_in_turn():
    recipe = Recipe((("delete", 1), ("keyboard", 1)), chain=True)
    copy = Engine(recipe).copies([Row(1, TEXT, 1)]).copies[0][0]
    assert copy.method == "delete+keyboard"
    assert len(copy.text.split()) == len(TEXT.split()) - 1
    assert set(copy.text.split()) - set(TEXT.split())


def test_weights_say_how_often_a_method_is_drawn():
    recipe = Recipe((("swap", 3), ("delete", 1)))
    made = Engine(recipe).copies([Row(number, TEXT, 1) for number in range(400)])
    swaps = sum(copies[0].method == "swap" for copies in made.copies)
    assert swaps == pytest.approx(300, abs=40)


def test_protected_words_stay():
    made = Engine(Recipe(MIX, rate=1.0)).copies([Row(1, "this was not good https://x.y @me 😍 at all", 5)])
    assert made.copies[0]
    for copy in made.copies[0]:
        assert all(part in copy.text for part in ("not good", "https://x.y", "@me", "😍"))
