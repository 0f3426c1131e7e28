"""Guides to labeling, right and wrong: a mistake is told with the file, its line and the fix."""

import pytest

from txt.errors import InputError
from txt.labeling.guide import ClassGuide, Guide, parse_markdown_guide, parse_toml_guide, read_guide

TOML = """task = "What does the customer want?"
[[class]]
name = "refund"
belongs = "Wants   money back."
not = "Asks about prices."
examples = ["I want my money back", "refund me"]

[[class]]
name = "other"
"""
MARKDOWN = """# Requests
What does the
customer want?

## refund

Wants
money back.

Not: Asks about prices.

- I want my money back
* refund me

## other ##
"""
MEANT = (
    ClassGuide("refund", "Wants money back.", "Asks about prices.", ("I want my money back", "refund me")),
    ClassGuide("other"),
)


def test_the_same_guide_is_read_from_toml_and_from_markdown():
    assert parse_toml_guide(TOML, "g") == Guide(MEANT, "What does the customer want?", "g")
    assert parse_markdown_guide(MARKDOWN, "g") == Guide(MEANT, "What does the customer want?", "g")


def test_what_belongs_and_what_does_not_may_be_lines_of_one_paragraph():
    found = parse_markdown_guide("## a\nOne.\nnot: two\nthree\n", "g").find("a")
    assert (found.belongs, found.excludes) == ("One.", "two three")


def test_a_class_that_the_guide_lacks_has_nothing_but_its_name():
    assert parse_toml_guide(TOML, "g").find("new") == ClassGuide("new")


@pytest.mark.parametrize(
    ("source", "message", "hint"),
    [
        (TOML.replace("not =", "nott ="), "`g.toml` line 5: unknown key `nott`", "did you mean `not`?"),
        (TOML.replace('"other"', '"refund"'), "`g.toml` line 9: the class `refund` was there before", "leave one"),
        (TOML.replace('"other"', '"othr"'), "`g.toml` line 9: unknown class `othr`", "did you mean `other`?"),
        (TOML.replace('name = "other"', ""), "`g.toml` line 8: a class has no name", "name ="),
        (TOML.replace('belongs = "Wants   money back."', "belongs = 3"), "line 4: `belongs` is not a text", "belongs"),
        (TOML.replace('"refund me"', "2"), "line 6: `examples` is not a list of texts", "examples ="),
        (TOML.replace("[[class]]", "[class]", 1), "`g.toml` line ", None),
        ("task = 3\n" + TOML.partition("\n")[2], "line 1: `task` is not a text", "task ="),
        ("[class]\nname = 'a'", "line 1: `class` is not a list of tables", "two brackets"),
        ("task = 'none'", "`g.toml` has no classes", "[[class]]"),
        ("[[class]\n", "`g.toml` line 1", "toml.io"),
    ],
)
def test_a_mistake_in_toml_is_told_with_its_line(source, message, hint):
    with pytest.raises(InputError) as caught:
        parse_toml_guide(source, "g.toml", ["refund", "other"])
    assert message in caught.value.message
    assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no heading", "`g.md` has no classes"),
        ("## refund\n\n## refund", "`g.md` line 3: the class `refund` was there before"),
        ("## refund\n\n## othre", "`g.md` line 3: unknown class `othre`"),
        ("# Title\n##  \n", "`g.md` line 2: a class has no name"),
    ],
)
def test_a_mistake_in_markdown_is_told_with_its_line(source, message):
    with pytest.raises(InputError, match=message):
        parse_markdown_guide(source, "g.md", ["refund", "other"])


def test_the_ending_of_the_name_says_which_kind_it_is(tmp_path):
    (tmp_path / "g.md").write_text(MARKDOWN)
    (tmp_path / "g.toml").write_text(TOML)
    assert read_guide(tmp_path / "g.md").classes == read_guide(tmp_path / "g.toml").classes == MEANT


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot read the guide"):
        read_guide(tmp_path / "none.toml")
    (tmp_path / "latin.toml").write_bytes(b"task = '\xe9'")
    with pytest.raises(InputError, match="not UTF-8"):
        read_guide(tmp_path / "latin.toml")
