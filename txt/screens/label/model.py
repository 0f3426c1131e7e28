"""What is known of the model that guides the labeling: words and the learning curve."""

from collections.abc import Sequence

from rich.text import Text

from txt.charts.plot import Series, draw_line_chart
from txt.labeling.active.active_learning import ModelStatus
from txt.labeling.active.goal import describe_goal
from txt.labeling.active.model_status_text import describe_status
from txt.proportions import Interval

_HEIGHT = 9
_FEWEST_POINTS = 3


def build_model_page(standing: ModelStatus, width: int, goal: float | None = None) -> Text:
    """Return how good the model is, the shares of the classes, advice, and accuracy over labels as a chart."""
    lines = [Text(line) for line in describe_status(standing)]
    if has_curve(standing):
        lines.append(draw_learning_curve(standing.curve, goal, width, _HEIGHT + 1))
    return Text("\n").join(lines)


def has_curve(standing: ModelStatus) -> bool:
    """Tell whether there are enough models to draw a curve."""
    return len(standing.curve) >= _FEWEST_POINTS


def draw_learning_curve(curve: Sequence[tuple[int, Interval]], goal: float | None, width: int, height: int) -> Text:
    """Draw the accuracy on the holdout over the labels, with its band and the goal, and say how far that is."""
    labels = [count for count, _ in curve]
    band = [
        Series(labels, [100 * each.low for _, each in curve], color="bright_black"),
        Series(labels, [100 * each.high for _, each in curve], color="bright_black"),
    ]
    series = [*band, Series(labels, [100 * each.value for _, each in curve], color="bright_blue")]
    head = Text("holdout, %, over labels", style="dim")
    if goal is not None:
        series.insert(0, Series([labels[0], labels[-1]], [100 * goal, 100 * goal], color="bright_green"))
        head = Text.assemble(("goal ", "dim"), describe_goal([(count, each.value) for count, each in curve], goal))
    return Text("\n").join([head, draw_line_chart(series, width, height - 1)])
