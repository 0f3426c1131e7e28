from collections import Counter
from functools import partial

import pytest

from txt.data.label_kinds import LabelForm
from txt.data.labels import (
    LabelRules,
    Naming,
    find_form,
    find_lookalikes,
    name_classes,
    name_label_sets,
    parse_missing,
)
from txt.errors import InputError


def name(*written: str, **rules) -> Naming:
    return name_classes(Counter(written), LabelRules(**rules))


def read_as(naming: Naming) -> dict[str, str]:
    return {label: naming.names[place] for label, place in naming.class_of.items()}


@pytest.mark.parametrize(
    ("written", "names"),
    [
        (["b", "a", "b"], ("a", "b")),
        (["10", "9", "-1", "0"], ("-1", "0", "9", "10")),
        (["10", "other", "9", "2.5"], ("2.5", "9", "10", "other")),
        (["01", "02", "10"], ("01", "02", "10")),
        (["nanny", "nullify", "national"], ("nanny", "national", "nullify")),
        (["👨‍👩‍👧", "می‌خواهم"], ("می‌خواهم", "👨‍👩‍👧")),
        ([], ()),
    ],
)
def test_labels_keep_their_names_and_numbers_come_in_order(written, names):
    naming = name(*written)
    assert naming.names == names
    assert naming.notes == ()
    assert all(names[naming.class_of[label]] == label for label in written)


def test_whole_numbers_with_a_point_become_integers_and_it_is_said():
    naming = name("1.0", "0.0", "-1.00", "1")
    assert naming.names == ("-1", "0", "1")
    assert naming.class_of["1.0"] == naming.class_of["1"] == 2
    assert "`-1.00` as `-1`, `0.0` as `0`, `1.0` as `1`" in naming.notes[0]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (["1", "1.0", "2.5", "3"], {"1": "1", "1.0": "1", "2.5": "2.5", "3": "3"}),
        (["1", "01", "002"], {"1": "1", "01": "1", "002": "2"}),
        (["4.5", "4.50", "x"], {"4.5": "4.5", "4.50": "4.5", "x": "x"}),
        (
            ["9007199254740993", "9007199254740992.0"],
            {"9007199254740993": "9007199254740993", "9007199254740992.0": "9007199254740992"},
        ),
        (["1.0", "good"], {"1.0": "1.0", "good": "good"}),
        (["1.0", "1.5", "2.0"], {"1.0": "1.0", "1.5": "1.5", "2.0": "2.0"}),
    ],
)
def test_numbers_of_the_same_value_are_one_class(written, expected):
    naming = name(*written)
    assert read_as(naming) == expected
    assert bool(naming.notes) == (list(expected) != list(expected.values()))


def test_what_cannot_be_seen_makes_no_class_and_it_is_said():
    written = ["good", "good\u200b", "\ufeffgood", "good\xa0", " good ", "go\u00adod", "\u200b", "cafe\u0301", "café"]
    naming = name(*written)
    assert naming.names == ("café", "good")
    assert "\u200b" not in naming.class_of
    assert "6 rows with invisible characters" in naming.notes[0]


@pytest.mark.parametrize("mark", ["nan", "NaN", "null", "NULL", "\\N", "<NA>", "#N/A"])
def test_what_programs_write_for_a_missing_value_is_no_label_and_it_is_said(mark):
    naming = name("a", "b", mark, mark)
    assert naming.names == ("a", "b")
    assert mark not in naming.class_of
    assert f"`{mark}` in 2 rows" in naming.notes[0]
    assert name("a", "b", mark, missing=parse_missing("")).names == tuple(sorted(["a", "b", mark]))
    assert name("a", "b", mark, people=frozenset([mark])).names == tuple(sorted(["a", "b", mark]))


@pytest.mark.parametrize("word", ["None", "none", "N/A", "NA", "-", "?"])
def test_what_may_be_a_class_or_a_missing_value_is_refused_and_settled(word):
    with pytest.raises(InputError) as error:
        name("a", "b", "nan", word, source="f.csv", column="stance")
    assert f"`nan` in 1 row, `{word}` in 1 row" in error.value.message
    assert "column `stance` of `f.csv`" in error.value.message
    assert "--missing " in (error.value.hint or "")
    settled = name("a", "b", "nan", word, missing=parse_missing(f"nan,{word}"))
    assert settled.names == ("a", "b")
    assert word in name("a", "b", word, missing=parse_missing("")).names


@pytest.mark.parametrize(
    ("code", "others"),
    [("-100", "012"), ("99", "12345"), ("-999", ["0", "1"]), ("999.0", "123"), ("98", ["1", "2", "-1"])],
)
def test_numbers_that_stand_for_a_missing_value_are_refused_and_settled(code, others):
    with pytest.raises(InputError, match=f"has `{code}` in 1 row: no label, or classes?"):
        name(code, *others)
    assert name(code, *others, missing=parse_missing(code)).names == tuple(sorted(others, key=int))
    assert len(name(code, *others, missing=parse_missing("")).names) == len(others) + 1
    assert len(name(code, *others, people=frozenset([code])).names) == len(others) + 1


@pytest.mark.parametrize(
    "labels", [["95", "97", "99"], ["10", "50", "100"], ["99", "good"], ["0", "100"], ["1", "2", "30", "99"]]
)
def test_numbers_that_are_not_far_from_others_are_classes(labels):
    assert set(name(*labels).names) == set(labels)


def test_a_number_below_the_first_class_is_told():
    assert "--missing -1" in name("-1", "0", "1", "2").notes[0]
    for labels in (("-1", "0", "1"), ("-2", "-1", "0", "1"), ("-1", "0", "1", "x"), ("0", "1", "2", "3")):
        assert not any("--missing" in note for note in name(*labels).notes)


def test_a_minus_beside_a_plus_is_a_class():
    assert name("+", "-").names == ("+", "-")


def test_missing_values_that_no_row_has_are_refused():
    with pytest.raises(InputError, match="`x`, which no row"):
        name("a", "b", missing=parse_missing("x"))


def test_a_mark_that_is_not_named_is_a_class_and_it_is_said():
    naming = name("a", "b", "nan", "None", missing=parse_missing("None"))
    assert naming.names == ("a", "b", "nan")
    assert "`nan` is read as a class" in naming.notes[0]


@pytest.mark.parametrize("written", [['["a"]', '["b"]', "[]"], ["['a']", "['b']", "[]"], ["[a]", "[b]", "[ ]"]])
def test_lists_of_one_label_are_that_label(written):
    naming = name(*written)
    assert naming.names == ("a", "b")
    assert written[2] not in naming.class_of
    assert "lists of one label" in naming.notes[0]


SEVERAL = [
    (['["a", "b"]', '["a"]'], "as a list", ("a", "b")),
    (["['a', 'b']", "['b']"], "as a list", ("a", "b")),
    (["['a' 'b']", "['b']"], "as a list", ("a", "b")),
    (["[a, b]", "[b]"], "as a list", ("a", "b")),
    (["{'a', 'b'}", "{'b'}"], "as a list", ("a", "b")),
    (["a|b", "a", "b"], "joined by `|`", ("a", "b")),
    (["a|b", "c"], "joined by `|`", ("a", "b", "c")),
    (["a;b", "b;a", "c"], "joined by `;`", ("a", "b", "c")),
    (["late#bad", "bad"], "joined by `#`", ("bad", "late")),
]
DOUBTFUL = [
    (["a, b", "b", "a"], "joined by `,`", ","),
    (["0,3", "3", "0", "17,3", "17"], "joined by `,`", ","),
    (["red/blue", "blue", "red"], "joined by `/`", "/"),
]


@pytest.mark.parametrize(("written", "how", "names"), SEVERAL)
def test_several_labels_are_found_and_told_and_can_be_taken_whole(written, how, names):
    form, told = find_form(dict.fromkeys(written, 10), LabelRules(), None)
    assert how in told
    assert "--no-multi-label" in told
    found = name_label_sets(dict.fromkeys(written, 10), form)
    assert found.names == names
    assert set(name(*written, whole=True).names) == set(written)
    assert set(name(*written, people=frozenset(written)).names) == set(written)
    assert find_form(dict.fromkeys(written, 10), LabelRules(whole=True), None) is None


@pytest.mark.parametrize(("written", "how", "sign"), DOUBTFUL)
def test_what_may_be_several_labels_or_one_is_refused_with_both_readings(written, how, sign):
    with pytest.raises(InputError) as error:
        find_form(dict.fromkeys(written, 10), LabelRules(), None)
    assert how in error.value.message
    assert "--no-multi-label" in (error.value.hint or "")
    assert f"--label-separator {sign}" in (error.value.hint or "").replace("'", "")
    form, _ = find_form(dict.fromkeys(written, 10), LabelRules(), True)
    assert form.sign == sign


@pytest.mark.parametrize("cell", ['{"a": 1}', '[{"rating": 5}]', "{'label': 'bad'}", '[{"start": 0, "labels": ["X"]}]'])
def test_objects_are_no_labels(cell):
    for read in (partial(find_form, wanted=None), name_classes):
        with pytest.raises(InputError, match="have an object in column"):
            read({cell: 5, "good": 5}, rules=LabelRules())
    assert name_classes({cell: 5, "good": 5}, LabelRules(whole=True)).names == tuple(sorted([cell, "good"]))


@pytest.mark.parametrize(
    ("written", "sign"),
    [(["billing, login", "login"], "','"), (["wine & food", "food", "x"], "'&'"), (["red+blue", "red"], "'+'")],
)
def test_one_class_that_may_be_two_is_told_with_the_option_for_each(written, sign):
    notes = name(*written).notes
    assert len(notes) == 1
    assert f"--label-separator {sign}" in notes[0]
    assert "--no-multi-label" in notes[0]
    assert name(*written, whole=True).notes == name(*written, people=frozenset(written)).notes == ()


@pytest.mark.parametrize(
    "written", [["Good, but late", "Bad"], ["Food & Drink", "Travel"], ["1,000", "1"], ["C++", "C"]]
)
def test_one_class_with_a_sign_in_its_name_is_not_worth_a_word(written):
    assert name(*written).notes == ()


@pytest.mark.parametrize(
    ("cell", "hint"),
    [
        ('{"name": "bad", "id": 1}', "--label-column label.name takes a part of it"),
        ('{"labels": ["bad"], "note": ""}', "--label-column label.labels takes a part of it"),
        ('[{"name": "bad"}]', "write the label alone into a column"),
    ],
)
def test_the_hint_names_the_part_of_an_object_where_columns_may_be_paths(cell, hint):
    for source, expected in (("x.jsonl", hint), ("x.csv", "write the label alone into a column")):
        with pytest.raises(InputError) as error:
            name(cell, "good", source=source, column="label")
        assert error.value.hint.startswith(expected)


def test_order_and_repeats_are_of_no_matter_and_a_list_may_be_empty():
    found = name_label_sets(dict.fromkeys(["b|a", "a|b|a", "a", "[]", '["b"]', "nan"], 2), LabelForm())
    assert found.names == ("a", "b")
    sets = found.sets_of
    assert sets["b|a"] == sets["a|b|a"] == (0, 1)
    assert sets["[]"] == ()
    assert sets['["b"]'] == (1,)
    assert "nan" not in sets


@pytest.mark.parametrize(
    "written",
    [
        ["C#", "F#", "other"],
        ["1,0", "1,5", "2,0", "5,0"],
        ["1", "1,5", "2", "2,5"],
        ["Food/Fruit", "Food/Bread", "Food"],
        ["batch #1", "batch #2"],
        ["Arts & Crafts", "Sports"],
        ["comp.sys.mac", "comp.graphics"],
        ["Sales, General", "Legal"],
        ["[other]", "plain"],
    ],
)
def test_names_that_only_look_joined_are_single_labels(written):
    assert find_form(dict.fromkeys(written, 10), LabelRules(), None) is None
    assert set(name(*written).names) == set(written)


def test_labels_that_differ_by_case_or_spaces_are_found():
    assert find_lookalikes(["good", "Good", "bad", "very  good", "Very good ", "GOOD"]) == [
        ("good", "Good", "GOOD"),
        ("very  good", "Very good "),
    ]
