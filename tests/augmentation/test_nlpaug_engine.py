"""nlpaug's augmenters under our spans: they edit words, and nothing else in a text."""

import random
import re

import numpy as np
import pytest

from txt.augmentation.engine import Engine, Recipe, Row
from txt.augmentation.methods import METHODS, Setup, parse_methods
from txt.augmentation.nlpaug_engine import _AUGMENTERS, WHY_NOT, check_word_method, make_word_method
from txt.augmentation.recipe import make_recipe
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Splitter
from txt.config import AugmentConfig
from txt.errors import InputError

TEXT = "The restaurant wasn't wonderful,\n\tbecause  @anna waited; see https://t.co/x1 😍 — terrible    service!"
FIXED = ("wasn't", "@anna", "https://t.co/x1", "😍")


@pytest.mark.parametrize("name", list(_AUGMENTERS))
def test_words_change_and_all_else_stays_byte_for_byte(name: str):
    method, changed = make_word_method(name), 0
    for seed in range(30):
        made = method(Splitter().split(TEXT), RowRng(seed), 0.2)
        if made is None:
            continue
        changed += made != TEXT
        assert made == method(Splitter().split(TEXT), RowRng(seed), 0.2)
        for part in FIXED:
            assert part in made
        if name != "split":
            assert re.findall(r"\s+", made) == re.findall(r"\s+", TEXT)
    assert changed > 20


def test_the_generators_of_the_program_are_as_they_were():
    random.seed(5)
    np.random.seed(5)
    before, before_numpy = random.getstate(), np.random.get_state()[1].tolist()
    make_word_method("keyboard")(Splitter().split(TEXT), RowRng(1), 0.2)
    assert random.getstate() == before
    assert np.random.get_state()[1].tolist() == before_numpy


@pytest.mark.parametrize("name", [name for name in METHODS if name not in _AUGMENTERS])
def test_each_other_method_is_refused_with_its_reason(name: str):
    with pytest.raises(InputError, match="--engine nlpaug has no") as error:
        check_word_method(name)
    assert WHY_NOT[name] in error.value.message
    with pytest.raises(InputError, match="--engine nlpaug has no"):
        make_recipe(AugmentConfig(methods=name, engine="nlpaug", allow_label_flips=True), [TEXT])


def test_copies_are_nlpaugs_and_do_not_depend_on_the_order():
    recipe = Recipe(parse_methods(["keyboard,ocr"]), setup=Setup("en", engine="nlpaug"))
    rows = [Row(number, f"{TEXT} {number} more words around it", 2) for number in range(6)]
    together = Engine(recipe).copies(rows).copies
    backwards = Engine(recipe).copies(rows[::-1]).copies[::-1]
    assert together == backwards
    assert all(len(copies) == 2 for copies in together)
    assert {copy.method for copies in together for copy in copies} == {"keyboard", "ocr"}
