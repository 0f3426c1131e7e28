import re

import pytest

from tests.screens.conftest import REVIEWS, MakeApp, read_screen, write_reviews
from txt.screens.label import early_paint
from txt.screens.label.reading_layout import LEFT, lay_out

LONG = " ".join(["a long review that goes on"] * 60) + "\n\n日本語 and [bold]markup[/]\x1b[31m"


def glance_of(app, columns: int, lines: int) -> list[str]:
    """What a terminal shows after the glance was written to it, line by line."""
    shown = [" " * columns] * lines
    codes = early_paint.paint_first_text(app.session, columns, lines)
    for line, text in re.findall(r"\x1b\[(\d+);1H(.*?)(?=\x1b\[\d+;1H|$)", codes, re.DOTALL):
        shown[int(line) - 1] = re.sub(r"\x1b\[[0-9;]*m", "", text).rstrip()
    return shown


@pytest.mark.parametrize("size", [(40, 10), (80, 24), (120, 40), (200, 60)])
@pytest.mark.parametrize("text", [REVIEWS[0], REVIEWS[3], LONG])
async def test_nothing_moves_when_the_screen_takes_over(make_app: MakeApp, tmp_path, size, text):
    app = make_app(write_reviews(tmp_path / "reviews.csv", [text, "another"]))
    glance = glance_of(app, *size)
    async with app.run_test(size=size):
        screen = read_screen(app).split("\n")
    layout = lay_out(*size)
    assert glance[layout.padding] == screen[layout.padding].rstrip()
    written = [line for line in range(len(glance)) if line >= layout.top and glance[line].strip()]
    assert written
    edge = layout.left + LEFT
    for line in written:
        assert screen[line][: edge + layout.text].rstrip() in (glance[line], " " * edge + "↓ more below")


def test_nothing_in_a_text_reaches_the_terminal_as_a_code(make_app: MakeApp, tmp_path):
    app = make_app(write_reviews(tmp_path / "reviews.csv", ["\x1b[31mred\x1b]0;title\x07 \u202e", "x"]))
    codes = early_paint.paint_first_text(app.session, 80, 24)
    assert "␛[31mred␛]0;title␇ ‹202E›" in re.sub(r"\x1b\[[0-9;]*[mHJ]", "", codes)
    assert "\x1b[31m" not in codes
    assert "\x07" not in codes
