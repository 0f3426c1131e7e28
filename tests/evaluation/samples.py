"""Reports to render: an ordinary one, one of many classes, and one whose texts attack whoever shows them."""

from functools import cache

import numpy as np

from txt.evaluation.calibration import FittingRows
from txt.evaluation.report import Report, SplitOutputs, evaluate

HOSTILE = [
    "<script>alert(1)</script> & \"quotes\" 'single'",
    "\x1b[31mred\x1b[0m \x07 and \u202egnol\u202c",
    "| pipe | `code` | [red]markup[/red] | *star* _under_ | <b>bold</b>\nsecond line\r\nthird",
    "</td></table></svg><img src=x onerror=alert(1)>",
    "[link](http://example.com) ![picture](http://example.com/p.png) http://example.com",
]
HOSTILE_LABELS = ["<i>neg</i>|\x1b[2J", "[bold]pos[/bold]", "neutral\u202e"]


@cache
def report_of(classes: int = 3, rows: int = 300, accuracy: float = 0.8, *, hostile: bool = False) -> Report:
    """Return a report on random rows, with baseline, temperature, slices and mistakes."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=rows)
    predictions = np.where(rng.random(rows) < accuracy, labels, rng.integers(classes, size=rows))
    logits = rng.normal(scale=0.7, size=(rows, classes))
    logits[np.arange(rows), predictions] += 3
    names = [f"class {c}" for c in range(classes)] if not hostile else HOSTILE_LABELS
    texts = [HOSTILE[row % 5] if hostile else f"word{label} of row {row}" for row, label in enumerate(labels)]
    sources = ["<u>web</u>|\x1b]0;x\x07", "[red]app", ""] if hostile else ["web", "app", ""]
    return evaluate(
        SplitOutputs(
            labels=labels,
            logits=logits,
            texts=texts,
            row_ids=list(range(1, rows + 1)),
            token_lengths=rng.integers(3, 60, size=rows),
            metadata={"<source>|" if hostile else "source": [sources[row % 3] for row in range(rows)]},
        ),
        names,
        run="<run>\x1b[1m" if hostile else "001",
        split="test",
        fitting=FittingRows(labels[: rows // 2], logits[: rows // 2]),
        train=([f"word{label} again" for label in labels], labels),
    )


@cache
def bare_report() -> Report:
    """Return a report without train and val splits, every row right."""
    labels = np.arange(20) % 2
    return evaluate(
        SplitOutputs(labels, np.eye(2)[labels] * 5, ["text"] * 20, range(20)), ["a", "b"], run="1", split="test"
    )
