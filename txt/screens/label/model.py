"""What is known of the model that guides the labeling: words and the learning curve."""

from rich.text import Text

from txt.charts.plot import Series, draw_line_chart
from txt.labeling.active.active_learning import ModelStatus
from txt.labeling.active.model_status_text import describe_status

_HEIGHT = 9


def build_model_page(standing: ModelStatus, width: int) -> Text:
    """Return how good the model is, the shares of the classes, advice, and accuracy over labels as a chart."""
    lines = [Text(line) for line in describe_status(standing)]
    if len(standing.curve) > 2:
        labels, accuracy = zip(*standing.curve, strict=True)
        chart = draw_line_chart([Series(labels, [100 * each for each in accuracy])], width, _HEIGHT, x_label="labels")
        lines += [Text("accuracy on the holdout, %", style="dim"), chart]
    return Text("\n").join(lines)
