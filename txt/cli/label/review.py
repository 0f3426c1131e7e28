"""`txt label --review` and `--merge`: which labels to look at again, and the decisions of another store."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from txt.cli.console import say
from txt.cli.label.active import find_split_column, find_vectorizer
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.labeling.active.logistic import Scores
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.review import LabeledRows, ReviewQueue
    from txt.labeling.session import LabelSession

_KINDS = {
    "annotators": "that annotators disagree on",
    "duplicate": "that a near-duplicate contradicts",
    "model": "that the model contradicts",
}


def begin_review(opened: "OpenLabels", wanted_split: str | None, chosen: str | None) -> "LabelSession":
    """Find the labels to look at again, and begin a sitting that goes through them.

    They are judged by the model that the user has `chosen`, or by words, and MiniLM too where it is installed.

    Raises:
        InputError: nothing is labeled yet, or rows have several labels here.
        typer.Exit: there is no label to doubt.
    """
    if opened.multi_label:
        raise InputError("--review looks at one class a row, and rows have several here", "leave out --review")
    doubtful = _find_doubtful(opened, wanted_split, [chosen] if chosen else _choose_judges())
    if not len(doubtful.rows):
        say("There is no label to doubt: model, near-duplicates and annotators all agree.")
        raise typer.Exit
    parts = [f"{doubtful.counts[kind]:,} {what}" for kind, what in _KINDS.items() if kind in doubtful.counts]
    say(f"{len(doubtful.rows):,} labels to look at again, the worst first: {', '.join(parts)}")
    return opened.session(suggest=doubtful.suggestions.get, order=doubtful.rows, review=True)


def merge_store(opened: "OpenLabels", other: Path, name: str | None, read_all: "Callable[[OpenLabels], None]") -> None:
    """Merge the decisions of another store, and print the result.

    Raises:
        InputError: it is no label store, or about another task, or one name stands for two people.
    """
    from txt.labeling.store.merge import merge

    read_all(opened)
    merged = merge(opened.journal, other, name)
    say(f"{merged.decisions:,} decisions taken in; they label {merged.new_rows:,} rows that had no decision here")
    if merged.conflicts:
        rows = "1 row" if merged.conflicts == 1 else f"{merged.conflicts:,} rows"
        say(f"on {rows} the two differ: the label here is kept; `txt label {opened.rows.path} --review` shows them")


def _choose_judges() -> list[str]:
    from txt.data.minilm import minilm_folder

    return ["tfidf", "minilm"] if minilm_folder() is not None else ["tfidf"]


def _find_doubtful(opened: "OpenLabels", wanted_split: str | None, judges: list[str]) -> "ReviewQueue":
    """Return the doubtful labels; rows of a test split are left out."""
    import numpy as np

    from txt.data.near_duplicates import near_duplicates
    from txt.labeling.active.log import QueryPlan
    from txt.labeling.active.rank_server import read_pool
    from txt.labeling.active.ranker import Pool
    from txt.labeling.agreement import read_ratings
    from txt.labeling.review import (
        Doubt,
        LabeledRows,
        can_model,
        find_annotator_doubts,
        find_duplicate_doubts,
        find_model_doubts,
        rank_doubts,
    )

    config, rows = opened.config, opened.rows
    states, _ = opened.states()
    labeled_rows = np.flatnonzero(states.labeled)
    plan = QueryPlan(config.model, config.strategy, config.seed)
    pool, pool_texts = read_pool(Pool(rows.path, rows.form, find_split_column(rows, wanted_split), plan, labeled_rows))
    known = np.isin(pool, labeled_rows)
    if not known.any():
        raise InputError(f"no row of `{rows.path}` is labeled yet", "`txt label DATA` labels them")
    texts = [text for text, is_known in zip(pool_texts, known.tolist(), strict=True) if is_known]
    codes, names = states.labels_of(pool[known])
    labeled = LabeledRows(pool[known], texts, codes, names, rows.index.hashes[pool[known]])
    probabilities: Scores | None = None
    doubts: list[Doubt] = []
    if can_model(labeled):
        probabilities = np.mean([_judge_labels(labeled, judge, config.seed) for judge in judges], axis=0)
        doubts += find_model_doubts(probabilities, labeled, " and ".join(judges))
    doubts += find_duplicate_doubts(near_duplicates(texts, config.seed), labeled, probabilities)
    names_of_rows = states.row_ids(labeled.rows)
    places = {name: place for place, name in enumerate(names_of_rows)}
    doubts += find_annotator_doubts(read_ratings(opened.journal), places, labeled, probabilities)
    reviewed = states.mask_how("review")
    doubts = [doubt for doubt in doubts if not reviewed[labeled.rows[doubt.place]]]
    return rank_doubts(doubts, labeled, probabilities)


def _judge_labels(labeled: "LabeledRows", judge: str, seed: int) -> "Scores":
    """Return out-of-fold predictions: those for a row come from a model that was not trained on it."""
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    from txt.labeling.active.models import MODELS, make_model
    from txt.labeling.review import predict_out_of_fold

    vectorize = find_vectorizer(judge)
    model = MODELS[judge] if vectorize is None else make_model(judge, vectorize)
    shown = "{desc}: {percentage:.0f} % |{bar}| {remaining} left"
    with tqdm(desc=f"reading with {judge}", total=1.0, leave=False, delay=1.0, disable=None, bar_format=shown) as bar:
        vectors = model.vectorize(labeled.texts, lambda share: bar.update(share - bar.n))
    say(f"comparing {len(labeled.texts):,} labels with predictions by {judge} …")
    with threadpool_limits(1):  # these matrix products are too small for several threads
        return predict_out_of_fold(model, vectors, labeled, seed)
