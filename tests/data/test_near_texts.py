"""Texts that are equal but for what does not count, and near-duplicates: found, kept in one split, dropped, counted."""

import random
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from txt.config import PrepareConfig
from txt.data.near_duplicates import LEAST_OVERLAP, group_near_duplicates, near_duplicates
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.text_keys import make_text_key, make_text_keys

WORDS = [
    f"{first}{second}" for first in ("ka", "mo", "ti", "su", "re", "lo") for second in ("ban", "fir", "gol", "nem")
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("So good!", "so  GOOD"),
        ("@united thanks http://t.co/abc", "@delta Thanks, https://t.co/xyz"),
        ("see www.a.com/x?y=1", "See: WWW.B.ORG"),
        ("Straße", "STRASSE…"),
        ("café\u00a0au lait", "cafe\u0301 au\u200blait"),
        ("“good”", '"good"'),
        ("ﬁne", "fine"),
    ],
)
def test_texts_that_differ_by_nothing_that_counts_have_one_key(one, other):
    assert make_text_key(one.encode()) == make_text_key(other.encode())


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("so good", "so bad"),
        ("great 😀", "great 😡"),
        ("5 stars", "4 stars"),
        ("!!!", "???"),
        ("http://a.com", "http://b.com"),
        ("write to a@b.com", "write to c@d.com"),
        ("", "!"),
    ],
)
def test_texts_that_differ_otherwise_have_different_keys(one, other):
    assert make_text_key(one.encode()) != make_text_key(other.encode())


def make_sentences(count: int, seed: int) -> list[str]:
    rng = random.Random(seed)
    return [" ".join(rng.choices(WORDS, k=12)) for _ in range(count)]


def measure_overlap(one: str, other: str) -> float:
    """The Jaccard overlap by the definition, on sets of strings."""
    first, second = ({*words, *pairwise(words)} for words in (one.split(), other.split()))
    return len(first & second) / len(first | second)


def test_near_duplicates_are_found_in_batches_as_in_one_piece_and_by_their_true_overlap():
    texts = make_sentences(400, 1)
    texts += [f"{text} {word}" for text, word in zip(texts[:100], WORDS * 5, strict=False)]  # one word more each
    groups = near_duplicates(texts)
    batches = [texts[start : start + 37] for start in range(0, len(texts), 37)]
    assert group_near_duplicates(lambda: iter(batches), len(texts)).tolist() == groups.tolist()
    found = sum(int(groups[place] == groups[400 + place]) for place in range(100))
    true = sum(measure_overlap(texts[place], texts[400 + place]) >= LEAST_OVERLAP for place in range(100))
    assert true > 80
    assert found >= true - 2
    for group in set(groups.tolist()):
        members = np.flatnonzero(groups == group).tolist()
        for member in members[1:]:
            assert (
                max(measure_overlap(texts[member], texts[each]) for each in members if each != member) >= LEAST_OVERLAP
            )


def write_rows(path, texts, splits=None):
    rows = [
        f"{text},{'ab'[number % 2]}" + (f",{splits[number]}" if splits else "") for number, text in enumerate(texts)
    ]
    path.write_text("\n".join(["text,label" + (",split" if splits else ""), *rows]) + "\n")
    return path


def split_of_each(folder) -> dict[str, str]:
    prepared = Prepared.open(folder)
    return {text: name for name in ("train", "val", "test") for text in prepared.split(name).texts()}


def test_rows_equal_but_for_case_and_signs_never_stand_in_two_splits(tmp_path):
    texts = make_sentences(100, 2)
    twins = [f"@me {text.upper()}!! http://t.co/{number}" for number, text in enumerate(texts)]
    report = prepare(write_rows(tmp_path / "d.csv", texts + twins), PrepareConfig(vocab_size=200), tmp_path / "out")
    split = split_of_each(tmp_path / "out")
    assert [split[text] for text in texts] == [split[twin] for twin in twins]
    assert set(split.values()) == {"train", "val", "test"}
    assert (report.duplicates, report.alike) == (0, 100)


def test_rows_equal_but_for_case_across_given_splits_are_counted(tmp_path):
    texts = make_sentences(60, 3)
    splits = ["train"] * 40 + ["test"] * 20
    texts[40:50] = [text.upper() for text in texts[:10]]
    texts[50:53] = texts[10:13]
    path = write_rows(tmp_path / "d.csv", texts, splits)
    report = prepare(path, PrepareConfig(vocab_size=200, val_split=0), tmp_path / "out")
    assert report.overlaps["train-test"] == {"equal": 3, "alike": 10, "near": 13}
    assert any("10 test rows are equal to one in train but for case" in warning for warning in report.warnings)


@pytest.fixture
def near(tmp_path):
    texts = make_sentences(150, 4)
    return texts, [f"{text} {WORDS[number % len(WORDS)]}" for number, text in enumerate(texts)]


def test_near_duplicates_are_grouped_or_dropped_or_kept_and_counted(tmp_path, near):
    texts, copies = near
    path = write_rows(tmp_path / "d.csv", texts + copies)
    pairs = int((near_duplicates(texts + copies)[:150] == near_duplicates(texts + copies)[150:]).sum())
    reports, split = {}, {}
    for way in ("keep", "group", "drop"):
        config = PrepareConfig(vocab_size=200, near_duplicates=way)
        reports[way] = prepare(path, config, tmp_path / way)
        split[way] = split_of_each(tmp_path / way)
    assert {way: report.near_duplicates for way, report in reports.items()} == dict.fromkeys(reports, pairs)
    assert reports["keep"].overlaps["train-test"]["near"] > 0
    assert any("--near-duplicates" in warning for warning in reports["keep"].warnings)
    assert reports["group"].overlaps == {}
    assert len(split["keep"]) == len(split["group"]) == 300
    assert len(split["drop"]) == 300 - pairs
    assert reports["drop"].dropped == {"near-duplicates of other rows": pairs}
    assert {"train", "val", "test"} == set(split["drop"].values()) == set(split["group"].values())


def test_dropping_near_duplicates_leaves_given_test_rows_as_they_are(tmp_path, near):
    texts, copies = near
    copies = copies[:100] + make_sentences(50, 5)
    path = write_rows(tmp_path / "d.csv", texts + copies, ["train"] * 150 + ["test"] * 150)
    prepare(path, PrepareConfig(vocab_size=200, val_split=0, near_duplicates="drop"), tmp_path / "out")
    split = split_of_each(tmp_path / "out")
    assert all(split[copy] == "test" for copy in copies)
    assert all(text in split for text in texts[100:])
    assert sum(text in split for text in texts[:100]) < 20


def test_many_rows_are_not_searched_unless_asked_for(tmp_path, near, monkeypatch):
    monkeypatch.setattr("txt.data.division._COUNTED_ROWS", 10)
    texts, copies = near
    path = write_rows(tmp_path / "d.csv", texts + copies)
    assert prepare(path, PrepareConfig(vocab_size=200), tmp_path / "one").near_duplicates is None
    config = PrepareConfig(vocab_size=200, near_duplicates="keep")
    assert (prepare(path, config, tmp_path / "two").near_duplicates or 0) > 100


_SIGNS = ["!", "。", ".", "_", "@", "@me", "x@y.z", "http://x.y", "www.a", " ", "\n", "\x85", "\0", ""]
_LETTERS = ["a", "B", "ß", "É", "\u0301", "İ", "ﬁ", "Σς", "👍", "\uff71", "\u1100\u1161"]
_PIECES = st.sampled_from([*_SIGNS, *_LETTERS])


@given(st.lists(st.lists(_PIECES, max_size=8).map("".join), max_size=12))
def test_keys_of_many_texts_are_those_of_each(texts):
    encoded = [text.encode() for text in texts]
    assert make_text_keys(encoded) == [make_text_key(text) for text in encoded]
