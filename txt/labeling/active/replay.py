"""Makes the queues of a store's log again, from the data file and the decisions that stood then."""

from collections.abc import Iterator

import numpy as np

from txt.data.reading.open_rows import Rows
from txt.labeling.active.holdout import Holdout, kept_holdout
from txt.labeling.active.learner import Learner
from txt.labeling.active.log import LoggedQueue, Plan, read_log
from txt.labeling.active.queues import Ranking
from txt.labeling.active.rank_server import learner_for
from txt.labeling.active.ranker import Pool, Vectorize
from txt.labeling.active.sitting import question
from txt.labeling.row_states import RowNumbers, RowStates
from txt.labeling.store.journal import Journal


def replay(
    rows: Rows, journal: Journal, *, split_column: str | None = None, vectorize: Vectorize | None = None
) -> Iterator[tuple[LoggedQueue, Ranking]]:
    """Yield each queue of the log beside the one that comes of it today."""
    learners: dict[Plan, Learner] = {}
    for logged in read_log(journal):
        states = states_at(rows, journal, logged.moment)
        kept = kept_holdout(journal, states)
        holdout = Holdout.of(np.empty(0, np.int64) if kept is None else kept, rows.index)
        if logged.plan not in learners:
            wanted: RowNumbers = np.union1d(np.flatnonzero(states.labeled), holdout.rows)
            pool = Pool(rows.path, rows.form, split_column, logged.plan, wanted, vectorize)
            learners[logged.plan] = learner_for(pool)
        yield logged, learners[logged.plan].rank(question(states, holdout, logged.moment))


def states_at(rows: Rows, journal: Journal, moment: int) -> RowStates:
    """Return what stood for each row after the decision number `moment`."""
    relabel = journal.settings().get("relabel") == "true"
    states = RowStates(rows.index, file_labels=not relabel)
    decisions = journal.first_decisions(moment)
    turned = {each.target: each.kind for each in decisions if each.target is not None}
    states.apply([each for each in decisions if each.target is None and turned.get(each.act) != "undo"])
    return states
