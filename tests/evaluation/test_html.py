"""The HTML page: whole, self-contained, harmless whatever the texts hold, and readable with many classes."""

import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import pytest

from tests.evaluation.samples import bare_report, report_of
from txt.evaluation.html import render_page

VOID = {"meta", "br", "img", "hr", "link"}


class Outline(HTMLParser):
    """Collects the tags and the text of a page, and checks that what is opened is closed in order."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(document)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + " "


@pytest.mark.parametrize("make", [report_of, bare_report, lambda: report_of(77, 800), lambda: report_of(hostile=True)])
def test_every_tag_is_closed_and_every_chart_is_well_formed(make) -> None:
    document = render_page(make())
    Outline(document)
    charts = re.findall(r"<svg.*?</svg>", document, re.DOTALL)
    assert len(charts) >= 3
    for chart in charts:
        ElementTree.fromstring(chart)


def test_nothing_is_loaded_from_elsewhere_and_nothing_runs() -> None:
    outline = Outline(render_page(report_of(hostile=True)))
    assert not outline.tags & {"script", "img", "link", "iframe", "object", "a", "image", "use", "foreignObject"}
    assert not {name for name in outline.attributes if name.startswith("on")} | outline.attributes & {"src", "href"}


def test_texts_names_and_values_appear_as_they_are_without_control_codes() -> None:
    document = render_page(report_of(hostile=True))
    text = Outline(document).text
    assert "<script>alert(1)</script> & \"quotes\" 'single'" in text
    assert "␛[31mred␛[0m ␇ and ‹202E›gnol‹202C›" in text
    assert "[bold]pos[/bold]" in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", document)


def test_the_numbers_of_the_report_are_on_the_page() -> None:
    report = report_of()
    text = Outline(render_page(report)).text
    for score in report.metrics.values():
        assert f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]" in text
    assert report.verdict is not None
    assert report.verdict in text
    for row in report.confusion:
        for count in row:
            assert f" {count} " in text
    assert "(empty)" in text
    assert report.mistakes[0].text in text


def test_77_classes_fit_on_a_page_of_moderate_size() -> None:
    document = render_page(report_of(77, 3000))
    assert len(document) < 700_000
    widths = [int(width) for width in re.findall(r'<svg [^>]*viewBox="0 0 (\d+)', document)]
    assert max(widths) < 920


def test_the_page_follows_the_systems_light_or_dark() -> None:
    assert "prefers-color-scheme: dark" in render_page(bare_report())


def test_without_a_baseline_nothing_is_said_about_one() -> None:
    assert "baseline" not in Outline(render_page(bare_report())).text.replace(".baseline", "")
