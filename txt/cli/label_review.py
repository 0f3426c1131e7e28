"""`txt label --review` and `--merge`: which labels to look at again, and the decisions of another store."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from txt.cli.console import say
from txt.cli.label_active import split_column, vectorizer
from txt.errors import InputError

if TYPE_CHECKING:
    from txt.labeling.opening import Opened
    from txt.labeling.review import Doubtful
    from txt.labeling.session import LabelSession

_KINDS = {
    "annotators": "that annotators disagree on",
    "duplicate": "that a near-duplicate contradicts",
    "model": "that the model contradicts",
}


def begin_review(opened: "Opened", wanted_split: str | None) -> "LabelSession":
    """Find the labels to look at again, and begin a sitting that goes through them.

    Raises:
        InputError: nothing is labeled yet, rows have several labels here, or there is nothing to doubt.
    """
    if opened.multi_label:
        raise InputError("--review looks at one class a row, and rows have several here", "leave out --review")
    doubtful = _doubtful(opened, wanted_split)
    if not len(doubtful.rows):
        raise InputError("there is no label to doubt: model, near-duplicates and annotators all agree")
    parts = [f"{doubtful.counts[kind]:,} {what}" for kind, what in _KINDS.items() if kind in doubtful.counts]
    say(f"{len(doubtful.rows):,} labels to look at again, the worst first: {', '.join(parts)}")
    return opened.session(suggest=doubtful.suggestions.get, order=doubtful.rows, review=True)


def merge_store(opened: "Opened", other: Path, name: str | None, read_all: "Callable[[Opened], None]") -> None:
    """Take in the decisions of another store, and tell what came of it.

    Raises:
        InputError: it is no label store, or about another task, or one name stands for two people.
    """
    from txt.labeling.merge import merge

    read_all(opened)
    merged = merge(opened.journal, other, name)
    say(f"{merged.decisions:,} decisions taken in; they label {merged.new_rows:,} rows that had no decision here")
    if merged.conflicts:
        rows = "1 row" if merged.conflicts == 1 else f"{merged.conflicts:,} rows"
        say(f"on {rows} the two differ: what stood here stands, until `txt label {opened.rows.path} --review`")


def _doubtful(opened: "Opened", wanted_split: str | None) -> "Doubtful":
    """Return the doubtful labels; rows of a test split are left out."""
    import numpy as np

    from txt.labeling.active.log import Plan
    from txt.labeling.active.models import MODELS, of_vectors
    from txt.labeling.active.rank_server import read_pool
    from txt.labeling.active.ranker import Pool
    from txt.labeling.agreement import stored_ratings
    from txt.labeling.near_duplicates import near_duplicates
    from txt.labeling.review import (
        Labeled,
        can_model,
        doubts_by_annotators,
        doubts_by_duplicates,
        doubts_by_model,
        out_of_fold,
        ranked,
    )

    config, rows = opened.config, opened.rows
    states, _ = opened.states()
    labeled_rows = np.flatnonzero(states.labeled)
    plan = Plan(config.model, config.strategy, config.seed)
    pool, pool_texts = read_pool(Pool(rows.path, rows.form, split_column(rows, wanted_split), plan, labeled_rows))
    known = np.isin(pool, labeled_rows)
    if not known.any():
        raise InputError(f"no row of `{rows.path}` is labeled yet", "`txt label DATA` labels them")
    texts = [text for text, is_known in zip(pool_texts, known.tolist(), strict=True) if is_known]
    codes, names = states.labels_of(pool[known])
    labeled = Labeled(pool[known], texts, codes, names, rows.index.hashes[pool[known]])
    probabilities, doubts = None, []
    if can_model(labeled):
        say(f"comparing {len(texts):,} labels with what {config.model} makes of the other rows …")
        vectorize = vectorizer(config.model)
        model = MODELS[config.model] if vectorize is None else of_vectors(config.model, vectorize)
        probabilities = out_of_fold(model, model.vectorize(texts, _quiet), labeled, config.seed)
        doubts += doubts_by_model(probabilities, labeled, config.model)
    doubts += doubts_by_duplicates(near_duplicates(texts, config.seed), labeled, probabilities)
    names_of_rows = states.row_ids(labeled.rows)
    places = {name: place for place, name in enumerate(names_of_rows)}
    doubts += doubts_by_annotators(stored_ratings(opened.journal), places, labeled, probabilities)
    reviewed = states.mask_how("review")
    doubts = [doubt for doubt in doubts if not reviewed[labeled.rows[doubt.place]]]
    return ranked(doubts, labeled, probabilities)


def _quiet(_share: float) -> None:
    return None
