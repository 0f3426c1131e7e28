"""A process that watches the rules file: at every change it applies the rules to all rows.

The votes of unchanged rules are cached, and so are the words and the sentiment of the texts. When the file changes
again, work on the old version is abandoned.
"""

import time
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from txt.data.reading.held_out import find_held_out
from txt.data.reading.rows import Form, read_records
from txt.errors import TxtError
from txt.labeling.rules.corpus import Corpus, Mask, read_corpus
from txt.labeling.rules.firing import Firing, FiringResult
from txt.labeling.rules.parse import read_rules
from txt.labeling.rules.rule import RuleSet
from txt.labeling.side_process import Progress, SideProcess, connect_screen

_POLL_SECONDS = 0.05
_HEAD_ROWS = 2000  # of a big file these get their suggestions first
_BIG_ROWS = 10_000


@dataclass(frozen=True)
class Watch:
    """Asks for the votes of the rules in a file on the rows of another."""

    data: Path
    form: Form
    rules: Path
    classes: tuple[str, ...]


@dataclass(frozen=True)
class RulesMistake:
    """The rules file has a mistake, or the data file cannot be read; what was known before still stands."""

    message: str
    hint: str | None


@dataclass(frozen=True)
class RuleVotes:
    """Where the rules fire: `packed` has a bit a row; `whole` when it is all rows, not only those at the head."""

    rules: RuleSet
    packed: npt.NDArray[np.uint8]
    count: int
    rows: int
    slow: dict[str, int]
    test: npt.NDArray[np.uint8] | None
    whole: bool

    def unpack(self) -> FiringResult:
        """Return where the rules fire."""
        return FiringResult(self.rules, _unpack_bits(self.packed, self.count), self.rows, self.slow)

    def find_held_out(self) -> Mask | None:
        """Return which rows are test rows (N,)."""
        return None if self.test is None else _unpack_bits(self.test, self.count)


WatcherMessage = Progress | RulesMistake | RuleVotes


RuleWatcher = SideProcess[tuple[str, ...], WatcherMessage]
"""The process, as the screen sees it; it is sent the classes when there are others."""


def start_watching(watch: Watch) -> RuleWatcher:
    """Start the process."""
    return SideProcess(__name__, watch)


class _SupersededError(Exception):
    """The work is not wanted any more."""


def serve(descriptor: int) -> None:
    """Send the votes at every change of the rules file until the other side closes the connection."""
    with connect_screen(descriptor) as connection:
        try:
            _WatchLoop(connection, connection.recv()).run()
        except TxtError as error:
            connection.send(RulesMistake(error.message, error.hint))


class _WatchLoop:
    """The loop of the process; `_last_fingerprint` is that of the rules file when its votes were sent."""

    def __init__(self, connection: Connection, watch: Watch) -> None:
        self._connection, self._watch, self._classes = connection, watch, watch.classes
        self._last_fingerprint: tuple[int, ...] = ()
        self._last_told = 0.0

    def run(self) -> None:
        """Send the votes at the start, and again whenever the file changes."""
        self._vote_on_head()
        corpus = read_corpus(self._watch.data, self._watch.form, self._tell)
        test = find_held_out(self._watch.data, self._watch.form)
        firing = Firing(corpus)
        self._last_fingerprint = ()
        while True:
            if self._last_fingerprint != _fingerprint(self._watch.rules):
                self._vote(firing, test, whole=True)
            if self._connection.poll(_POLL_SECONDS):
                self._classes, self._last_fingerprint = self._connection.recv(), ()

    def _vote_on_head(self) -> None:
        """Send the votes on the first rows, where the file is so big that the rest takes a while."""
        form = self._watch.form
        place = form.columns.index(form.text_column)
        head = [cells for _, _, cells in islice(read_records(self._watch.data, form), _BIG_ROWS)]
        if len(head) < _BIG_ROWS:
            return
        head = head[:_HEAD_ROWS]
        columns = {name: [cells[at] for cells in head] for at, name in enumerate(form.columns)}
        texts = [cells[place] for cells in head]
        self._vote(Firing(Corpus(texts, columns.__getitem__, self._tell)), None, whole=False)

    def _vote(self, firing: Firing, test: Mask | None, *, whole: bool) -> None:
        self._last_fingerprint = _fingerprint(self._watch.rules)
        columns = [name for name in self._watch.form.columns if name != self._watch.form.text_column]
        try:
            fired = firing.fire(read_rules(self._watch.rules, self._classes, columns))
        except _SupersededError:
            self._last_fingerprint = ()
        except TxtError as error:
            self._connection.send(RulesMistake(error.message, error.hint))
        else:
            packed = np.packbits(fired.fires, axis=1)
            packed_test = None if test is None else np.packbits(test)
            count = fired.fires.shape[1]
            voted = RuleVotes(fired.rules, packed, count, fired.rows, dict(fired.slow), packed_test, whole)
            self._connection.send(voted)

    def _tell(self, share: float) -> None:
        """Say how far the work has come, or give it up where the file has changed or the screen wants something."""
        if self._connection.poll() or self._last_fingerprint != _fingerprint(self._watch.rules):
            raise _SupersededError
        if time.monotonic() - self._last_told > 10 * _POLL_SECONDS:
            self._last_told = time.monotonic()
            self._connection.send(Progress(share))


def _fingerprint(path: Path) -> tuple[int, ...]:
    """Return what changes whenever a file is written; nothing where it is not there."""
    try:
        state = path.stat()
    except OSError:
        return (0,)
    return state.st_mtime_ns, state.st_size, state.st_ino


def _unpack_bits(packed: npt.NDArray[np.uint8], count: int) -> Mask:
    return np.unpackbits(packed, axis=-1, count=count).astype(np.bool_)
