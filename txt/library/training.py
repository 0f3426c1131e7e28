"""Training from Python: what `txt train` does, without a screen."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from txt.config import PrepareConfig, TrainConfig
from txt.errors import TxtError
from txt.evaluation.conclusion import Conclusion, conclude
from txt.library.progress import TrainingProgress
from txt.runs.events import Finished
from txt.runs.folder import RUNS
from txt.training.options import choose_encoders_tokenizer
from txt.training.start import Start, start_on_file


def train_on_file(
    data: Path | str,
    training: TrainConfig,
    preparing: PrepareConfig,
    given: Mapping[str, Any],
    bar: TrainingProgress,
    name: str | None = None,
    runs: Path = RUNS,
) -> Conclusion:
    """Prepare a data file, train on it and evaluate the model; `given` are the options that were named.

    Raises:
        TxtError: the training diverged.
    """
    choosing = choose_encoders_tokenizer(training, given, _choose_encoder)
    start = start_on_file(
        data,
        training,
        preparing,
        name,
        bar.prepare,
        bar.report,
        choose_tokenizer=choosing,
        runs=runs,
        names_metric="metric" in given,
    )
    return finish_training(start, bar)


def finish_training(start: Start, bar: TrainingProgress) -> Conclusion:
    """Train to the end, evaluate the model, and write the report of the run.

    Raises:
        TxtError: the training diverged.
    """
    from txt.training.loop import train

    finished = None
    with closing(train(start.run, start.prepared, lambda: False, start.resume, start.built)) as events:
        for event in events:
            bar.draw(event)
            if isinstance(event, Finished):
                finished = event
    if finished is not None and finished.status == "diverged":
        raise TxtError(finished.reason or "training diverged", "a lower learning_rate may help")
    concluded = conclude(start.run, start.prepared)
    if tracker := start.run.config().log_to:
        from txt.evaluation.trackers import tell_tracker

        tell_tracker(tracker, start.run)
    return concluded


def _choose_encoder(texts: Sequence[str]) -> str | None:
    from txt.model.encoders import choose_encoder

    chosen = choose_encoder(texts)
    return None if chosen is None else chosen[0]
