import math

import numpy as np
import pytest

from txt.charts.plot import Series, draw_bars, draw_field_chart, draw_line_chart
from txt.charts.raster import Ink, Line, Raster
from txt.charts.ticks import build_log_axis, build_number_axis, build_time_axis


def test_a_chart_fills_the_room_it_is_given():
    chart = draw_line_chart([Series([1, 2, 3], [3, 1, 2], "loss")], 40, 10)
    lines = chart.plain.split("\n")
    assert len(lines) == 10
    assert max(len(line) for line in lines) <= 40


def test_a_peak_among_many_points_is_drawn():
    ys = [1.0] * 50_000
    ys[31_234] = 100.0
    chart = draw_line_chart([Series(list(range(50_000)), ys)], 40, 10, from_zero=True).plain
    assert "100" in chart
    assert any(letter not in " ⠀" for letter in chart.split("\n")[0].replace("100", ""))


def test_a_logarithmic_axis_can_be_drawn_twice_and_has_powers_of_ten():
    for _ in range(2):
        chart = draw_line_chart([Series([1e-4, 1e-3, 1e-2], [3.0, 1.0, 9.0])], 60, 12, log_x=True).plain
        assert "1e-4" in chart
        assert "1e-2" in chart


@pytest.mark.parametrize("ys", [[], [math.nan, math.nan], [math.inf]])
def test_nothing_to_draw_is_drawn_as_nothing(ys):
    assert draw_line_chart([Series(list(range(len(ys))), ys)], 40, 10).plain == ""


def test_points_that_are_not_finite_are_left_out():
    chart = draw_line_chart([Series([1, 2, 3, 4], [1.0, math.nan, math.inf, 2.0])], 40, 10).plain
    assert "nan" not in chart
    assert "inf" not in chart


def test_whole_numbers_are_marked_by_whole_numbers():
    last = draw_line_chart([Series([1, 2, 3, 4], [1, 2, 3, 4])], 40, 8).plain.split("\n")[-1].split()
    assert last[0] == "1"
    assert last[-1] == "4"
    assert all(mark.isdecimal() for mark in last)


def test_bars_are_as_long_as_their_counts():
    lines = draw_bars({"pos": 100, "neg": 50, "none": 0, "few": 1}, 40).plain.split("\n")
    lengths = {line.split()[0]: sum(letter in "▏▎▍▌▋▊▉█" for letter in line) for line in lines}
    assert abs(lengths["pos"] - 2 * lengths["neg"]) <= 1
    assert lengths["none"] == 0
    assert lengths["few"] == 1
    assert max(len(line) for line in lines) <= 40


def test_a_field_chart_is_as_wide_as_asked_whatever_the_terminal_is():
    xs = np.linspace(0.0, 100.0, 500)
    lines = [Line(xs, np.sin(xs), Ink("blue")), Line(xs[::100], np.cos(xs[::100]), Ink("yellow", letter="•"))]
    chart = [
        row.plain for row in draw_field_chart(lines, 150, 12, build_number_axis(0, 100, 5), build_number_axis(-1, 1, 3))
    ]
    assert len(chart) == 12
    assert {len(line) for line in chart} == {150}
    assert sum("•" in line for line in chart)
    assert chart[-1].split()[0] == "0"
    right = [line.rstrip() for line in chart[:-1]]
    assert max(map(len, right)) == 150


def test_each_dot_of_a_raster_is_where_its_point_is():
    raster = Raster(2, 1, 0, 3, 0, 3)
    raster.draw(Line(np.array([0.0]), np.array([0.0])))
    raster.draw(Line(np.array([3.0]), np.array([3.0])))
    assert [(stroke.column, stroke.letters) for stroke in raster.list_strokes(0)] == [(0, "⡀"), (1, "⠈")]


def test_a_line_leaves_no_gap_between_its_points():
    raster = Raster(30, 10, 0, 1, 0, 1)
    raster.draw(Line(np.array([0.0, 1.0]), np.array([0.0, 1.0])))
    strokes = [raster.list_strokes(row) for row in range(10)]
    assert all(len(row) == 1 for row in strokes)
    columns = [stroke.column + k for (stroke,) in strokes for k in range(len(stroke.letters))]
    assert set(columns) == set(range(30))


def test_letters_hide_dots_and_the_last_line_is_on_top():
    raster = Raster(4, 1, 0, 7, 0, 3)
    flat = np.array([0.0, 7.0]), np.array([0.0, 0.0])
    raster.draw(Line(*flat, Ink("blue")))
    raster.draw(Line(np.array([3.0]), np.array([0.0]), Ink("red", letter="x", joined=False)))
    assert [(stroke.letters, stroke.ink.color) for stroke in raster.list_strokes(0)] == [
        ("⣀", "blue"),
        ("x", "red"),
        ("⣀⣀", "blue"),
    ]
    raster.draw(Line(*flat, Ink("green")))
    assert [(stroke.letters, stroke.ink.color) for stroke in raster.list_strokes(0)] == [("⣀⣀⣀⣀", "green")]


@pytest.mark.parametrize(
    ("axis", "labels"),
    [
        (build_number_axis(0, 1200, 5), ["0", "500", "1,000"]),
        (build_number_axis(0, 2.2e-4, 4), ["0", "1e-4", "2e-4"]),
        (build_number_axis(-0.5, 0.5, 3), ["-0.5", "0", "0.5"]),
        (build_number_axis(0, 10e6, 3), ["0", "5M", "10M"]),
        (build_log_axis(-4, 0, 3), ["1e-4", "1e-2", "1e0"]),
        (build_time_axis(0, 4000, 4), ["0s", "30:00", "1:00:00"]),
    ],
)
def test_axes_are_marked_at_round_places(axis, labels):
    assert [label for _, label in axis.marks] == labels


@pytest.mark.parametrize("build", [build_number_axis, build_log_axis])
def test_a_line_at_a_tick_lies_beside_its_label(build):
    rng = np.random.default_rng(3)
    checked = 0
    for _ in range(150):
        low = float(rng.uniform(-3, 3))
        up = build(low, low + float(10 ** rng.uniform(-2, 1)), int(rng.integers(3, 9)))
        height, width = int(rng.integers(5, 31)), int(rng.integers(30, 91))
        for place, label in up.marks:
            line = Line(np.array([0.0, 1.0]), np.array([place, place]))
            rows = [row.plain for row in draw_field_chart([line], width, height, build_number_axis(0, 1, 3), up)]
            drawn = [at for at, row in enumerate(rows) if any("⠀" < letter <= "⣿" for letter in row)]
            named = [at for at, row in enumerate(rows[:-1]) if row.split()[:1] == [label]]
            if named:  # two marks in one cell have one label
                assert drawn == named, (up, label, height)
                checked += 1
    assert checked > 300


def test_a_line_at_a_mark_below_lies_above_its_label():
    up = build_number_axis(0, 1, 3)
    for width in range(40, 90):
        across = build_number_axis(0, 1200, 5)
        for place, label in across.marks[1:-1]:
            line = Line(np.array([place, place]), np.array([0.0, 1.0]))
            rows = [row.plain for row in draw_field_chart([line], width, 8, across, up)]
            column = next(at for at, letter in enumerate(rows[3]) if "⠀" < letter <= "⣿")
            assert rows[-1].index(label) <= column < rows[-1].index(label) + len(label)


def test_where_lines_cross_the_one_below_leaves_no_dots_in_the_others_colour():
    raster = Raster(3, 1, 0, 5, 0, 3)
    raster.draw(Line(np.array([0.0, 5.0]), np.array([3.0, 3.0]), Ink("blue")))
    raster.draw(Line(np.array([2.0, 3.0]), np.array([0.0, 0.0]), Ink("red")))
    assert [(stroke.letters, stroke.ink.color) for stroke in raster.list_strokes(0)] == [
        ("⠉", "blue"),
        ("⣀", "red"),
        ("⠉", "blue"),
    ]


def test_names_stand_above_the_chart_in_the_colour_of_their_line():
    chart = draw_line_chart([Series([1, 2], [1, 2], "train", "blue"), Series([1, 2], [2, 1], "val", "red")], 40, 10)
    head = chart.split("\n")[0]
    assert head.plain.strip() == "─ train  ─ val"
    assert {str(span.style) for span in head.spans} >= {"blue", "red"}


def test_few_values_are_marked_where_they_are():
    last = draw_line_chart([Series([64, 128], [0.7, 0.8])], 50, 8).plain.split("\n")[-1].split()
    assert last == ["64", "128"]
