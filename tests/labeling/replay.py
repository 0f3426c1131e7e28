"""Rebuilds the queues in a store's log from the data file and the decisions up to that moment."""

from collections.abc import Iterator

import numpy as np

from txt.data.reading.open_rows import OpenRows
from txt.labeling.active.active_learning import make_question
from txt.labeling.active.holdout import Holdout, read_holdout
from txt.labeling.active.learner import ActiveLearner
from txt.labeling.active.log import LoggedQueue, QueryPlan, read_log
from txt.labeling.active.queues import Ranking
from txt.labeling.active.rank_server import load_learner
from txt.labeling.active.ranker import Pool, Vectorize
from txt.labeling.row_states import RowNumbers, RowStates
from txt.labeling.store.journal import Journal


def replay(
    rows: OpenRows, journal: Journal, *, split_column: str | None = None, vectorize: Vectorize | None = None
) -> Iterator[tuple[LoggedQueue, Ranking]]:
    """Yield each logged queue together with the queue that is computed from the same inputs today."""
    learners: dict[QueryPlan, ActiveLearner] = {}
    for logged in read_log(journal):
        states = rebuild_states(rows, journal, logged.moment)
        kept = read_holdout(journal, states)
        holdout = Holdout.of(np.empty(0, np.int64) if kept is None else kept, rows.index)
        if logged.plan not in learners:
            wanted: RowNumbers = np.union1d(np.flatnonzero(states.labeled), holdout.rows)
            pool = Pool(rows.path, rows.form, split_column, logged.plan, wanted, vectorize)
            learners[logged.plan] = load_learner(pool)
        yield logged, learners[logged.plan].rank(make_question(states, holdout, logged.moment))


def rebuild_states(rows: OpenRows, journal: Journal, moment: int) -> RowStates:
    """Return the state of each row after the decision with number `moment`."""
    relabel = journal.settings().get("relabel") == "true"
    states = RowStates(rows.index, file_labels=not relabel)
    decisions = journal.read_first_decisions(moment)
    turned = {each.target: each.kind for each in decisions if each.target is not None}
    states.apply([each for each in decisions if each.target is None and turned.get(each.act) != "undo"])
    return states
