"""Makes copies of rows: changed, distinct, equal to no original, and independent of order and number of processes."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from txt.augmentation.methods import AUGMENTERS, REWRITERS, Method, Setup, make_method, make_method_order
from txt.augmentation.originals import Originals, make_key
from txt.augmentation.rewriting import Rewriter
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Protection, Spans, Splitter

UNCHANGEABLE = "no word in them may be changed"
REPEATED = "they would equal another row or copy"
FLIPPED = "their predicted label flips"

_TRIES = 8  # for each copy


class LabelCheck(Protocol):
    """Predicts labels, so that copies can be compared with their originals."""

    def __call__(self, texts: Sequence[str]) -> Sequence[object]:
        """Return the label of each text."""


@dataclass(frozen=True)
class Recipe:
    """How copies are made; it travels to worker processes.

    `originals` is the file with the keys of all rows, so that no copy equals one of them.
    """

    methods: tuple[tuple[str, int], ...]
    chain: bool = False
    rate: float = 0.1
    seed: int = 42
    setup: Setup = field(default_factory=Setup)
    protection: Protection = field(default_factory=Protection)
    originals: Path | None = None
    check: LabelCheck | None = None

    @property
    def needs_model(self) -> bool:
        """Tell whether some method takes many texts at a time through a model, which has cores of its own to use."""
        return any(name in REWRITERS for name, _ in self.methods)


class Row(NamedTuple):
    """A text of which so many copies are wanted; `number` is its place in the file and seeds them."""

    number: int
    text: str
    copies: int


class Copy(NamedTuple):
    """A new text, and the method that made it (`synonym`, or `synonym+delete` for a chain)."""

    text: str
    method: str


@dataclass
class CopyBatch:
    """The copies of each row, in the order of the rows, and how many are missing, by reason."""

    copies: list[list[Copy]]
    missing: Counter[str] = field(default_factory=Counter)
    flips: int = 0


@dataclass
class _Job:
    """A copy that is still to be made."""

    place: int
    copy: int
    reason: str = UNCHANGEABLE

    def note_repeat(self) -> None:
        """Note that the last try gave nothing new; a flip before it tells more."""
        self.reason = FLIPPED if self.reason == FLIPPED else REPEATED


class Engine:
    """Makes copies by a recipe; loads what the methods need when it is made.

    `check` is the recipe's, and may be replaced by one that has learned from other rows.

    Raises:
        InputError, TxtError: a method cannot work here; see `Setup`.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self.check = recipe.check
        self._splitter = Splitter(recipe.protection)
        self._edits: dict[str, Method] = {}
        self._rewriters: dict[str, Rewriter] = {}
        for name, _ in recipe.methods:
            if name in AUGMENTERS:
                self._edits[name] = make_method(name, recipe.setup)
            else:
                self._rewriters[name] = REWRITERS[name](recipe.setup)
        self._originals = Originals.open(recipe.originals) if recipe.originals else None
        self._order: Callable[[RowRng], list[str]] = make_method_order(recipe.methods)

    def copies(self, rows: Sequence[Row]) -> CopyBatch:
        """Make the copies of some rows.

        A copy that equals its original, another of its copies or any original but for case and spacing, or whose
        predicted label flips, is made anew, eight times at most.
        """
        spans = [self._splitter.split(row.text) for row in rows]
        made = CopyBatch([[] for _ in rows])
        seen = [{make_key(row.text)} for row in rows]
        jobs = [_Job(place, copy) for place, row in enumerate(rows) for copy in range(row.copies)]
        found: list[dict[int, Copy]] = [{} for _ in rows]
        for attempt in range(_TRIES):
            if not jobs:
                break
            jobs = self._try_jobs(jobs, attempt, rows, spans, seen, found, made)
        made.missing.update(job.reason for job in jobs)
        made.copies = [[copies[number] for number in sorted(copies)] for copies in found]
        return made

    def edit_text(self, text: str, rng: RowRng) -> str | None:
        """Return a text with one edit by a method that needs no model, or None where there is nothing to edit."""
        copy = self._edit_spans(self._splitter.split(text), rng)
        return None if copy is None else copy.text

    def _try_jobs(
        self,
        jobs: list[_Job],
        attempt: int,
        rows: Sequence[Row],
        spans: list[Spans],
        seen: list[set[str]],
        found: list[dict[int, Copy]],
        made: CopyBatch,
    ) -> list[_Job]:
        """Try each job once, keep what is good, and return the jobs that are left."""
        draws = [RowRng(self._recipe.seed, rows[job.place].number, job.copy, attempt) for job in jobs]
        texts = self._apply_chain(jobs, spans, draws) if self._recipe.chain else self._apply_drawn(jobs, spans, draws)
        left: list[_Job] = []
        fresh: list[tuple[_Job, Copy, str]] = []
        for job, copy in zip(jobs, texts, strict=True):
            if copy is None:
                left.append(job)
                continue
            key = make_key(copy.text)
            if key in seen[job.place] or not key:
                job.note_repeat()
                left.append(job)
            else:
                seen[job.place].add(key)
                fresh.append((job, copy, key))
        good = self._drop_known(fresh, left)
        for job, copy in self._drop_flipped(good, rows, left, made):
            found[job.place][job.copy] = copy
        return sorted(left, key=lambda job: (job.place, job.copy))

    def _apply_drawn(self, jobs: list[_Job], spans: list[Spans], draws: list[RowRng]) -> list[Copy | None]:
        """Apply one method to each text: the one drawn, or another where it finds nothing to do."""
        if not self._rewriters:
            return [self._edit_spans(spans[job.place], draw) for job, draw in zip(jobs, draws, strict=True)]
        found: list[Copy | None] = [None] * len(jobs)
        orders = [self._order(draw) for draw in draws]
        for turn in range(len(self._recipe.methods)):
            waiting = [place for place, copy in enumerate(found) if copy is None]
            for name in dict.fromkeys(orders[place][turn] for place in waiting):
                places = [place for place in waiting if orders[place][turn] == name]
                texts = self._apply(name, [spans[jobs[p].place] for p in places], [draws[p] for p in places])
                for place, text in zip(places, texts, strict=True):
                    found[place] = None if text is None else Copy(text, name)
        return found

    def _edit_spans(self, spans: Spans, rng: RowRng) -> Copy | None:
        rate = self._recipe.rate
        if spans.words:
            for name in self._order(rng):
                text = self._edits[name](spans, rng, rate)
                if text is not None:
                    return Copy(text, name)
        return None

    def _apply_chain(self, jobs: list[_Job], spans: list[Spans], draws: list[RowRng]) -> list[Copy | None]:
        """Apply all methods in turn to each text; one that finds nothing to do is passed over."""
        current = [spans[job.place] for job in jobs]
        applied: list[list[str]] = [[] for _ in jobs]
        for name, _ in self._recipe.methods:
            texts = self._apply(name, current, draws)
            for place, text in enumerate(texts):
                if text is not None:
                    current[place] = self._splitter.split(text)
                    applied[place].append(name)
        return [
            Copy("".join(each.pieces), "+".join(names)) if names else None
            for each, names in zip(current, applied, strict=True)
        ]

    def _apply(self, name: str, spans: list[Spans], draws: list[RowRng]) -> list[str | None]:
        if name in self._rewriters:
            return self._rewriters[name](spans, draws, self._recipe.rate)
        edit = self._edits[name]
        return [edit(each, draw, self._recipe.rate) for each, draw in zip(spans, draws, strict=True)]

    def _drop_known(self, fresh: list[tuple[_Job, Copy, str]], left: list[_Job]) -> list[tuple[_Job, Copy]]:
        """Return what equals no original."""
        if self._originals is None or not fresh:
            return [(job, copy) for job, copy, _ in fresh]
        known = self._originals.have([key for _, _, key in fresh])
        for (job, _, _), is_known in zip(fresh, known, strict=True):
            if is_known:
                job.note_repeat()
                left.append(job)
        return [(job, copy) for (job, copy, _), is_known in zip(fresh, known, strict=True) if not is_known]

    def _drop_flipped(
        self, good: list[tuple[_Job, Copy]], rows: Sequence[Row], left: list[_Job], made: CopyBatch
    ) -> Iterator[tuple[_Job, Copy]]:
        """Yield what is predicted the same label as its original."""
        if self.check is None or not good:
            yield from good
            return
        places = sorted({job.place for job, _ in good})
        labels = dict(zip(places, self.check([rows[place].text for place in places]), strict=True))
        predicted = self.check([copy.text for _, copy in good])
        for (job, copy), label in zip(good, predicted, strict=True):
            if label == labels[job.place]:
                yield job, copy
            else:
                job.reason = FLIPPED
                made.flips += 1
                left.append(job)
