"""Opens a data file and its label store for labeling, and refuses a pair that does not belong together."""

import getpass
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from txt.config import LabelConfig
from txt.data.reading.how_read import ReadingOptions
from txt.data.reading.open_rows import OpenRows, open_rows
from txt.data.reading.source import check_file, split_paths
from txt.data.several_labels import find_several
from txt.errors import InputError
from txt.labeling.classes import given_classes, list_classes, parse_keys, parse_labels
from txt.labeling.item import Suggestion
from txt.labeling.row_states import RowNumbers, RowStates, read_row_states
from txt.labeling.session import LabelSession
from txt.labeling.store.decision import SEPARATOR
from txt.labeling.store.journal import Journal, store_path
from txt.labeling.store.reading_options import add_reading_options, write_reading_options
from txt.labeling.store.store_file import NotSavedError, explain_store_errors
from txt.labeling.task import Task


@dataclass(frozen=True)
class OpenLabels:
    """A file and its store, open; `kept` is where the index of a big file is."""

    rows: OpenRows
    journal: Journal
    config: LabelConfig
    asked: ReadingOptions
    kept: Path

    def session(
        self,
        *,
        suggest: Callable[[int], Suggestion | None] = lambda _row: None,
        order: RowNumbers | None = None,
        shown: Callable[[int], object] = lambda _row: None,
        review: bool = False,
        need_classes: bool = True,
    ) -> LabelSession:
        """Begin a sitting; `suggest`, `order` and `shown` are as in LabelSession, `review` as in Task.

        Without `need_classes` there may be none yet: they are added in the sitting.

        Raises:
            InputError: there is nothing to choose from or nothing to label, or the keys make no sense.
        """
        with explain_store_errors(self.journal.path):
            task = replace(self._task(), review=review)
            session = LabelSession(self.rows, self.journal, task, suggest=suggest, order=order, shown=shown)
        if need_classes and not session.classes:
            session.leave()
            raise _no_classes_error(self.rows.path)
        if (
            need_classes  # without, the screen asks what to do
            and session.row is None
            and not review
            and self.rows.index.complete
            and not len(session.states.decided_in_store())
        ):
            session.leave()
            raise InputError(
                f"every row of `{self.rows.path}` has a label already",
                "--review looks again at those in doubt, --relabel offers all; what the file says stays as it is",
            )
        return session

    @property
    def multi_label(self) -> bool:
        """Tell whether a row may have several labels."""
        return self._task().multi_label

    @property
    def leaves_file_labels(self) -> bool:
        """Tell whether the file's own labels are left aside, now or since a sitting before."""
        return not self._task().file_labels

    @property
    def annotator(self) -> str:
        """Return who labels."""
        return self._task().annotator

    def states(self) -> tuple[RowStates, list[str]]:
        """Return the state of every row and the classes, for a look at them that changes nothing."""
        task, settings = self._task(), self.journal.settings()
        with explain_store_errors(self.journal.path):
            states = read_row_states(
                self.rows.index, self.journal, file_labels=task.file_labels, multi_label=task.multi_label
            )
            given = given_classes(task.labels, settings, states.classes_in_file())
            return states, list_classes(given, self.journal.added_classes(), self.journal.undone_acts())

    def close(self) -> None:
        """Close both, and throw away what was only kept for this time."""
        self.journal.close()
        self.rows.close()
        if self.kept.parent != self.journal.path.parent:
            self.kept.unlink(missing_ok=True)

    def _task(self) -> Task:
        config, settings = self.config, self.journal.settings()
        multi_label = _choose_setting(config.multi_label, settings.get("multi_label"))
        labels = parse_labels(config.labels) if config.labels else []
        known = given_classes(labels, settings, self.rows.index.label_names)
        odd = next((name for name in labels if multi_label and SEPARATOR in name), None)
        if odd:
            raise InputError(f"the class `{odd}` cannot have `{SEPARATOR}`, which stands between several labels")
        return Task(
            annotator=config.annotator or _find_user_name(),
            labels=labels,
            keys=parse_keys(config.keys, known) if config.keys else None,
            multi_label=multi_label,
            twins=config.twins,
            file_labels=not _choose_setting(config.relabel, settings.get("relabel")),
        )


def open_labels(
    data: Path,
    config: LabelConfig,
    asked: ReadingOptions,
    *,
    write: bool = True,
    need_store: bool = True,
    need_classes: bool = True,
) -> OpenLabels:
    """Open a data file, all of it if it is small, and its store; with `write` the store is made if need be.

    To look without `write`, a store need not be there unless `need_store`: then it is as if it were empty.

    Raises:
        InputError: one of them cannot be opened, or the store is about another column.
    """
    check_file(data)
    if config.store is None and len(split_paths(str(data))) > 1:
        raise InputError("several files have one store of labels, and it has no name yet", "--store labels.db")
    store = config.store or store_path(data)
    unstored = not write and not need_store and not store.exists()
    kept = _temporary_index_path(store) if unstored else _index_path(store)
    if write and not store.exists():
        _check_startable(data, config, asked, kept, need_classes)
        if config.merge is not None:
            Journal.open(config.merge, write=False).close()  # what cannot be merged leaves no empty store behind
    journal = Journal.empty(store) if unstored else Journal.open(store, write=write)
    try:
        _refuse_other_text_column(asked, journal.settings().get("text_column"))
        asked = add_reading_options(asked, journal.settings())
        rows = open_rows(data, asked, kept)
        # from now on the column is known, and the index kept must be found by the next sitting, which knows it too
        asked = replace(asked, text_column=rows.form.text_column)
        if write:
            _remember_reading(journal, asked)
        return OpenLabels(rows, journal, config, asked, kept)
    except BaseException:
        journal.close()
        raise


def _check_startable(data: Path, config: LabelConfig, asked: ReadingOptions, kept: Path, need_classes: bool) -> None:
    """Refuse what cannot be labeled before a store is made for it."""
    labels = parse_labels(config.labels) if config.labels else []
    rows = open_rows(data, asked, kept)
    rows.close()
    if need_classes and not labels and not rows.index.label_names:
        raise _no_classes_error(data)
    several = (
        find_several(rows.index.label_names, labels) if config.multi_label is None and not config.relabel else None
    )
    if several is not None:
        raise InputError(
            f"`{data}` has several labels in a row, {several.how}: `{min(several.labels)}`",
            "--multi-label reads them as several, --no-multi-label each combination as a class",
        )
    if config.keys:
        parse_keys(config.keys, given_classes(labels, {}, rows.index.label_names))


def _no_classes_error(data: Path) -> InputError:
    return InputError(f"`{data}` has no classes yet", "name them: --labels positive,negative")


def _choose_setting(wanted: bool | None, before: str | None) -> bool:
    """Return what the user set, or else what was set in earlier sittings."""
    return before == "true" if wanted is None else wanted


def _remember_reading(journal: Journal, asked: ReadingOptions) -> None:
    """Keep how the file is read, so that later commands read it in the same way without being told."""
    wanted, settings = write_reading_options(asked), journal.settings()
    if any(settings.get(name, "{}") != value for name, value in wanted.items()):
        with suppress(NotSavedError), journal.transaction():
            journal.set_settings(**wanted)


def _refuse_other_text_column(asked: ReadingOptions, before: str | None) -> None:
    if before is not None and asked.text_column is not None and asked.text_column != before:
        raise InputError(
            f"the store holds labels for the texts of column `{before}`, not `{asked.text_column}`",
            "--store PATH keeps those of another column apart",
        )


def _find_user_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in some containers
        return "me"


def _index_path(store: Path) -> Path:
    """Return where to keep the index of a big file: beside the store, or else in a temporary file."""
    if os.access(store.parent, os.W_OK):
        return store.with_suffix(".index")
    return _temporary_index_path(store)


def _temporary_index_path(store: Path) -> Path:
    return Path(tempfile.gettempdir()) / f"txt-{os.getpid()}-{store.stem}.index"
