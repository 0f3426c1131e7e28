"""The screen of the clusters: walk through them, read their texts, name one, label one."""

from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Static

from txt.actions import Action, list_help
from txt.errors import InputError
from txt.exploration.cluster_names import keep_name
from txt.exploration.corpus import Corpus
from txt.exploration.exploration import Cluster, Clusters
from txt.sanitize import clip, sanitize
from txt.screens.app import ThemedApp
from txt.screens.keys import make_bindings, make_chips
from txt.screens.widgets.chips import Chips
from txt.screens.widgets.dialogs import LineDialog, PageDialog
from txt.screens.widgets.row_list import RowList
from txt.wording.exploration import (
    describe_settling,
    draw_map,
    format_classes,
    format_share,
    get_mark,
    name_cluster,
)
from txt.wording.key_page import format_key_page

EXPLORE_ACTIONS = (
    Action("move", "↑ ↓, k j", "", "choose a cluster", calls={"up,k": "move(-1)", "down,j": "move(1)"}),
    Action("ends", "home end, g G", "", "first, last", calls={"home,g": "move(-1000000)", "end,G": "move(1000000)"}),
    Action("turn", "PgUp PgDn", "", "turn the page", calls={"pageup": "turn(-1)", "pagedown": "turn(1)"}),
    Action("texts", "enter", "texts", "read the cluster's texts, the most typical first; esc goes back"),
    Action("name", "n", "name", "name the cluster; the name is kept beside the data file"),
    Action("label", "l", "label", "label the cluster's rows one by one, the most typical first"),
    Action("label_all", "b", "all", "label all rows of the cluster alike, after a preview"),
    Action("map", "m", "map", "a map of the texts, with the cluster in color"),
    Action("help", "?", "help", "this page", other="f1", shown="?, f1"),
    Action("quit", "q", "quit", "quit", calls={"escape": "back"}),
)

_TEXT_LINES = 3  # at most, of a text beside the list
_HEAD_LINES = 6  # of the screen beside the list


@dataclass(frozen=True)
class LabelWish:
    """The wish to label a cluster: its rows one by one, or all of them at once."""

    cluster: int
    whole: bool


class ExploreScreen(Screen[None]):
    """The list of clusters with what is known of the chosen one beside it, or the texts of that one."""

    BINDINGS = make_bindings(EXPLORE_ACTIONS)

    def __init__(self, corpus: Corpus, found: Clusters, chosen: int = 0) -> None:
        super().__init__()
        self._corpus, self._found = corpus, found
        self._at, self._reading, self._first = chosen, False, 0

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield Static(id="explore-top", classes="title")
        with Horizontal(id="explore-middle"):
            yield Static(id="explore-list")
            yield Static(id="explore-detail")
        yield RowList(_HEAD_LINES, id="explore-texts")
        yield Chips(make_chips(EXPLORE_ACTIONS), gap=2, id="keys")

    def on_mount(self) -> None:
        """Show the clusters."""
        self._draw()

    @property
    def chosen(self) -> Cluster | None:
        """The cluster that keys are about; None where there is none."""
        return self._found.clusters[self._at] if self._found.clusters else None

    # Keys

    def action_move(self, steps: int) -> None:
        """Choose another cluster, or another text."""
        if self._reading:
            texts = self.query_one(RowList)
            for _ in range(min(abs(steps), 1000)):
                texts.press("down" if steps > 0 else "up")
        else:
            self._at = max(0, min(self._at + steps, len(self._found.clusters) - 1))
        self._draw()

    def action_turn(self, pages: int) -> None:
        """Turn the page."""
        if self._reading:
            self.query_one(RowList).press("pagedown" if pages > 0 else "pageup")
            self._draw()
        else:
            self.action_move(pages * self._count_lines())

    def action_texts(self) -> None:
        """Show the texts of the cluster."""
        if self.chosen is not None:
            self._reading = True
            self.query_one(RowList).reset()
            self._draw()

    def action_back(self) -> None:
        """Go back to the list of clusters."""
        self._reading = False
        self._draw()

    def action_name(self) -> None:
        """Ask for the cluster's name."""
        cluster = self.chosen
        if cluster is not None:
            hint = "enter keeps it · empty takes it away · esc goes back"
            self.app.push_screen(LineDialog("Name of the cluster", cluster.name or "", hint), self._keep_name)

    def _keep_name(self, name: str | None) -> None:
        if name is not None:
            try:
                keep_name(self._corpus, self._found, self._at, name.strip())
            except InputError as error:
                self.notify(sanitize(error.message), severity="error", markup=False)
            except OSError as error:
                self.notify(f"the name is not kept: {error.strerror}", severity="error", markup=False)
            self._draw()

    def action_label(self) -> None:
        """Leave for the labeling screen, with the rows of the cluster."""
        self._wish(whole=False)

    def action_label_all(self) -> None:
        """Leave for the labeling screen, to label all rows of the cluster."""
        self._wish(whole=True)

    def _wish(self, *, whole: bool) -> None:
        if self._corpus.path == "-":
            self.notify("rows of standard input cannot be labeled: write them to a file", severity="warning")
        elif self.chosen is not None:
            self.app.exit(LabelWish(self._at, whole))

    def action_map(self) -> None:
        """Show the map."""
        size = self.app.size
        drawn = draw_map(self._found, max(size.width - 6, 20), max(size.height - 6, 8), self._at)
        self.app.push_screen(PageDialog("Map: neighbours here need not be alike", drawn))

    def action_help(self) -> None:
        """Show all keys."""
        self.app.push_screen(PageDialog("Keys", format_key_page(list_help(EXPLORE_ACTIONS))))

    def action_quit(self) -> None:
        """Leave."""
        self.app.exit(None)

    @on(Chips.Pressed)
    def _press(self, event: Chips.Pressed) -> None:
        getattr(self, f"action_{event.name}")()

    @on(events.Resize)
    def _fit(self) -> None:
        self.call_after_refresh(self._draw)

    # Drawing

    def _count_lines(self) -> int:
        return max(self.app.size.height - _HEAD_LINES, 1)

    def _draw(self) -> None:
        cluster, texts = self.chosen, self.query_one(RowList)
        self.query_one("#explore-middle").display = not self._reading
        texts.display = self._reading
        self.query_one("#explore-top", Static).update(self._draw_top(cluster, texts))
        if self._reading and cluster is not None:
            width = max(self.app.size.width - 18, 20)
            texts.show(cluster.rows, lambda row: self._draw_text(row, width))
            return
        found, detail = self.query_one("#explore-list", Static), self.query_one("#explore-detail", Static)
        half = self.app.size.width // 2 - 5
        found.update(self._draw_list(found.size.width or half))
        nothing = Text("no text has a known word")
        detail.update(self._draw_detail(cluster, detail.size.width or half) if cluster else nothing)

    def _draw_top(self, cluster: Cluster | None, texts: RowList) -> Text:
        if not self._reading or cluster is None:
            source = Path(self._corpus.source).name
            return Text(clip(f"{source} · {describe_settling(self._found)}", self.app.size.width - 6))
        name = clip(name_cluster(cluster), 40)
        place = f" · {texts.describe_place()}" if texts.describe_place() else ""
        return Text(f"{get_mark(cluster.number)} {name} · {len(cluster.rows):,} rows{place} · esc goes back")

    def _draw_text(self, row: int, width: int) -> Text:
        return Text(f"{row + 1:>9,}  ", style="dim").append(clip(self._corpus.text_of(row), width), style="not dim")

    def _draw_list(self, width: int) -> Text:
        lines, count = [], self._count_lines()
        self._first = max(min(self._first, self._at), self._at - count + 1, 0)
        for cluster in self._found.clusters[self._first : self._first + count]:
            line = Text(f"{get_mark(cluster.number)} {len(cluster.rows):>8,}  ")
            line.append(clip(name_cluster(cluster), max(width - 12, 8)), style="bold" if cluster.name else "")
            if cluster.number == self._at:
                line.pad_right(max(width - line.cell_len, 0))
                line.stylize("reverse")
            lines.append(line)
        return Text("\n", no_wrap=True, overflow="ellipsis").join(lines)

    def _draw_detail(self, cluster: Cluster, width: int) -> Text:
        total = max(len(self._corpus), 1)
        lines: list[Text | str] = [
            Text(f"{len(cluster.rows):,} rows, {format_share(len(cluster.rows) / total)}", "bold")
        ]
        lines.append(f"words: {clip(', '.join(cluster.words), width - 7)}")
        if cluster.apart and cluster.nearest is not None:
            nearest = get_mark(cluster.nearest)
            lines.append(f"unlike {nearest}: {clip(', '.join(cluster.apart), width - 10)}")
        if cluster.classes:
            lines.append(clip(f"classes: {format_classes(cluster.classes)}", width))
        room = self._count_lines() - len(lines) - 4
        most = min(max(room // max(len(cluster.typical) + len(cluster.odd), 1), 1), _TEXT_LINES)
        for title, rows in (("typical", cluster.typical), ("odd", cluster.odd)):
            lines += [Text(""), Text(title, style="dim")]
            for row in rows:
                text = clip(
                    " ".join(self._corpus.text_of(row)[: most * width].split()), most * (width - 2) - 8 * (most > 1)
                )
                lines += [
                    Text(("  " if number else "· ") + line)
                    for number, line in enumerate(wrap(text, max(width - 2, 10))[:most])
                ]
        return Text("\n", no_wrap=True, overflow="ellipsis").join(
            line if isinstance(line, Text) else Text(line) for line in lines
        )


class ExploreApp(ThemedApp[LabelWish | None]):
    """Runs the screen; the result is the wish to label a cluster, or None."""

    TITLE = "txt explore"
    BINDINGS = [Binding("ctrl+q,ctrl+c", "quit", "Leave", show=False, priority=True)]  # noqa: RUF012

    def __init__(self, corpus: Corpus, found: Clusters, chosen: int = 0) -> None:
        super().__init__(ExploreScreen(corpus, found, chosen))
