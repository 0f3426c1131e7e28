import math

import pytest

from txt.screens.charts import Series, bars, line_chart


def test_a_chart_fills_the_room_it_is_given():
    chart = line_chart([Series([1, 2, 3], [3, 1, 2], "loss")], 40, 10)
    lines = chart.plain.split("\n")
    assert len(lines) == 10
    assert max(len(line) for line in lines) <= 40


def test_a_peak_among_many_points_is_drawn():
    ys = [1.0] * 50_000
    ys[31_234] = 100.0
    chart = line_chart([Series(list(range(50_000)), ys)], 40, 10, from_zero=True).plain
    assert "100" in chart
    assert any(letter not in " ⠀" for letter in chart.split("\n")[0].replace("100", ""))


def test_a_logarithmic_axis_can_be_drawn_twice_and_has_powers_of_ten():
    for _ in range(2):
        chart = line_chart([Series([1e-4, 1e-3, 1e-2], [3.0, 1.0, 9.0])], 60, 12, log_x=True).plain
        assert "1e-4" in chart
        assert "1e-2" in chart


@pytest.mark.parametrize("ys", [[], [math.nan, math.nan], [math.inf]])
def test_nothing_to_draw_is_drawn_as_nothing(ys):
    assert line_chart([Series(list(range(len(ys))), ys)], 40, 10).plain == ""


def test_points_that_are_not_finite_are_left_out():
    chart = line_chart([Series([1, 2, 3, 4], [1.0, math.nan, math.inf, 2.0])], 40, 10).plain
    assert "nan" not in chart
    assert "inf" not in chart


def test_whole_numbers_are_marked_by_whole_numbers():
    last = line_chart([Series([1, 2, 3, 4], [1, 2, 3, 4])], 40, 8).plain.split("\n")[-1].split()
    assert last[0] == "1"
    assert last[-1] == "4"
    assert all(mark.isdecimal() for mark in last)


def test_bars_are_as_long_as_their_counts():
    lines = bars({"pos": 100, "neg": 50, "none": 0, "few": 1}, 40).plain.split("\n")
    lengths = {line.split()[0]: sum(letter in "▏▎▍▌▋▊▉█" for letter in line) for line in lines}
    assert abs(lengths["pos"] - 2 * lengths["neg"]) <= 1
    assert lengths["none"] == 0
    assert lengths["few"] == 1
    assert max(len(line) for line in lines) <= 40
