"""Charts put values where they belong."""

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.charts.svg import POINTS, Scale, Whisker, draw_bar, draw_heat_map, draw_reliability_chart, draw_whisker_chart
from txt.proportions import Bin, Interval

SVG = "{http://www.w3.org/2000/svg}"


def elements(chart: str, tag: str, kind: str) -> list[ElementTree.Element]:
    return [found for found in ElementTree.fromstring(chart).iter(SVG + tag) if found.get("class") == kind]


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=6))
def test_a_scale_holds_its_values_between_round_ticks(values: list[float]) -> None:
    scale = Scale.around(values, 100, 200)
    assert scale.low - 1e-9 <= min(values) <= max(values) <= scale.high + 1e-9
    assert 2 <= len(scale.ticks) <= 9
    assert scale.ticks[0] == pytest.approx(scale.low)
    assert scale.ticks[-1] == pytest.approx(scale.high)
    assert (scale(scale.low), scale(scale.high)) == pytest.approx((100, 200))


def test_a_whisker_reaches_from_low_to_high_with_its_dot_at_the_value() -> None:
    x = Scale(0, 1, 0.2, 100, 200)
    chart = draw_whisker_chart([Whisker("accuracy", [("model", Interval(0.5, 0.25, 0.75))])], x, mark=0.5)
    (line,) = elements(chart, "line", "model")
    (dot,) = elements(chart, "circle", "model")
    (mark,) = elements(chart, "line", "zero")
    assert (line.get("x1"), line.get("x2"), dot.get("cx"), mark.get("x1")) == ("125.0", "175.0", "150.0", "150.0")


def test_differences_are_written_in_points() -> None:
    chart = draw_whisker_chart(
        [Whisker("accuracy", [("difference", Interval(0.021, 0.004, 0.038))])],
        Scale.around([0, 0.038], 0, 100),
        unit=POINTS,
    )
    assert "+2.1 [+0.4, +3.8]" in chart


def test_a_heat_map_shades_each_row_by_its_own_shares() -> None:
    chart = draw_heat_map(["rare", "common"], [[1, 1], [0, 100]])
    rare, common = elements(chart, "rect", "right")
    (wrong,) = elements(chart, "rect", "wrong")
    assert float(common.get("fill-opacity", 0)) == 1
    assert float(rare.get("fill-opacity", 0)) == pytest.approx(0.525, abs=0.01)
    assert wrong.get("y") == rare.get("y")
    assert float(wrong.get("x", 0)) > float(rare.get("x", 0))
    assert "1 of rare predicted as common (50 %)" in chart


def test_a_label_without_rows_leaves_its_row_empty() -> None:
    assert len(elements(draw_heat_map(["a", "b"], [[0, 0], [1, 3]]), "rect", "right")) == 1


def test_reliability_rises_with_accuracy() -> None:
    bins = [Bin(0.4, 0.6, 10, 0.5, 0.2), Bin(0.8, 1.0, 40, 0.9, 0.9)]
    low, high = elements(draw_reliability_chart(bins, ()), "circle", "model")
    assert float(high.get("cy", 0)) < float(low.get("cy", 0))
    few, many = elements(draw_reliability_chart(bins, ()), "rect", "muted")
    assert float(many.get("height", 0)) == 4 * float(few.get("height", 0))


def test_a_bar_is_as_long_as_its_share() -> None:
    assert (
        elements(f'<g xmlns="http://www.w3.org/2000/svg">{draw_bar(0.25, 160)}</g>', "rect", "model")[0].get("width")
        == "40.0"
    )
