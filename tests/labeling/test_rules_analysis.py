"""The table of rules and their vote, beside the same worked out row by row in the plainest way."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txt.labeling.rules.analysis import analyze
from txt.labeling.rules.combination import combine
from txt.labeling.rules.conditions import Keywords
from txt.labeling.rules.firing import FiringResult
from txt.labeling.rules.judged_rows import JudgedRows, estimate_trust, learn_weights
from txt.labeling.rules.proposals import Proposals
from txt.labeling.rules.rule import Combination, Rule, RuleSet
from txt.labeling.rules.vote_choice import choose_vote
from txt.proportions import wilson_interval

LABELS = ("a", "b", "c")


def fired_rules(
    fires: Sequence[Sequence[bool]],
    labels: Sequence[str],
    priorities: Sequence[int] = (),
    weights: Sequence[float | None] = (),
    how: Combination = "majority",
) -> FiringResult:
    rules = tuple(
        Rule(
            f"r{place}",
            label,
            Keywords((f"w{place}",)),
            priority=priorities[place] if priorities else 0,
            weight=weights[place] if weights else None,
        )
        for place, label in enumerate(labels)
    )
    array = np.array(fires, np.bool_)
    return FiringResult(RuleSet(rules, how, LABELS), array, array.shape[1])


def judged(answers: Sequence[str | None], names: Sequence[str] = LABELS) -> JudgedRows:
    rows = [row for row, label in enumerate(answers) if label is not None]
    codes = np.array([names.index(answers[row] or "") for row in rows], np.int16)
    return JudgedRows(np.array(rows, np.int64), codes, names)


def votes_by_hand(fired: FiringResult, row: int, how: Combination) -> str | None:
    """The vote on a row as one would explain it."""
    rules = [rule for place, rule in enumerate(fired.rules.rules) if fired.fires[place, row]]
    if how == "priority" and rules:
        highest = max(rule.priority for rule in rules)
        rules = [rule for rule in rules if rule.priority == highest]
    ranked = Counter(rule.label for rule in rules).most_common()
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


cases = st.integers(1, 12).flatmap(
    lambda rows: st.lists(
        st.tuples(st.lists(st.booleans(), min_size=rows, max_size=rows), st.sampled_from(LABELS), st.integers(-1, 1)),
        min_size=1,
        max_size=6,
    ).flatmap(
        lambda rules: st.tuples(
            st.just(rules), st.lists(st.sampled_from([*LABELS, None]), min_size=rows, max_size=rows)
        )
    )
)


@settings(max_examples=200)
@given(cases)
def test_the_table_is_what_counting_row_by_row_gives(case):
    rules, people = case
    fires, labels, _ = zip(*rules, strict=True)
    analysis = analyze(fired_rules(fires, labels), judged(people))
    for place, line in enumerate(analysis.lines):
        rows = [row for row, on in enumerate(fires[place]) if on]
        others = [
            {labels[other] for other in range(len(labels)) if other != place and fires[other][row]} for row in rows
        ]
        right = [people[row] == labels[place] for row in rows if people[row] is not None]
        assert line.covered == len(rows)
        assert line.overlapping == sum(bool(each) for each in others)
        assert line.conflicting == sum(bool(each - {labels[place]}) for each in others)
        assert line.score.judged == len(right)
        assert line.score.accuracy == (wilson_interval(sum(right), len(right)) if right else None)
    for one in range(len(labels)):
        for two in range(len(labels)):
            both = sum(a and b for a, b in zip(fires[one], fires[two], strict=True))
            assert analysis.conflicts[one, two] == (both if labels[one] != labels[two] else 0)


@settings(max_examples=200)
@given(cases, st.sampled_from(["majority", "priority"]))
def test_votes_are_what_one_would_count_by_hand(case, how: Combination):
    rules, people = case
    fired = fired_rules(*zip(*rules, strict=True))
    vote = combine(fired, how)
    by_hand = [votes_by_hand(fired, row, how) for row in range(len(people))]
    assert [None if code < 0 else LABELS[code] for code in vote.winners.tolist()] == by_hand
    for row, winner in enumerate(by_hand):
        cast = [label for place, (_, label, _) in enumerate(rules) if fired.fires[place, row]]
        assert vote.share[row] == pytest.approx(cast.count(winner) / len(cast) if winner else 0)


def test_the_largest_class_is_guessed_on_the_same_rows():
    fired = fired_rules([[1, 1, 1, 0, 0]], "b")
    analysis = analyze(fired, judged(["b", "b", "a", "a", "a"]))
    score = analysis.lines[0].score
    assert (score.judged, score.accuracy.value, score.guess) == (3, 2 / 3, 1 / 3)
    assert analysis.largest_class == "a"
    assert analysis.guessing.value == 3 / 5
    assert analysis.with_guesses.value == 4 / 5


@pytest.mark.parametrize(("right", "worse"), [(20, True), (50, False), (80, False)])
def test_a_rule_below_guessing_is_flagged(right: int, worse: bool):
    people = ["b"] * right + ["a"] * (100 - right) + ["a"] * 100
    fired = fired_rules([[1] * 100 + [0] * 100], "b")
    assert analyze(fired, judged(people)).lines[0].score.worse is worse


def test_a_rule_for_the_largest_class_is_flagged_below_that_classs_share():
    people = ["a"] * 30 + ["b"] * 70 + ["a"] * 200
    assert analyze(fired_rules([[1] * 100 + [0] * 200], "a"), judged(people)).lines[0].score.worse
    assert not analyze(fired_rules([[0] * 100 + [1] * 200], "a"), judged(people)).lines[0].score.worse


def test_a_class_that_no_rule_gives_counts_as_wrong():
    analysis = analyze(fired_rules([[1, 1, 1]], "a"), judged(["a", "d", "d"], (*LABELS, "d")))
    assert analysis.lines[0].score.accuracy.value == 1 / 3
    assert analysis.largest_class == "d"


def noisy_rules(
    how: Combination, rows: int = 600, rates: Sequence[float] = (0.95, 0.4, 0.4)
) -> tuple[FiringResult, JudgedRows]:
    """Three rules that vote `a` or `b` (as six) on every row, one of them much better than the others."""
    rng = np.random.default_rng(3)
    truth = rng.integers(2, size=rows)
    fires, labels = [], []
    for rate in rates:
        said = np.where(rng.random(rows) < rate, truth, 1 - truth)
        fires += [said == 0, said == 1]
        labels += ["a", "b"]
    return fired_rules(fires, labels, how=how), judged([LABELS[code] for code in truth])


def test_a_weighted_vote_is_used_where_it_wins_and_says_by_how_much():
    fired, people = noisy_rules("weighted")
    decided = choose_vote(fired, people)
    assert (decided.asked, decided.used, decided.rival) == ("weighted", "weighted", "majority")
    assert decided.gain.low > 0
    best = combine(fired, "weighted", learn_weights(fired, people))
    assert decided.vote.winners.tolist() == best.winners.tolist()
    assert (best.winners == people.codes).mean() > 0.9


def test_a_weighted_vote_that_does_not_win_is_left_aside():
    fired, people = noisy_rules("weighted", rates=(0.8, 0.8, 0.8))
    decided = choose_vote(fired, people)
    assert decided.used == decided.rival == "majority"
    assert decided.gain.low <= 0
    assert decided.vote.winners.tolist() == combine(fired, "majority").winners.tolist()


def test_without_labels_by_people_a_weighted_vote_is_left_aside():
    fired, _ = noisy_rules("weighted")
    decided = choose_vote(fired, judged([None] * 600))
    assert (decided.used, decided.gain) == ("majority", None)
    assert analyze(fired, judged([None] * 600)).to_json()["guessing"] is None


def test_weights_are_the_files_or_learned():
    fired = fired_rules([[1] * 10, [1] * 10, [0] * 10], "aab", weights=(None, 2.5, None))
    weights = learn_weights(fired, judged(["a"] * 9 + ["b"]))
    assert weights == pytest.approx([np.log(10 / 2 * 2), 2.5, np.log(2)])


def test_a_proposal_names_its_rules_and_is_as_sure_as_the_best_of_them():
    fired = fired_rules([[1, 1, 1, 0], [1, 0, 1, 0], [0, 1, 1, 0]], "aab")
    people = judged(["a", "a", None, None])
    proposals = Proposals(fired, people)
    best = estimate_trust(fired, people)
    assert (proposals.answer(0).label, proposals.answer(0).reason) == ("a", "r0, r1")
    assert proposals.answer(0).score == pytest.approx(max(best[:2]), abs=1e-4)
    assert proposals.answer(1) is None
    assert proposals.answer(2).score == pytest.approx(max(best[:2]) * 2 / 3, abs=1e-4)
    assert proposals.answer(3) is None
    told = proposals.explain(2, "W0 and w1, not w2")
    assert told.reason == "r0: W0; r1: w1 · against it: r2"
    assert told.words == ("W0", "w1")


def test_nothing_is_known_of_a_rule_without_labels_by_people():
    fired = fired_rules([[1, 1]], "a")
    assert Proposals(fired, judged([None, None])).answer(0).score == 0.5


def test_test_rows_get_no_proposal():
    proposals = Proposals(fired_rules([[1, 1]], "a"), judged([None, None]), test=np.array([True, False]))
    assert proposals.answer(0) is None
    assert proposals.answer(1).label == "a"


def test_a_row_that_comes_up_in_another_thread_has_its_proposal_without_the_words():
    proposals = Proposals(fired_rules([[1]], "a"), judged([None]))
    with ThreadPoolExecutor(1) as pool:
        told = pool.submit(proposals.explain, 0, "w0").result()
    assert (told.label, told.reason, told.words) == ("a", "r0", ())
