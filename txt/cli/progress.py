"""Training in plain text: a tqdm bar, a line an epoch, and warnings, all on stderr."""

from collections.abc import Iterable, Iterator
from types import TracebackType

from tqdm import tqdm

from txt.cli.console import say
from txt.metrics import LOSS, format_label
from txt.runs.events import Evaluation, Event, Finished, Rung, Started, Step, Warned, Working
from txt.sanitize import sanitize
from txt.wording.run import describe_rung

_BAR = "{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}] {postfix}"  # leaves room at 80 columns


class TrainingBar:
    """Draws events as they come; use it as a context manager around them."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._epochs = 0
        self._climbs = False

    def watch(self, events: Iterable[Event]) -> Iterator[Event]:
        """Draw each event and hand it on."""
        for event in events:
            self._draw(event)
            yield event

    def _draw(self, event: Event) -> None:
        match event:
            case Started():
                self._begin(event)
            case Step() if self._bar is not None:
                self._bar.update(event.step - self._bar.n)
                self._bar.set_postfix_str(
                    f"loss {event.loss:.3f} acc {event.accuracy:.3f} {event.rows_per_second:,.0f} rows/s"
                )
            case Working() if self._bar is not None:
                self._bar.set_postfix_str(f"{event.what}: {event.done:,} of {event.total:,}")
            case Rung():
                self._tell(sanitize(describe_rung(event)))
            case Evaluation() if self._climbs:
                pass  # the rung that follows says the same and more
            case Evaluation():
                self._tell(_format_evaluation(event, self._epochs))
            case Warned():
                self._tell(f"warning: {sanitize(event.message)}")
            case Finished():
                self._end()

    def _begin(self, event: Started) -> None:
        self._epochs = event.epochs
        self._climbs = event.parameters == 0
        if self._bar is not None:
            self._bar.total = event.total_steps
            self._bar.refresh()
            return
        if self._climbs:
            say(f"{event.train_rows:,} rows on {event.device} in {event.precision}, {event.threads} threads")
            self._bar = tqdm(total=event.total_steps, bar_format=_BAR, dynamic_ncols=True)
            return
        going_on = f", going on from step {event.step:,}" if event.step else ""
        say(
            f"{event.parameters / 1e6:.1f} million weights, {event.train_rows:,} rows, {event.total_steps:,} steps "
            f"on {sanitize(event.device)} in {sanitize(event.precision)}, {event.threads} threads{going_on}"
        )
        self._bar = tqdm(total=event.total_steps, initial=event.step, bar_format=_BAR, dynamic_ncols=True)

    def _tell(self, line: str) -> None:
        if self._bar is not None:
            self._bar.clear()
        say(line)
        if self._bar is not None:
            self._bar.refresh()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> "TrainingBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()


def _format_evaluation(event: Evaluation, epochs: int) -> str:
    """Say how an evaluation went, in one line that fits 80 columns."""
    train = f"train loss {event.train_loss:.3f}, " if event.train_loss is not None else ""
    score = "" if event.metric == LOSS else f", {sanitize(format_label(event.metric))} {event.score:.4f}"
    best = "  best so far" if event.best else ""
    return f"epoch {event.epoch:.4g}/{epochs}: {train}val loss {event.val_loss:.3f}{score}{best}"
