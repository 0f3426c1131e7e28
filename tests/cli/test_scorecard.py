"""A report on the terminal: within 80 columns, without colour, whatever the texts hold."""

import io
import re
from collections.abc import Callable

import pytest
from rich.cells import cell_len
from rich.console import Console

from tests.evaluation.samples import bare_report, report_of
from txt.cli.scorecard import draw_heat_map, show_report
from txt.evaluation.report import Report


def drawn(report: Report, width: int = 80, colour: bool = False) -> str:
    file = io.StringIO()
    console = Console(
        file=file, width=width, highlight=False, force_terminal=colour, color_system="truecolor" if colour else None
    )
    show_report(report, console)
    return file.getvalue()


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize(
    "make",
    [report_of, bare_report, lambda: report_of(12, 500), lambda: report_of(77, 900), lambda: report_of(hostile=True)],
)
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(make: Callable[[], Report], width: int) -> None:
    report = make()
    text = drawn(report, width)
    assert max(map(cell_len, text.splitlines())) <= width
    for score in report.metrics.values():
        assert f"{score.value:.3f} [{score.low:.3f}, {score.high:.3f}]" in text


def test_the_verdict_and_every_part_are_there_without_colour() -> None:
    report = report_of()
    text = re.sub(r"\s+", " ", drawn(report))
    assert f"▼ {report.verdict}." in text
    for part in (
        "Classes",
        "Confusion",
        "Probabilities",
        "By source",
        "By length in tokens",
        "The most confident mistakes",
    ):
        assert part in text
    assert "\x1b" not in text


def test_control_codes_and_markup_of_the_data_are_shown_and_not_obeyed() -> None:
    text = drawn(report_of(hostile=True))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)
    for shown in ("␛[31mred␛[0m", "[bold]pos[/bold]", "[red]app", "<script>alert(1)</script>", "‹202E›"):
        assert shown in text


def test_colour_adds_shades_and_changes_no_character() -> None:
    report = report_of()
    coloured = drawn(report, colour=True)
    assert "48;2;31;95;208" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == drawn(report)


def test_a_heat_map_has_a_row_for_each_label_with_its_counts() -> None:
    lines = draw_heat_map(["bad", "好的"], [[8, 2], [1, 19]], 80).plain.splitlines()
    assert lines[0].split() == ["bad", "好的"]
    assert [line.split() for line in lines[1:]] == [["bad", "8", "2"], ["好的", "1", "19"]]
    assert len({cell_len(line.rstrip()) for line in lines}) == 1


def test_labels_too_long_for_their_columns_are_numbered() -> None:
    labels = [f"a rather long label, number {number}" for number in range(1, 11)]
    lines = draw_heat_map(labels, [[1] * 10] * 10, 80).plain.splitlines()
    assert lines[0].split() == [str(number) for number in range(1, 11)]
    assert lines[10].startswith("10 a rather long label, num")


def test_of_many_classes_the_weakest_and_the_most_confused_are_shown() -> None:
    report = report_of(77, 900)
    text = drawn(report)
    assert "The 15 weakest of 77 classes" in text
    label, prediction, count = report.confused_pairs()[0]
    assert re.search(rf"{label}\s+{prediction}\s+{count}\b", text)


def test_nothing_is_said_of_a_baseline_or_mistakes_that_are_not_there() -> None:
    text = drawn(bare_report())
    assert "baseline" not in text.lower()
    assert "mistakes" not in text
