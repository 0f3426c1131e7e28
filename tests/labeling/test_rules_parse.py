"""Rules files, right and wrong: a mistake is told with the rule's name, its line and the fix."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import ROOT
from txt.errors import InputError
from txt.labeling.rules.conditions import CONDITIONS, Keywords, NumberRange, Regex, Sentiment
from txt.labeling.rules.parse import TomlLines, parse_rules, read_declared_labels, read_rules

CLASSES, COLUMNS = ["negative", "positive"], ["shop", "stars"]
HEAD = '[[rule]]\nname = "refund"\nlabel = "negative"\n'


def parse(source: str):
    return parse_rules(source, "rules.toml", CLASSES, COLUMNS)


def test_a_whole_file_is_read_as_it_is_written():
    rules = parse(
        'combine = "priority"\n'
        '[[rule]]\nname = "refund"\nlabel = "negative"\nkeywords = ["refund", "not   worth"]\npriority = 3\n'
        'unless = { regex = "no refund" }\n'
        "[[rule]]\nname = 'stars'\nlabel = 'positive'\nregex = '5/5'\nweight = 2\n"
    )
    refund, stars = rules.rules
    assert rules.combine == "priority"
    assert refund.when == Keywords(("refund", "not worth"))
    assert refund.unless == Regex("no refund")
    assert (refund.priority, stars.weight, stars.label) == (3, 2.0, "positive")


def test_the_built_in_sentiment_is_the_guides():
    rules = parse('[sentiment]\npositive = "positive"\nnegative = "negative"').rules
    assert [(rule.name, rule.label) for rule in rules] == [
        ("sentiment-positive", "positive"),
        ("sentiment-negative", "negative"),
    ]
    assert rules[0].when == Sentiment("polarity", NumberRange(low=0.1, low_open=True))
    assert rules[1].when == Sentiment("polarity", NumberRange(high=-0.1, high_open=True))


@pytest.mark.parametrize(
    ("source", "line", "message", "hint"),
    [
        (HEAD.replace("negative", "negatve") + "regex = 'a'", 3, "unknown label `negatve`", "did you mean `negative`?"),
        (HEAD.replace("negative", "spam") + "regex = 'a'", 3, "unknown label `spam`", "negative, positive"),
        (HEAD + "regex = '('", 4, "`regex` is wrong", "missing )"),
        (HEAD + "\n# why\nregex = '('", 6, "`regex` is wrong", "missing )"),
        (HEAD + "regex = 'a'\nkeywords = ['b']", 5, "two conditions, `regex` and `keywords`", "two rules"),
        (HEAD + "regexp = 'a'", 4, "unknown key `regexp`", "did you mean `regex`?"),
        (HEAD, 1, "it has no condition", "keywords"),
        (HEAD + 'regex = "\\bmoney"', 4, "`regex` is wrong", "single quotes"),
        (HEAD + "regex = 'x*'", 4, "`regex` is wrong", "every row"),
        (HEAD + "keywords = []", 4, "`keywords` is wrong", "list of words"),
        (HEAD + "keywords = ['a', ' ']", 4, "`keywords` is wrong", "list of words"),
        (HEAD + "words = 3", 4, "`words` is wrong", '"<= 20"'),
        (HEAD + "polarity = '> high'", 4, "`polarity` is wrong", "> 0.1"),
        (HEAD + "characters = '9 to 3'", 4, "`characters` is wrong", "to"),
        (HEAD + "column = { shp = 'x' }", 4, "`column` is wrong", "did you mean `shop`?"),
        (HEAD + "column = { shop = 'x', stars = '1' }", 4, "`column` is wrong", "one column"),
        (HEAD + "regex = 'a'\npriority = 1.5", 5, "`priority` is not a whole number", "priority = 10"),
        (HEAD + "regex = 'a'\nweight = -1", 5, "`weight` is not a number above 0", "weight = 1.5"),
        (HEAD + "regex = 'a'\nunless = 'b'", 5, "`unless` is wrong", "unless = {"),
        (HEAD + "regex = 'a'\n[rule.unless]\nregex = '['", 6, "`regex` is wrong", "unterminated"),
        (HEAD + "regex = 'a'\n[rule.unless]\nregexx = 'b'", 6, "unknown key `regexx`", "did you mean `regex`?"),
        (HEAD + "regex = 'a'\n" + HEAD + "regex = 'b'", 6, "another rule has this name", "its own"),
        (HEAD + "regex = '''\nlabel = x\n'''\n" + HEAD + "regx = 'b'", 10, "unknown key `regx`", "did you mean"),
        ("[sentiment]\npositive = 'positiv'", 2, "unknown label `positiv`", "did you mean `positive`?"),
        ("[sentiment]\nthreshold = 0.2", 1, "it gives no labels", "positive ="),
        ("[sentiment]\npositive = 'positive'\nthreshold = 7", 3, "`threshold`", "0.1"),
    ],
)
def test_a_mistake_names_the_rule_its_line_and_the_fix(source, line, message, hint):
    with pytest.raises(InputError) as caught:
        parse(source)
    rule = "sentiment" if "[sentiment]" in source else "refund"
    assert caught.value.message.startswith(f"`rules.toml` line {line}, rule `{rule}`: ")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("source", "line", "message", "hint"),
    [
        ("combine = 'sum'\n" + HEAD + "regex = 'a'", 1, "combine is 'sum'", "priority, majority, weighted"),
        ("\nrulez = 1", 2, "unknown key `rulez`", "did you mean `rule`?"),
        ("labels = 'a'", 1, "labels is not a list", "labels = ["),
        (HEAD + 'regex = "\\d"', 4, "in a string", "single quotes"),
        (HEAD + "regex = 'a", 4, "", ""),
        ("[rule]\nname = 'a'", 1, "`rule` is not a list of tables", "[[rule]]"),
        ("[[rule]]\nlabel = 'positive'\nregex = 'a'", 1, "it has no name", "name ="),
    ],
)
def test_a_mistake_outside_of_a_rule_has_its_line_too(source, line, message, hint):
    with pytest.raises(InputError) as caught:
        parse(source)
    assert caught.value.message.startswith(f"`rules.toml` line {line}")
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_file_without_rules_or_that_is_not_there_is_told(tmp_path: Path):
    with pytest.raises(InputError, match="has no rules"):
        parse("")
    with pytest.raises(InputError, match="cannot read"):
        read_rules(tmp_path / "rules.toml")
    (tmp_path / "latin.toml").write_bytes(b"# sch\xf6n\n")
    with pytest.raises(InputError, match="not UTF-8"):
        read_rules(tmp_path / "latin.toml")


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(HEAD + "regex = 'a'\n", encoding="utf-8-sig")
    assert len(read_rules(tmp_path / "rules.toml").rules) == 1


def test_declared_labels_are_known_whatever_else_is_wrong(tmp_path: Path):
    (tmp_path / "rules.toml").write_text("labels = ['a', 'b']\nwrong = 1\n")
    assert read_declared_labels(tmp_path / "rules.toml") == ("a", "b")


def test_the_sample_rules_are_right():
    rules = read_rules(ROOT / "sample_data" / "rules.toml", ["negative", "neutral", "positive"], ["source"])
    assert len(rules.rules) > 5
    assert rules.declared == ("negative", "neutral", "positive")


@given(st.text())
def test_any_text_is_read_or_refused_plainly(source: str):
    told = ""
    try:
        parse(source)
    except InputError as error:
        told = error.message
    assert told.startswith("`rules.toml`") or not told


@given(st.dictionaries(st.sampled_from(["name", "label", *CONDITIONS, "unless", "priority", "weight"]), st.integers()))
def test_values_of_the_wrong_type_are_refused_plainly(values: dict[str, int]):
    with pytest.raises(InputError):
        parse("[[rule]]\n" + "".join(f"{name} = {value}\n" for name, value in values.items()))


def test_lines_are_found_around_strings_of_several_lines():
    source = 'a = """\n[[rule]]\nb = 1\n"""\n[[rule]]\n"name" = \'x\'\n[rule.unless]\nregex = 1\n[[ rule ]]\nname = "y"'
    lines = TomlLines(source)
    assert lines.find("rule", 0) == 5
    assert lines.find("rule", 0, "name") == 6
    assert lines.find("rule", 0, "unless", "regex") == 8
    assert lines.find("rule", 1, "name") == 10
    assert lines.find("rule", 1, "label") == 9
