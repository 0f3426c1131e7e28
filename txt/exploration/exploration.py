"""Explores the texts of a file, step by step: vectors, clusters and what is in them, repeats, odd characters."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from txt.augmentation.language_data import list_common_words
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.text_keys import make_text_key
from txt.exploration.clustering import Trial, assign_clusters, fit_centres, try_counts
from txt.exploration.corpus import Corpus
from txt.exploration.encoders import WORDS
from txt.exploration.key_words import WordCounts
from txt.exploration.nearest import find_nearest
from txt.exploration.personal import PersonalCount, count_personal, hide_personal
from txt.exploration.repeats import Repeats
from txt.exploration.signs import Lengths, count_languages, count_odd, count_scripts, measure_lengths
from txt.exploration.vector_file import TextVectors, make_vectors, take_spread
from txt.files import FORMAT
from txt.model.encoders import choose_encoder

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

SETTLED = 0.4
"""The adjusted Rand index of two halves' clusterings from which on a number of clusters has settled.

On seven sets with labels that it was not fitted to, it gives from 3 clusters of German comments to 85 of bank
customers' questions with 77 intents; twice the number rarely reaches half the index.
"""

CERTAIN = 0.97
"""The index from which on groups are so clear that they are not cut up further."""

TYPICAL, ODD, KEY_WORDS = 3, 2, 6

CHOICE_SAMPLE = 2000
"""Texts in which the language is found, and with it the encoder."""

NEAR_ROWS = 200_000
"""Rows in which near-duplicates are looked for: 16 numbers of each are kept in memory."""

_LISTED_GROUPS = 50  # in the report, with the rows of each
_TRIED = 4000  # texts on which numbers of clusters are tried
_FITTED = 20_000  # texts on which the centres are fitted
_COUNTED = 50_000  # texts in which words are counted
_SPOKEN = 0.1  # share of the texts from which on a language's commonest words are no key words
_MAPPED = 1500  # texts on the map
_LOOKED = 200  # texts looked at for the typical ones of a cluster, as some are alike


@dataclass(frozen=True)
class Overview:
    """What there is: rows, those without a text, different texts, lengths, languages, scripts."""

    rows: int
    without_text: int
    different: int
    characters: Lengths
    words: Lengths
    languages: dict[str, float]
    scripts: dict[str, float]


@dataclass(frozen=True)
class Signs:
    """How many of `rows` rows have each oddity, and personal data by kind."""

    rows: int
    odd: dict[str, int]
    personal: dict[str, PersonalCount]


@dataclass
class Cluster:
    """A group of similar texts; `rows` are all of its rows, the most typical first, `likeness` their cosines.

    `apart` are the words that set it apart from `nearest`, the cluster most like it. `classes` are the shares of labels
    among its labeled rows.
    """

    number: int
    rows: Ints
    likeness: Floats
    words: list[str]
    nearest: int | None
    apart: list[str]
    typical: list[int]
    odd: list[int]
    classes: dict[str, float] = field(default_factory=dict)
    name: str | None = None


@dataclass(frozen=True)
class Clusters:
    """All clusters, the largest first; rows of whose words nothing is known are in none.

    `settled` tells whether so many clusters settle; None where the user chose how many. `places` (M, 2) are the first
    two principal components of some rows, `place_codes` (M,) their clusters.
    """

    clusters: list[Cluster]
    left_out: int
    settled: bool | None
    trials: list[Trial]
    places: Floats
    place_codes: Ints
    codes: Ints


@dataclass(frozen=True)
class Hit:
    """A row that was found, and its cosine."""

    row: int
    likeness: float


def choose_fast_encoder(texts: list[str], wanted: str | None) -> tuple[str, str]:
    """Return the encoder to distil, and why; `wanted` is the user's choice."""
    if wanted is not None:
        return wanted, "as --encoder says"
    chosen = choose_encoder(texts)
    if chosen is None:
        return WORDS, "no encoder is installed"
    return chosen


class Exploration:
    """The steps, each of which needs those before it: `overview`, `make_vectors`, `find_clusters`."""

    def __init__(self, corpus: Corpus, progress: ProgressWatcher, seed: int = 0) -> None:
        self.corpus = corpus
        self.encoder, self.why = "", ""
        self._progress, self._seed = progress, seed
        self._vectors: TextVectors | None = None

    @property
    def vectors(self) -> TextVectors:
        """The vectors, once they were made."""
        assert self._vectors is not None, "make_vectors comes first"
        return self._vectors

    def describe(self) -> Overview:
        """Return what there is in the file."""
        characters: list[int] = []
        words: list[int] = []
        for batch in self.corpus.read():
            characters.extend(map(len, batch))
            words.extend(len(text.split()) for text in batch)
        held = [place for place, count in enumerate(words) if count]
        some = [text for text in take_spread(self.corpus.read, len(self.corpus), _TRIED) if text.strip()]
        return Overview(
            rows=len(words),
            without_text=len(words) - len(held),
            different=len(np.unique(self.corpus.hashes)),
            characters=measure_lengths([characters[place] for place in held]),
            words=measure_lengths([words[place] for place in held]),
            languages=count_languages(some),
            scripts=count_scripts(some),
        )

    def make_vectors(self, wanted: str | None = None) -> TextVectors:
        """Make the vectors, or take them out of the cache; `wanted` is an encoder's name."""
        corpus = self.corpus
        sample = take_spread(corpus.read, len(corpus), CHOICE_SAMPLE)
        self.encoder, self.why = choose_fast_encoder(sample, wanted)
        making = make_vectors(corpus.read, corpus.hashes, self.encoder)
        self._progress(RowProgress("vectors", 0, len(corpus)))
        while True:
            try:
                self._progress(RowProgress("vectors", next(making), len(corpus)))
            except StopIteration as ended:
                self._progress(RowProgress("vectors", len(corpus), len(corpus)))
                self._vectors = ended.value
                return self.vectors

    def search(self, words: str, most: int, among: npt.NDArray[np.bool_] | None = None) -> list[Hit]:
        """Return the rows whose meaning is nearest to some words."""
        (query,) = self.vectors.encoder.encode([words])
        rows, likeness = find_nearest(self.vectors.vectors, query, most, among)
        return [Hit(row, each) for row, each in zip(rows.tolist(), likeness.tolist(), strict=True)]

    def find_clusters(self, count: int | None = None) -> Clusters:
        """Find clusters: `count`, or as many as settle."""
        vectors = self.vectors.vectors
        rng = np.random.default_rng(self._seed)
        self._progress(RowProgress("clusters", 0, len(vectors)))
        # Copies would be clusters of their own: each text counts once when centres are looked for.
        distinct = rng.permutation(np.unique(self.corpus.hashes, return_index=True)[1])
        some = np.sort(distinct[:_FITTED])
        sample = np.asarray(vectors[some])
        sample = sample[sample.any(1)]
        wanted, settled, trials = count, None, []
        if wanted is None:
            trials = try_counts(sample[rng.permutation(len(sample))[:_TRIED]], seed=self._seed)
            wanted, settled = choose_count(trials)
        if not len(sample):
            nowhere = np.full(len(vectors), -1)
            return Clusters([], len(vectors), settled, trials, np.empty((0, 2), np.float32), nowhere[:0], nowhere)
        centres = fit_centres(sample, min(wanted, len(sample)), self._seed)
        codes, likeness = assign_clusters(vectors, centres)
        sizes = np.bincount(codes[codes >= 0], minlength=len(centres))
        order = np.argsort(-sizes, kind="stable")[: int((sizes > 0).sum())]
        renumbered = np.full(len(centres) + 1, -1)
        renumbered[order] = np.arange(len(order))
        codes, centres = renumbered[codes], centres[order]
        clusters = list(self._describe_clusters(codes, likeness, centres))
        shown = np.sort(rng.permutation(np.flatnonzero(codes >= 0))[:_MAPPED])
        self._progress(RowProgress("clusters", len(vectors), len(vectors)))
        return Clusters(
            clusters, int((codes < 0).sum()), settled, trials, place_on_map(vectors[shown]), codes[shown], codes
        )

    def count_signs(self) -> Signs:
        """Count odd characters and personal data in all rows."""
        odd: Counter[str] = Counter()
        personal: dict[str, PersonalCount] = {}
        done = 0
        for batch in self.corpus.read():
            odd.update(count_odd(batch))
            for kind, each in count_personal(batch).items():
                known = personal.setdefault(kind, PersonalCount())
                known.rows += each.rows
                known.found += each.found
            done += len(batch)
            self._progress(RowProgress("characters", done, len(self.corpus)))
        return Signs(done, dict(odd), {kind: each for kind, each in personal.items() if each.found})

    def _describe_clusters(self, codes: Ints, likeness: Floats, centres: Floats) -> Iterator[Cluster]:
        corpus, count = self.corpus, len(centres)
        step = -(-len(corpus) // _COUNTED)
        texts = take_spread(corpus.read, len(corpus), _COUNTED)
        languages = (name for name, share in count_languages(texts).items() if share >= _SPOKEN)
        words = WordCounts(texts, codes[::step], count, list_common_words(languages))
        alike = centres @ centres.T
        np.fill_diagonal(alike, -np.inf)
        order = np.lexsort((-likeness, codes))  # by cluster, the most typical first
        begins = np.searchsorted(codes[order], np.arange(count + 1))
        for number in range(count):
            rows = order[begins[number] : begins[number + 1]]
            nearest = int(alike[number].argmax()) if count > 1 else None
            yield Cluster(
                number=number,
                rows=rows,
                likeness=likeness[rows],
                words=words.find_key_words(number, KEY_WORDS),
                nearest=nearest,
                apart=[] if nearest is None else words.find_setting_apart(number, nearest, KEY_WORDS),
                typical=self._take_different(rows[:_LOOKED], TYPICAL),
                odd=self._take_different(rows[TYPICAL:][::-1][:_LOOKED], ODD),
                classes=self._count_classes(rows),
            )

    def _take_different(self, rows: Ints, most: int) -> list[int]:
        """Return the first rows whose texts differ by more than case, spaces, signs and links."""
        taken: dict[bytes, int] = {}
        for row in rows.tolist():
            key = make_text_key(self.corpus.text_of(row).encode("utf-8", "replace"))
            taken.setdefault(key, row)
            if len(taken) == most:
                break
        return list(taken.values())

    def _count_classes(self, rows: Ints) -> dict[str, float]:
        codes = self.corpus.label_codes[rows]
        labeled = codes[codes >= 0]
        counts: Counter[str] = Counter()
        for code, number in zip(*np.unique(labeled, return_counts=True), strict=True):
            for name in self.corpus.label_sets[int(code)]:
                counts[name] += int(number)
        return {name: number / len(labeled) for name, number in counts.most_common()}


def choose_count(trials: list[Trial]) -> tuple[int, bool]:
    """Return the largest number of clusters that settles, and True; the most stable one and False where none does.

    Where some numbers are certain, it is the largest of those. One cluster, where there are too few texts to try more.
    """
    certain = [trial.count for trial in trials if trial.stability >= CERTAIN]
    if certain:
        return max(certain), True
    settled = [trial.count for trial in trials if trial.stability >= SETTLED]
    if settled:
        return max(settled), True
    return (max(trials, key=lambda trial: trial.stability).count if trials else 1), False


def place_on_map(vectors: Floats) -> Floats:
    """Return the first two principal components of some vectors, (M, 2); their signs do not depend on the machine."""
    if len(vectors) < 2:
        return np.zeros((len(vectors), 2), np.float32)
    centred = vectors - vectors.mean(0)
    _, found = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = found[:, ::-1][:, :2]
    axes = axes * np.where(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])] < 0, -1, 1)
    places = np.asarray(centred @ axes, np.float32)
    return np.pad(places, ((0, 0), (0, 2 - places.shape[1])))


def hide(corpus: Corpus) -> Callable[[int], str]:
    """Return a function that gives the text of a row without its personal data."""
    return lambda row: hide_personal(corpus.text_of(row))


def to_json(
    exploration: Exploration,
    overview: Overview,
    clusters: Clusters,
    signs: Signs,
    repeats: Repeats,
    show: Callable[[int], str],
) -> dict[str, Any]:
    """Return what was found as a JSON object, rows counted from 1; `show` makes the text of a row fit to be shown."""

    def list_rows(rows: list[int]) -> list[dict[str, Any]]:
        return [{"row": row + 1, "text": show(row)} for row in rows]

    corpus = exploration.corpus
    return {
        "format": FORMAT,
        "source": corpus.source,
        "text_column": corpus.text.name,
        "label_column": corpus.label.name if corpus.label else None,
        "rows": overview.rows,
        "without_text": overview.without_text,
        "different": overview.different,
        "characters": vars(overview.characters),
        "words": vars(overview.words),
        "languages": overview.languages,
        "scripts": overview.scripts,
        "encoder": {"name": exploration.encoder, "why": exploration.why},
        "clusters": [
            {
                "number": each.number + 1,
                "name": each.name,
                "rows": len(each.rows),
                "share": len(each.rows) / max(len(corpus), 1),
                "words": each.words,
                "nearest": None if each.nearest is None else each.nearest + 1,
                "apart": each.apart,
                "typical": list_rows(each.typical),
                "odd": list_rows(each.odd),
                "classes": each.classes,
            }
            for each in clusters.clusters
        ],
        "in_no_cluster": clusters.left_out,
        "settled": clusters.settled,
        "tried": [vars(trial) for trial in clusters.trials],
        "map": [
            {"cluster": code + 1, "x": round(x, 4), "y": round(y, 4)}
            for code, (x, y) in zip(clusters.place_codes.tolist(), clusters.places.tolist(), strict=True)
        ],
        "odd_characters": signs.odd,
        "personal_data": {kind: vars(count) for kind, count in signs.personal.items()},
        "repeats": {
            "copies": repeats.copies,
            "near_copies": repeats.near,
            "rows_looked_at": repeats.looked_at,
            "groups": [
                {"rows": (group.rows + 1).tolist(), "different": group.different, "template": group.template}
                for group in repeats.groups[:_LISTED_GROUPS]
            ],
            "more_groups": max(len(repeats.groups) - _LISTED_GROUPS, 0),
        },
        "warnings": corpus.warnings,
    }
