"""The process that reads the texts, turns them into vectors once, and then fits and ranks when asked."""

from collections.abc import Callable

import numpy as np

from txt.data.reading.row_index import hash_content
from txt.data.reading.rows import read_records
from txt.data.reading.split_column import is_held_out
from txt.labeling.active.cold_start import parse_keywords
from txt.labeling.active.learner import ActiveLearner, make_learner
from txt.labeling.active.models import MODELS, make_model
from txt.labeling.active.ranker import Pool
from txt.labeling.row_states import RowNumbers
from txt.labeling.side_process import Worker, answer_questions

MOST_ROWS = 200_000
"""Rows of the pool: of a bigger file, a random part is asked about."""


def serve(descriptor: int) -> None:
    """Answer questions until the other side closes the connection."""
    answer_questions(descriptor, _prepare)


def load_learner(pool: Pool, progress: Callable[[float], object] = lambda _share: None) -> ActiveLearner:
    """Read the texts of the pool, and return what ranks them."""
    rows, texts = read_pool(pool)
    plan = pool.plan
    model = MODELS[plan.model] if pool.vectorize is None else make_model(plan.model, pool.vectorize)
    keywords = parse_keywords(plan.keywords)
    return make_learner(rows, texts, model, plan.strategy, plan.seed, keywords, progress, pool.several)


def read_pool(pool: Pool) -> tuple[RowNumbers, list[str]]:
    """Return the rows that may be used and their texts: those with a text that no row of a test split has."""
    columns = pool.form.columns
    text_place = columns.index(pool.form.text_column)
    split_place = columns.index(pool.split_column) if pool.split_column else None
    texts: list[str] = []
    in_test: set[int] = set()
    for _, _, cells in read_records(pool.path, pool.form):
        text = cells[text_place]
        texts.append(text)
        if split_place is not None and is_held_out(cells[split_place]):
            in_test.add(hash_content(text))
    usable = [row for row, text in enumerate(texts) if text.strip() and not (in_test and hash_content(text) in in_test)]
    rows = np.array(usable, np.int64)
    if len(rows) > MOST_ROWS:
        wanted = np.intersect1d(rows, pool.wanted)
        drawn = np.random.default_rng(pool.plan.seed).permutation(rows)[: max(MOST_ROWS - len(wanted), 0)]
        rows = np.union1d(wanted, drawn)
    return rows, [texts[row] for row in rows.tolist()]


def _prepare(pool: Pool, progress: Callable[[float], object]) -> Worker:
    learner = load_learner(pool, progress)
    return learner.pool, learner.rank
