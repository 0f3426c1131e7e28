"""The pane that shows one thing of the folder live: a file's columns and texts, a run's curves, a study's ranking."""

from collections.abc import Sequence
from pathlib import Path

from rich.text import Text
from textual import events, work

from txt.charts.plot_view import PlotView, Scene
from txt.charts.run_plots import draw_confusion, draw_loss, draw_metric
from txt.errors import InputError
from txt.folder.detail import count_stored_classes, describe_file, rank_trials
from txt.folder.entry import DATA, LABELS, RUN, STUDY, FolderEntry
from txt.metrics import LOSS
from txt.runs.folder import RUNS, STUDIES, Run
from txt.runs.live import WatchedRun
from txt.runs.summary import load_report
from txt.sanitize import clip
from txt.screens.widgets.text_rows import TextRows
from txt.wording import run as run_words
from txt.wording.folder import format_file_detail, format_ranking, format_stored_classes
from txt.wording.mistakes import build_mistakes_page

_LOOK_SECONDS = 1.0
_LEAST_PLOT = 7  # lines


class DetailPane(TextRows):
    """Shows an entry; what takes a while is read beside the keys, and a run is looked at again and again."""

    def __init__(self) -> None:
        super().__init__(id="home-detail")
        self._entry: FolderEntry | None = None
        self._watched: WatchedRun | None = None

    def on_mount(self) -> None:
        """Look at a run as long as it is shown."""
        self.set_interval(_LOOK_SECONDS, self._look)

    def show_entry(self, entry: FolderEntry | None) -> None:
        """Show another entry, or the same one again where it has changed."""
        before, self._entry = self._entry, entry
        if entry is None:
            self._watched = None
            return
        if before is None or (before.kind, before.name) != (entry.kind, entry.name):
            path = find_run_path(entry)
            self._watched = WatchedRun(Run(path)) if path is not None else None
            self.show([Text(f"reading {clip(entry.name, 40)} …", "dim")])
        elif before == entry and self._watched is None:
            return
        self._redraw()

    def on_resize(self, _event: events.Resize) -> None:
        """Draw it for the room there is now."""
        self._redraw()

    def _redraw(self) -> None:
        if self._watched is not None:
            self._look(anew=True)
        elif self._entry is not None:
            self._read(self._entry, self.size.width, self.size.height)

    def _look(self, *, anew: bool = False) -> None:
        """Read what is new of a run, in parts no longer than a key may wait, and draw it."""
        watched = self._watched
        if watched is None or not self.display or not self.size.width:
            return
        changed = watched.look()
        if changed or anew:
            self.show(draw_run(watched, self.size.width, self.size.height))
        if watched.share < 1.0:
            self.set_timer(0.02, self._look)

    @work(thread=True, exclusive=True)
    def _read(self, entry: FolderEntry, width: int, height: int) -> None:
        rows = list_rows(entry, width, height)
        self.app.call_from_thread(self._take, entry, rows)

    def _take(self, entry: FolderEntry, rows: Sequence[Text]) -> None:
        if entry == self._entry:
            self.show(rows)


def find_run_path(entry: FolderEntry) -> Path | None:
    """Return the folder of the run that an entry is, or of a study's trial; None where it is something else."""
    if entry.kind == RUN and (RUNS / entry.name).is_dir():
        return RUNS / entry.name
    for step in entry.steps if entry.kind == STUDY else ():
        if step.arguments[0] == "watch" and (RUNS / step.arguments[1]).is_dir():
            return RUNS / step.arguments[1]
    return None


def list_rows(entry: FolderEntry, width: int, height: int) -> Sequence[Text]:
    """Return what there is to see of an entry that is not a run; takes as long as reading a little of it."""
    path = Path(entry.name)
    head = [Text(clip(entry.name, width), "bold"), Text(clip(entry.state, width), "dim"), Text()]
    if entry.is_broken:
        return head
    if entry.kind == DATA:
        try:
            return [*head, *format_file_detail(describe_file(path), width, height - len(head))]
        except InputError as error:
            return [*head, Text(clip(error.message, width))]
    if entry.kind == LABELS:
        return [*head, *format_stored_classes(count_stored_classes(path), width)]
    if entry.kind == STUDY:
        ranking = rank_trials(STUDIES / entry.name)
        return [*head, *(format_ranking(ranking, width, height - len(head)) if ranking else [Text("no trials yet")])]
    return head


def draw_run(watched: WatchedRun, width: int, height: int) -> Sequence[Text]:
    """Return a run's state, curves, confusion and surest mistakes, as much as there is room for."""
    rows = [*run_words.format_header(watched, width), *run_words.format_numbers(watched, width), Text()]
    metric = watched.metric if watched.metric != LOSS else "accuracy"
    scene = Scene(watched, PlotView(metric=metric))
    plot = max(min((height - len(rows) - 3) // 3, 12), _LEAST_PLOT)
    for draw in (draw_loss, draw_metric, draw_confusion):
        if len(rows) + _LEAST_PLOT <= height:
            drawn = list(draw(scene, width, min(plot, height - len(rows))))
            rows += [*drawn, Text()]
    if len(rows) + 3 < height:
        mistakes = build_mistakes_page(load_report(watched.run.path), watched.run.name).split("\n")
        rows += list(mistakes)
    return rows[:height]
