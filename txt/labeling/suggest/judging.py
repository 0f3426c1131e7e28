"""How good each source is, and the joined suggestion: on labels that were given without seeing any."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from txt.arrays import Ints
from txt.labeling.active.logistic import Scores
from txt.labeling.rules.analysis import Score, score_answers
from txt.labeling.rules.combination import ABSTAIN
from txt.labeling.rules.judged_rows import JudgedRows
from txt.labeling.suggest.given import GivenAnswers
from txt.labeling.suggest.joining import (
    ChosenJoin,
    choose_join,
    fit_dawid_skene_join,
    fit_logistic_join,
    join_alike,
    join_out_of_fold,
)
from txt.labeling.suggest.sources import (
    LEARNED,
    PREDICT,
    KnownPlaces,
    Material,
    find_nearest,
    spread_given,
    vote,
)

FOLDS = 5
HELD_OUT = FOLDS
"""The fold of rows that nothing is learned from in any case."""

JOINED = "joined"
_MOST_JUDGED = 3000  # rows; more make an interval no narrower than anybody reads


@dataclass(frozen=True)
class SourceLine:
    """A source's line of the table: rows it covers, on which another answers too, and on which one contradicts it.

    `tokens` and `seconds` are for each row that it covers.
    """

    name: str
    covered: int
    overlapping: int
    conflicting: int
    score: Score
    seconds: float
    tokens: float = 0.0
    used: bool = True


@dataclass(frozen=True)
class Suggestions:
    """What is suggested for P rows, and how good it is.

    `codes` (P,) are numbers into `names` or ABSTAIN, `sure` (P,), `ranked` (P, K) the likeliest classes first, `said`
    (S, P) what each source says, and `nearest` (P,) the place of the most similar labeled row, or -1. `judged` is the
    number of labels that `lines` are judged by, `held_out` how many of them the sources could not learn from.
    """

    names: tuple[str, ...]
    codes: Ints
    sure: Scores
    ranked: Ints
    sources: tuple[str, ...]
    said: Ints
    nearest: Ints
    method: str
    shares: Mapping[str, float] | None
    lines: Sequence[SourceLine]
    joined: SourceLine
    judged: int
    held_out: int

    def to_json(self) -> dict[str, Any]:
        """Return the table as a JSON object; shares are of all rows that suggestions are for."""
        whole = max(len(self.codes), 1)
        return {
            "rows": len(self.codes),
            "judged_rows": self.judged,
            "held_out_rows": self.held_out,
            "joined_by": self.method,
            "right_out_of_fold": None if self.shares is None else dict(self.shares),
            "sources": [_line_to_json(line, whole) for line in self.lines],
            "joined": _line_to_json(self.joined, whole),
        }


def suggest_labels(
    material: Material,
    sources: Sequence[str],
    given: Mapping[str, GivenAnswers],
    known: KnownPlaces,
    judged: KnownPlaces,
    folds: Ints,
) -> Suggestions:
    """Let all sources answer, judge them, and join those that are better than guessing.

    Args:
        material: the rows.
        sources: the names of the sources, in the order of the table.
        given: the answers of those that work elsewhere.
        known: the labels that sources may learn from.
        judged: the labels that were given without seeing a suggestion, by which sources are judged.
        folds: the fold of each row (P,), rows with the same text in one; HELD_OUT for those that nothing learns from.
    """
    sources = tuple(name for name in sources if name in PREDICT or name in given)
    P, C, everything = len(folds), len(material.names), np.arange(len(folds))
    judged = _draw_judged(judged, material.seed)
    answers, out_of_fold, seconds = [], [], []
    for name in sources:
        begun = time.monotonic()
        answers.append(_answer(material, name, given, known, everything))
        seconds.append(given[name].seconds if name in given else time.monotonic() - begun)
        out_of_fold.append(_answer_out_of_fold(material, name, given, known, judged, folds, answers[-1]))
    said = np.stack([vote(each) for each in answers]) if answers else np.empty((0, P), np.int64)
    measured = _select_measured(judged, folds)
    truth = JudgedRows(judged.places[measured], judged.codes[measured].astype(np.int16), material.names)
    lines = [
        _describe_source(name, said, place, score_answers(vote(out_of_fold[place])[measured], truth), seconds[place])
        for place, name in enumerate(sources)
    ]
    lines = [_count_tokens(line, given.get(line.name)) for line in lines]
    used = [place for place, line in enumerate(lines) if not line.score.worse]
    whole = _stack([answers[place] for place in used], (P, C))
    tried = _stack([out_of_fold[place] for place in used], (len(judged.codes), C))
    chosen = (
        choose_join(tried, judged.codes, folds[judged.places], [sources[place] for place in used]) if used else None
    )
    begun = time.monotonic()
    joined = np.zeros((P, C), np.float32) if chosen is None else chosen.join(whole)
    score = _score_joined(chosen, tried, judged, folds, measured, truth)
    codes = vote(joined)
    nearest = _find_nearest_places(material, known, everything) if "near" in sources else np.full(P, ABSTAIN)
    return Suggestions(
        names=material.names,
        codes=codes,
        sure=joined.max(1, initial=0.0),
        ranked=np.argsort(-joined, axis=1, kind="stable")[:, :5],
        sources=sources,
        said=said,
        nearest=nearest,
        method="nothing" if chosen is None else chosen.name,
        shares=None if chosen is None else chosen.shares,
        lines=lines,
        joined=SourceLine(JOINED, int((codes != ABSTAIN).sum()), 0, 0, score, (time.monotonic() - begun) / max(P, 1)),
        judged=len(truth),
        held_out=int((folds[truth.rows] == HELD_OUT).sum()),
    )


_LEAST_HELD_OUT = 30  # rows; with fewer, all labels given without a suggestion are measured on, out of fold


def _select_measured(judged: KnownPlaces, folds: Ints) -> Ints:
    """Return which of the judged labels are measured on: those held out where there are enough, else all."""
    held = np.flatnonzero(folds[judged.places] == HELD_OUT)
    return held if len(held) >= _LEAST_HELD_OUT else np.arange(len(judged.codes))


def _draw_judged(judged: KnownPlaces, seed: int) -> KnownPlaces:
    if len(judged.codes) <= _MOST_JUDGED:
        return judged
    drawn = np.sort(np.random.default_rng(seed).permutation(len(judged.codes))[:_MOST_JUDGED])
    return KnownPlaces(judged.places[drawn], judged.codes[drawn])


def _answer(
    material: Material, name: str, given: Mapping[str, GivenAnswers], known: KnownPlaces, targets: Ints
) -> Scores:
    if name in given:
        return spread_given(given[name], targets, len(material.names))
    return PREDICT[name](material, known, targets)


def _answer_out_of_fold(
    material: Material,
    name: str,
    given: Mapping[str, GivenAnswers],
    known: KnownPlaces,
    judged: KnownPlaces,
    folds: Ints,
    answers: Scores,
) -> Scores:
    """Return a source's answers on the judged rows (J, C), learned from the labels of other folds only."""
    if name not in LEARNED:
        return answers[judged.places]
    found = np.zeros((len(judged.codes), len(material.names)), np.float32)
    for fold in np.unique(folds[judged.places]).tolist():
        inside = folds[judged.places] == fold
        others = known.part(folds[known.places] != fold)
        found[inside] = _answer(material, name, given, others, judged.places[inside])
    return found


def _describe_source(name: str, said: Ints, place: int, score: Score, seconds: float) -> SourceLine:
    own = said[place]
    covered = own != ABSTAIN
    others = np.delete(said, place, 0)
    overlapping = covered & (others != ABSTAIN).any(0)
    conflicting = covered & ((others != ABSTAIN) & (others != own)).any(0)
    count = int(covered.sum())
    return SourceLine(
        name,
        count,
        int(overlapping.sum()),
        int(conflicting.sum()),
        score,
        seconds / max(count, 1),
        used=not score.worse,
    )


def _count_tokens(line: SourceLine, given: GivenAnswers | None) -> SourceLine:
    tokens = 0.0 if given is None else given.tokens / max(line.covered, 1)
    return SourceLine(
        line.name,
        line.covered,
        line.overlapping,
        line.conflicting,
        line.score,
        line.seconds,
        tokens,
        line.used,
    )


def _score_joined(
    chosen: ChosenJoin | None, tried: Scores, judged: KnownPlaces, folds: Ints, measured: Ints, truth: JudgedRows
) -> Score:
    """Score the joined answers, each by a joining that was fitted on other folds."""
    if chosen is None:
        return Score(0)
    fits = {"logistic regression": fit_logistic_join, "Dawid–Skene": fit_dawid_skene_join}
    fit = fits.get(chosen.name, lambda _answers, _codes: chosen.join)
    found = join_out_of_fold(fit, tried, judged.codes, folds[judged.places]) if len(judged.codes) else join_alike(tried)
    return score_answers(vote(found)[measured], truth) if len(truth) else Score(0)


def _find_nearest_places(material: Material, known: KnownPlaces, targets: Ints) -> Ints:
    """Return the place of the labeled row that each row is most like, or -1; a row is not its own neighbour."""
    if not len(known.places):
        return np.full(len(targets), ABSTAIN)
    nearest, likeness = find_nearest(material, known.places, targets, 2)
    places = known.places[nearest]  # (T, 2)
    own = places[:, 0] == targets
    first = np.where(own & (places.shape[1] > 1), places[:, -1], places[:, 0])
    strength = np.where(own & (places.shape[1] > 1), likeness[:, -1], likeness[:, 0])
    return np.where((strength > 0) & (first != targets), first, ABSTAIN)


def _stack(answers: Sequence[Scores], shape: tuple[int, int]) -> Scores:
    return np.stack(answers) if answers else np.zeros((0, *shape), np.float32)


def _line_to_json(line: SourceLine, whole: int) -> dict[str, Any]:
    score = line.score
    return {
        "name": line.name,
        "covered": line.covered,
        "coverage": line.covered / whole,
        "overlaps": line.overlapping / whole,
        "conflicts": line.conflicting / whole,
        "judged": score.judged,
        "accuracy": None if score.accuracy is None else score.accuracy.to_json(),
        "guess": score.guess,
        "worse_than_guessing": score.worse,
        "used": line.used,
        "tokens_a_row": line.tokens,
        "seconds_a_row": line.seconds,
    }
