"""A progress bar on stderr for work on the rows of a file, with a new bar for each stage."""

from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tqdm import tqdm

    from txt.data.progress import RowProgress


class StageBar:
    """Draws progress as it is reported; use it as a context manager around the work."""

    def __init__(self) -> None:
        self._bar: tqdm[None] | None = None
        self._stage = ""

    def advance(self, progress: "RowProgress") -> None:
        """Draw one step of progress; where work goes on that was stopped, the first one says from where."""
        from tqdm import tqdm

        if progress.stage != self._stage:
            self._end()
            self._stage = progress.stage
            self._bar = tqdm(
                desc=progress.stage,
                total=progress.total,
                initial=progress.done,
                unit=" rows",
                dynamic_ncols=True,
                leave=False,
                delay=0.5,
            )
        if self._bar is None:
            return
        self._bar.update(progress.done - self._bar.n)
        if progress.done == progress.total:
            self._end()

    def _end(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def __enter__(self) -> "StageBar":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
