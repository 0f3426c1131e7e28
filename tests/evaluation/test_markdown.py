"""The Markdown report, read back by a Markdown parser."""

import pytest
from markdown_it import MarkdownIt

from tests.evaluation.samples import HOSTILE, bare_report, report_of
from txt.evaluation.markdown import escape_markdown, markdown
from txt.sanitize import sanitize


def tables(document: str) -> list[list[list[str]]]:
    """Return the cells' texts of every table, row by row."""
    found: list[list[list[str]]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(document):
        if token.type == "table_open":
            found.append([])
        elif token.type == "tr_open":
            found[-1].append([])
        elif token.type == "inline" and found and token.level >= 4:
            found[-1][-1].append("".join(child.content for child in token.children or [] if child.type == "text"))
    return found


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_data_is_read_back_as_it_is_shown(text: str) -> None:
    (table,) = tables(f"| a | b |\n| --- | --- |\n| {escape_markdown(text)} | end |\n")
    assert table[1] == [sanitize(text), "end"]


@pytest.mark.parametrize("hostile", [False, True])
def test_every_row_of_every_table_has_a_cell_for_each_column(hostile: bool) -> None:
    found = tables(markdown(report_of(hostile=hostile)))
    assert len(found) == 6
    for table in found:
        assert {len(row) for row in table} == {len(table[0])}


def test_no_text_becomes_html_or_a_link() -> None:
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown(report_of(hostile=True)))
    inside = {child.type for token in tokens for child in token.children or []}
    assert not {token.type for token in tokens} & {"html_block"}
    assert not inside & {"html_inline", "link_open", "image"}


def test_the_report_tells_its_verdict_and_its_scores() -> None:
    report = report_of()
    document = markdown(report)
    assert f"**{report.verdict}.**" in document
    scores = tables(document)[0]
    assert scores[0] == ["score", "model", "baseline", "difference in points"]
    assert [row[0] for row in scores[1:]] == [
        "accuracy",
        "balanced accuracy",
        "macro-F1",
        "MCC",
        "log loss",
        "Brier score",
    ]
    assert scores[1][1].startswith(f"{report.metrics['accuracy'].value:.3f} [")


def test_many_classes_are_told_by_the_most_confused_pairs() -> None:
    document = markdown(report_of(40, 600))
    assert "## Most confused classes" in document
    assert max(len(table[0]) for table in tables(document)) <= 6


def test_without_a_baseline_and_mistakes_there_is_no_word_of_them() -> None:
    document = markdown(bare_report())
    assert "baseline" not in document
    assert "mistakes" not in document
