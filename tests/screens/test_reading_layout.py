"""The layout of the labeling screen: a column to read in at every size, classes in columns, decisions in view."""

import pytest
from rich.cells import cell_len

from tests.screens.conftest import REVIEWS, MakeApp, read_screen
from tests.screens.pilot import wait_until as until
from txt.screens.label.class_grid import ClassCell, arrange_cells
from txt.screens.label.panels import RecentList
from txt.screens.label.reading_layout import LEFT, WIDEST_TEXT, lay_out

NEWSGROUPS = (
    "alt.atheism,comp.graphics,comp.os.ms-windows.misc,comp.sys.ibm.pc.hardware,comp.sys.mac.hardware,comp.windows.x,"
    "misc.forsale,rec.autos,rec.motorcycles,rec.sport.baseball,rec.sport.hockey,sci.crypt,sci.electronics,sci.med,"
    "sci.space,soc.religion.christian,talk.politics.guns,talk.politics.mideast,talk.politics.misc,talk.religion.misc"
)
SIZES = [(40, 10), (80, 24), (120, 40), (200, 60)]
LONG = " ".join(f"word{number}" for number in range(2000))


@pytest.mark.parametrize("size", SIZES)
def test_the_column_is_in_the_middle_and_never_too_wide(size):
    layout = lay_out(*size)
    assert layout.text <= WIDEST_TEXT
    assert LEFT + layout.text + layout.side <= layout.width <= size[0]
    assert abs(size[0] - layout.width - 2 * layout.left) <= 1
    assert layout.width <= 120


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("labels", ["negative,neutral,positive", NEWSGROUPS])
async def test_a_long_text_and_every_class_are_seen_at_every_size(make_app: MakeApp, size, labels):
    app = make_app([LONG, "short"], labels=labels)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "word0" in read_screen(app))
        screen = read_screen(app)
        tight = size == (40, 10) and labels == NEWSGROUPS
        assert sum("word" in line for line in screen.splitlines()) >= (1 if tight else 2)
        assert "q leave" in screen
        if not tight:
            for name in labels.split(","):
                assert name in screen


@pytest.mark.parametrize("size", SIZES[1:])
async def test_the_classes_are_directly_below_the_text_and_do_not_move_for_a_shorter_one(make_app: MakeApp, size):
    def find_line(text: str) -> int:
        return next(number for number, line in enumerate(read_screen(app).splitlines()) if text in line)

    app = make_app(["\n".join(["line"] * 12), "short", "another"])
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "1  negative" in read_screen(app))
        before = find_line("1  negative")
        assert before - max(n for n, line in enumerate(read_screen(app).splitlines()) if "line" in line) <= 4
        await pilot.press("1")
        assert find_line("1  negative") == before


@pytest.mark.parametrize("width", [20, 34, 76, 150])
@pytest.mark.parametrize("lines", [1, 3, 10, 30])
@pytest.mark.parametrize("count", [0, 1, 3, 20, 90])
def test_classes_in_columns_never_take_more_room_than_there_is(width, lines, count):
    cells = [
        ClassCell(f"class {'x' * (number % 9)} {number}", str(number % 10), number, 0.1) for number in range(count)
    ]
    grid = arrange_cells(cells, width, lines)
    assert grid.lines <= lines
    columns = -(-count // max(grid.lines, 1))
    assert columns == len(grid.names)
    if count <= 20 and width >= 76 and lines >= 10:
        assert grid.width <= width
        widest = [
            max(cell_len(cell.name) for cell in cells[at : at + grid.lines]) for at in range(0, count, grid.lines or 1)
        ]
        assert list(grid.names) == widest


async def test_what_was_given_is_said_and_the_last_decisions_are_listed_and_clicked(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("3")
        assert "row 1: positive" in read_screen(app)
        await pilot.press("1", "s")
        listed = [line for line in read_screen(app).splitlines() if "row 3" in line or "row 2" in line]
        assert "skipped" in listed[0]
        assert "negative" in listed[1]
        await pilot.click(RecentList, offset=(3, 2))
        assert app.session.row == 0
        await pilot.press("u")
        assert len(app.session.list_recent()) == 2


async def test_the_list_of_decisions_goes_to_a_row_on_a_small_terminal(make_app: MakeApp):
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(".")
        assert "nothing is decided yet" in read_screen(app)
        await pilot.press("3", "1", ".")
        assert "Your last decisions" in read_screen(app)
        assert REVIEWS[0][:30] in read_screen(app)
        await pilot.press("down", "enter")
        assert app.session.row == 0


async def test_annotators_who_differ_stand_side_by_side_with_their_notes(make_app: MakeApp, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("text\nso good\nso bad\nso so\nso what\n")
    ben = make_app(path, annotator="ben", twins=False)
    ben.session.label("negative")
    ben.session.jump(1)
    ben.session.set_note("meant [bold]ironically[/]")
    app = make_app(path, annotator="anna", twins=False)
    async with app.run_test(size=(120, 40)) as pilot:
        app.session.jump(1)
        app.labeling._tell("")
        assert "they differ" not in read_screen(app)
        await pilot.press("3", "left")
        await until(pilot, lambda: "on this row, they differ" in read_screen(app))
        screen = read_screen(app)
        assert "ben   negative" in screen
        assert "anna  positive" in screen
        assert "meant [bold]ironic" in screen


async def test_on_a_small_terminal_those_who_differ_stand_in_the_line_of_the_row(make_app: MakeApp, tmp_path):
    path = tmp_path / "two.csv"
    path.write_text("text\nso good\nso bad\nso so\nso what\n")
    make_app(path, annotator="ben", twins=False).session.label("negative")
    app = make_app(path, annotator="anna", twins=False)
    async with app.run_test(size=(80, 24)) as pilot:
        app.session.jump(1)
        await pilot.press("3", "left")
        await until(pilot, lambda: "anna: positive, ben: negative" in read_screen(app))


@pytest.mark.parametrize("key", ["z", "f2"])
async def test_nothing_but_the_text_and_the_classes(make_app: MakeApp, key):
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(key)
        screen = read_screen(app)
        assert REVIEWS[0] in screen
        assert "1  negative" in screen
        assert "reviews.csv" not in screen
        assert "s skip" not in screen
        assert "last decisions" not in screen
        await pilot.press(key)
        assert "s skip" in read_screen(app)
