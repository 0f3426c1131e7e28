"""Texts that come again: word for word, nearly so, or from one template with other words in its gaps."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import reduce

import numpy as np
import numpy.typing as npt

from txt.data.near_duplicates import group_near_duplicates
from txt.exploration.corpus import Corpus
from txt.exploration.personal import hide_personal

GAP = "…"
"""Stands in a template for the words that differ."""

Ints = npt.NDArray[np.int64]

_COMPARED = 6  # texts of a group from which its template is made
_WORDS = 60  # of a text that a template is made of
_LEAST_WORDS = 3  # that a template has beside its gaps


@dataclass(frozen=True)
class RepeatedGroup:
    """Texts that share most of their words.

    `rows` are all of them, `different` how many different texts they are, `template` the words that all of them share,
    with a gap for the others; it is the text itself where they do not differ.
    """

    rows: Ints
    different: int
    template: str


@dataclass(frozen=True)
class Repeats:
    """Copies and near-duplicates: `copies` are rows whose text an earlier row has; `groups` the largest come first.

    `looked_at` are the rows in which near-duplicates were looked for, from the start of the file.
    """

    copies: int
    near: int
    groups: list[RepeatedGroup]
    looked_at: int


def find_repeats(corpus: Corpus, most_rows: int) -> Repeats:
    """Find copies in the whole file, and near-duplicates among its first `most_rows` rows."""
    copies = len(corpus) - len(np.unique(corpus.hashes))
    looked_at = min(len(corpus), most_rows)
    # Word for word the same texts are looked at once, as there may be thousands of one.
    hashes, first, back = np.unique(corpus.hashes[:looked_at], return_index=True, return_inverse=True)
    order = np.argsort(first)
    texts = corpus.texts_of(first[order])
    found = group_near_duplicates(lambda: iter([texts]), len(texts))
    group_of = np.empty(len(hashes), np.int64)
    group_of[order] = found
    groups = group_of[back]
    sizes = np.bincount(groups)
    different = np.bincount(group_of, minlength=len(sizes))
    largest = [place for place in np.argsort(-sizes, kind="stable").tolist() if sizes[place] > 1]
    ordered = np.argsort(groups, kind="stable")
    ends = np.cumsum(sizes)
    found_groups = [
        _describe(corpus, ordered[ends[place] - sizes[place] : ends[place]], int(different[place]), made < _DESCRIBED)
        for made, place in enumerate(largest)
    ]
    near = int((sizes[sizes > 1] - 1).sum()) - (looked_at - len(hashes))
    return Repeats(copies, near, [each for each in found_groups if each.template.strip()], looked_at)


_DESCRIBED = 50  # groups whose template is made


def _describe(corpus: Corpus, rows: Ints, different: int, described: bool) -> RepeatedGroup:
    if not described:
        return RepeatedGroup(rows, different, GAP)
    _, firsts = np.unique(corpus.hashes[rows], return_index=True)
    texts = [hide_personal(text) for text in corpus.texts_of(rows[np.sort(firsts)[:_COMPARED]])]
    return RepeatedGroup(rows, different, make_template(texts))


def make_template(texts: Sequence[str]) -> str:
    """Return the words that all texts share, in their order, with a gap where they differ.

    The first text, where they share fewer than three words.
    """
    words = reduce(_intersect, (text.split()[:_WORDS] for text in texts))
    kept = [word for word in words if word != GAP]
    return " ".join(words) if len(kept) >= _LEAST_WORDS or len(texts) == 1 else texts[0]


def _intersect(one: list[str], other: list[str]) -> list[str]:
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    shared: list[str] = []
    at_one = at_other = 0
    for block in matcher.get_matching_blocks():
        if (block.a > at_one or block.b > at_other) and (not shared or shared[-1] != GAP):
            shared.append(GAP)
        shared.extend(one[block.a : block.a + block.size])
        at_one, at_other = block.a + block.size, block.b + block.size
    return shared
