"""Progress of long work in a notebook or a terminal: a bar of tqdm.auto, or nothing."""

from types import TracebackType
from typing import Any, Self

from txt.data.progress import RowProgress
from txt.data.report import DataReport
from txt.runs.events import Event, Rung, Started, Step, Working


class TrainingProgress:
    """Draws how far a training is, where `shown`; use it as a context manager."""

    def __init__(self, shown: bool) -> None:
        self.shown = shown
        self._bar: Any = None

    def prepare(self, progress: RowProgress) -> None:
        """Draw how far the reading of rows is."""
        self._show(progress.stage, progress.done, progress.total)

    def report(self, _: DataReport) -> None:
        """Hear the data report, which is not drawn."""

    def draw(self, event: Event) -> None:
        """Draw an event of a training."""
        match event:
            case Started():
                self._show("training", event.step, event.total_steps)
            case Step():
                self._show("training", event.step, None)
            case Working():
                self._show(event.what, event.done, event.total)
            case Rung():
                self._show(event.name, event.step, None)

    def advance(self, done: int, total: int) -> None:
        """Draw that some more rows are done."""
        self._show("rows", (self._bar.n if self._bar is not None else 0) + done, total)

    def _show(self, what: str, done: int, total: int | None) -> None:
        if not self.shown:
            return
        if self._bar is None:
            from tqdm.auto import tqdm

            self._bar = tqdm(total=total, leave=False, dynamic_ncols=True)
        if self._bar.desc.removesuffix(": ") != what:
            self._bar.set_description(what, refresh=False)
        if total is not None:
            self._bar.total = total
        self._bar.n = done
        self._bar.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None
