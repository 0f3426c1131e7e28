import pytest

from txt.errors import InputError
from txt.labeling.actions import ACTIONS
from txt.labeling.classes import (
    ACTION_LETTERS,
    assign_keys,
    assign_mnemonics,
    check_new_class,
    find_class,
    match_classes,
    parse_keys,
    parse_labels,
)


def test_digits_come_first_then_letters_that_no_action_needs():
    keys = list(assign_keys([f"c{number}" for number in range(20)]).values())
    assert keys[:9] == list("123456789")
    assert len(set(keys)) == 20
    assert not set(keys) & set(ACTION_LETTERS)
    assert not set(keys) & {action.key for action in ACTIONS}


def test_keys_of_classes_stay_when_one_is_added():
    before = assign_keys(["a", "b"], {"b": "x"})
    after = assign_keys(["a", "b", "c"], {"b": "x"})
    assert before == {"a": "1", "b": "x"}
    assert after == {"a": "1", "b": "x", "c": "2"}


@pytest.mark.parametrize("names", [["0", "1"], ["-1", "0", "1"], ["5", "4", "3", "2", "1"], ["good", "1", "bad", "2"]])
def test_a_class_that_is_a_digit_gets_this_digit_and_the_key_shown_wins(names):
    keys = assign_keys(names)
    assert len(set(keys.values())) == len(names)
    assert all(keys[name] == name for name in names if len(name) == 1)
    for name, key in keys.items():
        assert find_class(key, names, keys) == name


def test_a_digit_added_later_takes_no_key_from_another_class():
    assert assign_keys(["a", "b", "1"], added={"1"}) == {"a": "1", "b": "2", "1": "3"}
    assert find_class("1", ["a", "b", "1"], {"a": "1", "b": "2", "1": "3"}) == "a"


def test_a_chosen_key_beats_the_name_of_another_class():
    keys = assign_keys(["1", "x"], {"x": "1"})
    assert find_class("1", ["1", "x"], keys) == "x"


def test_the_letter_of_an_action_is_not_the_name_of_a_class():
    assert find_class("s", ["s", "t"], assign_keys(["s", "t"])) is None
    assert find_class("u", [f"{letter}" for letter in "uvw"], {}) is None


def test_every_action_has_a_key_that_no_class_can_take():
    for action in ACTIONS:
        assert len(action.other) > 1 or not action.other.isalnum()


def test_mnemonics_are_letters_of_the_names():
    assert assign_mnemonics(["positive", "negative", "neutral"]) == {"positive": "p", "negative": "n", "neutral": "e"}


@pytest.mark.parametrize("value", ["pos", "pos=", "pos=xy", "odd=x", "pos=x,neg=x", "pos=/", "pos= "])
def test_wrong_keys_are_refused(value):
    with pytest.raises(InputError):
        parse_keys(value, ["pos", "neg"])


def test_keys_are_read():
    assert parse_keys("pos=p, neg=n", ["pos", "neg"]) == {"pos": "p", "neg": "n"}
    assert parse_keys("a=b=x", ["a=b"]) == {"a=b": "x"}


def test_labels_are_read_and_checked():
    assert parse_labels("pos, neg") == ["pos", "neg"]
    for wrong in ("", ",", "pos,pos"):
        with pytest.raises(InputError):
            parse_labels(wrong)


def test_a_new_class_needs_a_name_of_its_own():
    assert check_new_class("  new  class ", ["pos"], multi_label=False) == "new class"
    for wrong in ("", "pos"):
        with pytest.raises(InputError):
            check_new_class(wrong, ["pos"], multi_label=False)
    with pytest.raises(InputError, match="stands between"):
        check_new_class("a|b", ["pos"], multi_label=True)


def test_typed_letters_find_the_class_that_was_meant():
    names = ["card_arrival", "card_linking", "lost_or_stolen_card", "cash_withdrawal", "exchange_rate", "card"]
    assert match_classes("card", names)[0] == "card"
    assert match_classes("lost", names) == ["lost_or_stolen_card"]
    assert match_classes("er", names)[0] == "exchange_rate"
    assert match_classes("cl", names)[0] == "card_linking"
    assert match_classes("zz", names) == []
    assert match_classes("", names) == names
