from rich.text import Text
from textual.app import App, ComposeResult
from textual.strip import Strip

from tests.screens.conftest import read_screen
from txt.screens.widgets.text_rows import TextRows


class Counted(TextRows):
    """Remembers which rows were painted."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[int] = []

    def render_line(self, y: int) -> Strip:
        self.rows.append(y)
        return super().render_line(y)


class Shown(App[None]):
    def compose(self) -> ComposeResult:
        self.panel = Counted()
        yield self.panel


async def test_only_rows_that_differ_are_painted_again():
    app = Shown()
    async with app.run_test(size=(20, 4)) as pilot:
        app.panel.show([Text("one"), Text("two"), Text("three")])
        await pilot.pause()
        app.panel.rows.clear()
        app.panel.show([Text("one"), Text("zwei"), Text("three")])
        await pilot.pause()
        assert app.panel.rows == [1]
        assert [line.rstrip() for line in read_screen(app).split("\n")] == ["one", "zwei", "three", ""]


async def test_another_style_is_another_row_and_fewer_rows_leave_nothing_behind():
    app = Shown()
    async with app.run_test(size=(20, 4)) as pilot:
        app.panel.show([Text("one"), Text("two")])
        await pilot.pause()
        app.panel.rows.clear()
        app.panel.show([Text("one", "bold")])
        await pilot.pause()
        assert app.panel.rows == [0, 1]
        assert read_screen(app).split() == ["one"]


async def test_what_is_wider_than_the_screen_is_cut_and_markup_is_text():
    app = Shown()
    async with app.run_test(size=(10, 2)) as pilot:
        app.panel.show([Text("[bold]x[/] and much more"), Text("日本語日本語")])
        await pilot.pause()
        assert read_screen(app).split("\n") == ["[bold]x[/]", "日本語日本"]
