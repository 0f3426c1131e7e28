"""The labeling screen pixel by pixel, at the three sizes it is made for."""

import pytest

from tests.screens.conftest import MakeApp, read_screen, write_reviews
from tests.screens.pilot import wait_until
from tests.screens.test_reading_layout import NEWSGROUPS
from txt.labeling.item import Suggestion
from txt.labeling.pace import Pace

pytestmark = pytest.mark.usefixtures("still_clock")
SIZES = [(80, 24), (120, 40), (200, 60)]
STEADY = [2.5, 3.0, 3.1, 3.4, 9.9, 3.2, 2.8]


@pytest.fixture(params=SIZES, ids=["80x24", "120x40", "200x60"])
def size(request) -> tuple[int, int]:
    return request.param


def paced(app):
    app.session.pace = Pace(STEADY)
    app.session.pace.sitting = STEADY * 5
    app.session.stopwatch = type(app.session.stopwatch)(lambda: 0.0)
    return app


def test_labeling(snap_compare, make_app: MakeApp, size):
    app = paced(make_app(highlight="refund|handle"))
    assert snap_compare(app, terminal_size=size, press=["3", "1", "2", "left", "left", "f"])


def test_going_through_what_a_filter_shows_with_the_columns_open(snap_compare, make_app: MakeApp, size):
    async def search(pilot):
        await pilot.press("3", "tab", "/", *"is:unlabeled", "enter", "1")

    assert snap_compare(paced(make_app()), terminal_size=size, run_before=search)


def test_finding(snap_compare, make_app: MakeApp, size):
    async def search(pilot):
        await pilot.press("3", "1", "/", *"refund")
        texts = ("3 rows", "reviews.csv")  # the screen behind is painted when it can be
        await wait_until(pilot, lambda: all(text in read_screen(pilot.app) for text in texts))

    assert snap_compare(paced(make_app()), terminal_size=size, run_before=search)


def test_labeling_all_of_a_filter(snap_compare, make_app: MakeApp, size):
    async def preview(pilot):
        await pilot.press("3", "/", *"is:unlabeled", "enter", "b", "2")

    assert snap_compare(paced(make_app()), terminal_size=size, run_before=preview)


def test_several_labels_a_row(snap_compare, make_app: MakeApp, size):
    assert snap_compare(paced(make_app(multi_label=True)), terminal_size=size, press=["1", "3"])


def test_a_suggestion(snap_compare, make_app: MakeApp, size):
    app = paced(make_app())
    app.session._suggest = lambda _row: Suggestion("positive", 0.83, "model", "like its neighbours")
    app.session._start_item()
    assert snap_compare(app, terminal_size=size)


def test_over_twenty_classes(snap_compare, make_app: MakeApp, size):
    labels = ",".join(f"class_{number:02}_{'abcdefg'[number % 7] * 3}" for number in range(40))
    assert snap_compare(paced(make_app(labels=labels)), terminal_size=size, press=["a", "a", "down"])


def test_texts_of_all_kinds(snap_compare, make_app: MakeApp, tmp_path, size):
    odd = (
        "\x1b[31mcodes\x1b[0m, [bold]markup[/] and \u202eturned\u202c letters\n"
        + "日本語のとても長い文章。" * 5
        + "\nالعربية من اليمين إلى اليسار\n\tindented\nSchöne Grüße 💙"
    )
    app = paced(make_app(write_reviews(tmp_path / "reviews.csv", [odd])))
    assert snap_compare(app, terminal_size=size, press=["tab"])


def test_help(snap_compare, make_app: MakeApp, size):
    assert snap_compare(paced(make_app()), terminal_size=size, press=["?"])


def test_pace(snap_compare, make_app: MakeApp, size):
    assert snap_compare(paced(make_app()), terminal_size=size, press=["p"])


def test_leaving(snap_compare, make_app: MakeApp, size):
    assert snap_compare(paced(make_app()), terminal_size=size, press=["q"])


@pytest.mark.parametrize("theme", ["txt-light", "ansi-dark"])
def test_other_colours(snap_compare, make_app: MakeApp, theme, size):
    app = paced(make_app())
    app.theme = theme
    assert snap_compare(app, terminal_size=size, press=["3", "1", "left"])


def test_twenty_classes(snap_compare, make_app: MakeApp, size):
    app = paced(make_app(labels=NEWSGROUPS))
    assert snap_compare(app, terminal_size=size, press=["3", "1", "a"])


def test_nothing_but_the_text(snap_compare, make_app: MakeApp, size):
    assert snap_compare(paced(make_app()), terminal_size=size, press=["z"])


def test_the_smallest_terminal(snap_compare, make_app: MakeApp):
    assert snap_compare(paced(make_app()), terminal_size=(40, 10), press=["3", "1"])
