"""Active learning on the command line: checks the options, and starts it for a labeling session."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from txt.config import LabelConfig
from txt.errors import InputError, did_you_mean
from txt.extras import say_how_to_install

if TYPE_CHECKING:
    from txt.data.reading.open_rows import OpenRows
    from txt.labeling.active.active_learning import ActiveLearning
    from txt.labeling.active.ranker import Vectorize
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.session import LabelSession
    from txt.labeling.suggest.suggester import Suggester

_OWN_MODELS = ("tfidf", "forest")
_SAMPLE_ROWS = 500


@contextmanager
def open_active_learning(opened: "OpenLabels", wanted_split: str | None) -> Iterator["ActiveLearning | None"]:
    """Yield the active learning of a session, or None without --active; its process ends with the block.

    Raises:
        InputError: the model or the split column does not exist, or does not fit several labels.
    """
    if not opened.config.active:
        yield None
        return
    from txt.labeling.active.active_learning import ActiveLearning, SittingOptions
    from txt.labeling.active.log import QueryPlan

    config = opened.config
    options = SittingOptions(
        config.holdout,
        find_split_column(opened.rows, wanted_split),
        opened.annotator,
        find_vectorizer(config.model, opened.multi_label),
        opened.multi_label,
    )
    plan = QueryPlan(config.model, config.strategy, config.seed, config.keywords or "")
    states, _ = opened.states()
    active = ActiveLearning(opened.rows, opened.journal, states, plan, options)
    try:
        yield active
    finally:
        active.close()


def begin_guided_session(
    opened: "OpenLabels",
    active: "ActiveLearning | None",
    need_classes: bool = True,
    suggester: "Suggester | None" = None,
) -> "LabelSession":
    """Begin a session, with active learning and suggestions if given; `need_classes` is as in Opened.session."""
    if suggester is not None:
        return _begin_suggesting(opened, active, suggester, need_classes)
    if active is None:
        return opened.session(need_classes=need_classes)
    session = opened.session(
        suggest=active.suggest, order=active.order, shown=active.log_shown, need_classes=need_classes
    )
    active.attach(session)
    return session


def _begin_suggesting(
    opened: "OpenLabels", active: "ActiveLearning | None", suggester: "Suggester", need_classes: bool
) -> "LabelSession":
    """Begin a session with suggestions; the rows that come next are those of the active learning, if given."""

    def note_shown(row: int) -> None:
        suggester.note_shown(row)
        if active is not None:
            active.log_shown(row)

    if active is not None:
        suggester.fallback = active.suggest
    order = suggester.order if active is None else active.order
    session = opened.session(suggest=suggester.suggest, order=order, shown=note_shown, need_classes=need_classes)
    suggester.attach(session)
    if active is not None:
        active.attach(session)
    return session


def find_vectorizer(model: str, several: bool = False) -> "Vectorize | None":
    """Return the function that turns texts into vectors for MiniLM or a run; None for tfidf and forest.

    Raises:
        InputError: there is no such model, or with `several` labels a row it is a run.
    """
    if model in _OWN_MODELS:
        return None
    from txt.model.embedding import embed_with_minilm, make_run_vectorizer

    if model == "minilm":
        from txt.data.minilm import minilm_folder

        if minilm_folder() is None:
            raise InputError("MiniLM is not installed", say_how_to_install(extra="minilm"))
        return embed_with_minilm
    path = _find_run_path(model)
    if several:
        raise InputError(
            f"--model `{model}` is a run, which says one class a row here, and rows have several labels",
            "--model tfidf, forest or minilm",
        )
    return make_run_vectorizer(path)


def find_split_column(rows: "OpenRows", wanted: str | None) -> str | None:
    """Return the column that says which rows are for testing, or None.

    Raises:
        InputError: `wanted` does not exist.
    """
    from txt.data.reading.split_column import find_split

    head = [rows.cells(row) for row in range(min(len(rows), _SAMPLE_ROWS))]
    sample = dict(zip(rows.form.columns, zip(*head, strict=True), strict=True))
    found = find_split(sample, wanted, str(rows.path), strict=False)
    return found.name if found else None


def check_active(config: LabelConfig) -> None:
    """Raise an error for options that cannot work, before a store is made.

    Raises:
        InputError: there is no such model, or both an order by a model and a review are asked for.
    """
    if config.active and config.review:
        raise InputError("--active asks about new rows, and --review shows labeled ones again", "leave one of them out")
    if config.goal is not None and not config.active:
        raise InputError("--goal is an accuracy of the model, and there is none without --active", "add --active")
    if config.active or config.simulate or config.review:
        find_vectorizer(config.model)


def _find_run_path(name: str) -> str:
    from txt.runs.folder import Run

    try:
        run = Run.open(name)
    except InputError:
        hint = did_you_mean(name, [*_OWN_MODELS, "minilm"], "tfidf, forest, minilm, or the name of a run")
        raise InputError(f"--model `{name}` is neither a model nor a run", hint) from None
    if not run.model.is_dir():
        raise InputError(f"the run `{name}` has no model yet", "it has one after its first evaluation")
    return str(run.path.resolve())
