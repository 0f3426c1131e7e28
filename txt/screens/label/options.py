"""The options of the labeling screen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from txt.data.reading.how_read import ReadingOptions
from txt.labeling.active.active_learning import ActiveLearning
from txt.labeling.guide import Guide
from txt.labeling.suggest.suggester import Suggester


@dataclass(frozen=True)
class LabelScreenOptions:
    """The options of the labeling screen: how to read the file, where to save its index, what to highlight.

    `rules` is the rules file and `active` the active learning, if used; `fast` takes keys however early they come;
    `goal` is an accuracy of its model to work towards, `guide` says what belongs to each class, and
    `suggester` proposes labels from several sources. With `label_all` it begins with labeling all rows of the view.
    """

    asked: ReadingOptions
    kept: Path | None
    export_to: Path
    highlight: Sequence[re.Pattern[str]] = ()
    rules: Path | None = None
    active: ActiveLearning | None = None
    fast: bool = False
    goal: float | None = None
    guide: Guide | None = None
    suggester: Suggester | None = None
    label_all: bool = False
