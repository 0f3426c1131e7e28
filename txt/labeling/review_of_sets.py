"""Labels to review where rows have several: each label is doubted by itself, as one of two classes.

Whether a label holds is a question with two answers, so that everything in review.py applies label by label.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from txt.labeling.active.logistic import Scores
from txt.labeling.item import Suggestion
from txt.labeling.review import BONUS, Doubt, Evidence, LabeledRows, ReviewQueue, find_doubts
from txt.labeling.row_states import Mask
from txt.labeling.store.decision import SEPARATOR


def review_sets(labeled: LabeledRows, classes: Sequence[str], evidence: Evidence, reviewed: Mask) -> ReviewQueue:
    """Return the rows of which a label is doubtful, the worst first, with all their labels as they are suggested.

    Args:
        labeled: rows with labels that are several classes joined.
        classes: all classes, in the order in which they are joined.
        evidence: what speaks against labels; its ratings are of joined classes.
        reviewed: which rows (N,) were looked at already, and are left out.
    """
    sets = [frozenset(filter(None, name.split(SEPARATOR))) for name in labeled.names]
    found: dict[int, list[tuple[str, Doubt, Scores | None]]] = defaultdict(list)
    for name in classes:
        has = np.array([name in each for each in sets], np.int64)
        one = LabeledRows(labeled.rows, labeled.texts, has[labeled.labels], (f"not {name}", name), labeled.text_hashes)
        ratings = {
            row: {who: one.names[name in label.split(SEPARATOR)] for who, label in given.items()}
            for row, given in evidence.ratings.items()
        }
        doubts, probabilities = find_doubts(one, replace(evidence, ratings=ratings))
        for doubt in doubts:
            if not reviewed[doubt.place]:
                found[doubt.place].append((name, doubt, probabilities))
    badness = {place: sum(each.lead + BONUS[each.kind] for _, each, _ in doubts) for place, doubts in found.items()}
    order = sorted(found, key=lambda place: (-badness[place], place))
    suggestions = {
        int(labeled.rows[place]): _suggest(sets[labeled.labels[place]], classes, found[place], evidence.by)
        for place in order
    }
    counts = Counter(kind for doubts in found.values() for kind in {each.kind for _, each, _ in doubts})
    return ReviewQueue(labeled.rows[np.array(order, np.int64)], suggestions, dict(counts))


def _suggest(
    own: frozenset[str], classes: Sequence[str], doubts: Sequence[tuple[str, Doubt, Scores | None]], by: str
) -> Suggestion:
    """Return the labels of a row after what the strongest doubt about each of them says."""
    decided: dict[str, Doubt] = {}
    reasons: dict[str, list[str]] = defaultdict(list)
    for name, doubt, probabilities in sorted(doubts, key=lambda each: (-BONUS[each[1].kind], -each[1].lead)):
        decided.setdefault(name, doubt)
        has = (
            f"{probabilities[doubt.place, 1]:.0%} by {by}"
            if doubt.kind == "model" and probabilities is not None
            else ""
        )
        reasons[name].append(has or doubt.reason)
    right = {name for name in own if name not in decided} | {name for name, doubt in decided.items() if doubt.says == 1}
    said = [
        f"{name} {'is missing' if name not in own else 'is too much'} ({', '.join(reasons[name])})"
        for name, doubt in decided.items()
        if (doubt.says == 1) != (name in own)
    ]
    changed = tuple(name for name in classes if (name in own) != (name in right))
    return Suggestion(
        SEPARATOR.join(name for name in classes if name in right), None, "model", "; ".join(said), ranked=changed
    )
