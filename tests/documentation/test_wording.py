"""One word for one thing: the glossary's other words appear in no help, message or screen."""

import re

import pytest

from tests.documentation.pages import DOCS, PAGES, list_messages, read_prose

GLOSSARY = (DOCS / "glossary.md").read_text(encoding="utf-8")
WORD_LISTS = {
    "txt/data/reading/column_names.py",
    "txt/data/reading/split_column.py",
    "txt/data/reading/kinds/text_folder.py",
}
"""Modules that know the words of others, which stand in files."""


def list_other_words() -> list[str]:
    table = GLOSSARY.partition("## Words that are not used")[2]
    return [
        word.strip() for cell in re.findall(r"^\| (?!not )([^|]+) \|", table, re.MULTILINE) for word in cell.split(",")
    ]


def list_terms() -> list[str]:
    return re.findall(r"^\| ([^|]+?) \|", GLOSSARY.partition("## Words")[0], re.MULTILINE)[1:]


@pytest.mark.parametrize("word", list_other_words())
def test_no_help_message_or_screen_has_a_word_that_is_not_used(word):
    pattern = re.compile(rf"\b{re.escape(word)}\b", re.IGNORECASE)
    said = [(name, text) for name, texts in list_messages().items() if name not in WORD_LISTS for text in texts]
    assert [(name, text) for name, text in said if pattern.search(text)] == []
    assert not pattern.search((DOCS / "cli.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("word", ["labelled", "found out", "hyperparameter"])
def test_pages_have_no_such_word_either(word):
    pages = [page for page in PAGES if page.name not in ("glossary.md", "design.md")]
    assert [page.name for page in pages if re.search(rf"\b{word}\b", read_prose(page))] == []


def test_the_glossary_is_in_order_and_has_each_word_once():
    terms = [term.lower() for term in list_terms()]
    assert len(terms) > 40
    assert terms == sorted(set(terms))
