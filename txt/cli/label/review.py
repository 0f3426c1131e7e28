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
    from txt.labeling.active.models import RankingModel
    from txt.labeling.active.vectors import Vectors
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.review import LabeledRows, ReviewQueue
    from txt.labeling.session import LabelSession

_BAR = "{desc}: {percentage:.0f} % |{bar}| {remaining} left"
_KINDS = {
    "annotators": "that annotators disagree on",
    "duplicate": "that a near-duplicate contradicts",
    "model": "that the model contradicts",
}


def begin_review(opened: "OpenLabels", wanted_split: str | None, chosen: str | None) -> "LabelSession":
    """Find the labels to look at again, and begin a sitting that goes through them.

    They are judged by the model that the user has `chosen`, or by words, and MiniLM too where it is installed.

    Raises:
        InputError: nothing is labeled yet.
        typer.Exit: there is no label to doubt.
    """
    doubtful = _find_doubtful(opened, wanted_split, [chosen] if chosen else _choose_judges())
    if not len(doubtful.rows):
        say("There is no label to doubt: model, near-duplicates and annotators all agree.")
        raise typer.Exit
    parts = [f"{doubtful.counts[kind]:,} {what}" for kind, what in _KINDS.items() if kind in doubtful.counts]
    noun = "rows" if opened.multi_label else "labels"
    say(f"{len(doubtful.rows):,} {noun} to look at again, the worst first: {', '.join(parts)}")
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
    from txt.labeling.review import Evidence, LabeledRows, find_doubts, rank_doubts
    from txt.labeling.review_of_sets import review_sets

    config, rows = opened.config, opened.rows
    states, classes = opened.states()
    labeled_rows = np.flatnonzero(states.labeled)
    plan = QueryPlan(config.model, config.strategy, config.seed)
    pool, pool_texts = read_pool(Pool(rows.path, rows.form, find_split_column(rows, wanted_split), plan, labeled_rows))
    known = np.isin(pool, labeled_rows)
    if not known.any():
        raise InputError(f"no row of `{rows.path}` is labeled yet", "`txt label DATA` labels them")
    texts = [text for text, is_known in zip(pool_texts, known.tolist(), strict=True) if is_known]
    codes, names = states.labels_of(pool[known])
    labeled = LabeledRows(pool[known], texts, codes, names, rows.index.hashes[pool[known]])
    places = {name: place for place, name in enumerate(states.row_ids(labeled.rows))}
    groups = near_duplicates(texts, config.seed)
    predict = _read_texts(labeled, judges, config.seed)
    evidence = Evidence(predict, " and ".join(judges), groups, read_ratings(opened.journal), places)
    reviewed = states.mask_how("review")[labeled.rows]
    if opened.multi_label:
        return review_sets(labeled, classes, evidence, reviewed)
    doubts, probabilities = find_doubts(labeled, evidence)
    return rank_doubts([each for each in doubts if not reviewed[each.place]], labeled, probabilities)


def _read_texts(labeled: "LabeledRows", judges: list[str], seed: int) -> "Callable[[LabeledRows], Scores]":
    """Return what predicts labels of the rows out of fold, by the mean of several judges; each reads the texts once."""
    from functools import cache

    import numpy as np
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    from txt.labeling.active.models import MODELS, make_model
    from txt.labeling.review import predict_out_of_fold

    @cache
    def read(judge: str) -> "tuple[RankingModel, Vectors]":
        vectorize = find_vectorizer(judge)
        model = MODELS[judge] if vectorize is None else make_model(judge, vectorize)
        with tqdm(
            desc=f"reading with {judge}", total=1.0, leave=False, delay=1.0, disable=None, bar_format=_BAR
        ) as bar:
            vectors = model.vectorize(labeled.texts, lambda share: bar.update(share - bar.n))
        say(f"comparing {len(labeled.texts):,} labels with predictions by {judge} …")
        return model, vectors

    def predict(asked: "LabeledRows") -> "Scores":
        with threadpool_limits(1):  # these matrix products are too small for several threads
            return np.asarray(np.mean([predict_out_of_fold(*read(judge), asked, seed) for judge in judges], axis=0))

    return predict
