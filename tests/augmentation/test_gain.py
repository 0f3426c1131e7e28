"""What copies bring, and what they would be: measured and shown on the very copies that would be made."""

from collections import Counter

import pytest

from tests.augmentation.test_augment import CHEAP, rows_of, texts, write
from tests.tickets import write_tickets
from txt.augmentation.augment import augment
from txt.augmentation.gain import ROUNDS, GainLearner, measure_gain
from txt.augmentation.label_check import fit_check_on
from txt.augmentation.originals import make_key
from txt.augmentation.preview import preview_copies
from txt.config import PrepareConfig
from txt.errors import InputError


@pytest.fixture
def uneven(tmp_path):
    rows = [{"text": text, "label": "rare" if n % 5 == 0 else "usual"} for n, text in enumerate(texts(100))]
    return write(tmp_path / "uneven.csv", rows)


@pytest.fixture
def seen():
    """Return a learner that remembers what it was given, and the list of that."""
    given = []

    def predict(train, asked):
        given.append((train, asked))
        return ["usual"] * len(asked)

    return GainLearner("a learner that remembers", predict), given


@pytest.mark.parametrize("options", [{"balance": True}, {"per_class": 90}])
def test_a_measured_gain_is_that_of_the_copies_asked_for(uneven, seen, options):
    learner, given = seen
    gain = measure_gain(uneven, CHEAP.with_options(**options), PrepareConfig(), learner=learner)
    assert len(given) == 3 * ROUNDS
    for nothing, duplicates, copies in zip(*[iter(given)] * 3, strict=True):
        wanted = options.get("per_class") or max(Counter(label for _, label in nothing[0]).values())
        for train, _ in (duplicates, copies):
            assert set(Counter(label for _, label in train).values()) == {wanted}
        assert {text for text, _ in duplicates[0]} == {text for text, _ in nothing[0]}
    assert gain.how.startswith("a learner that remembers")


def test_no_copy_of_a_held_out_row_is_trained_on(uneven, seen):
    learner, given = seen
    measure_gain(uneven, CHEAP, PrepareConfig(), learner=learner)
    for train, asked in given:
        numbers = {text.split(" x")[-1] for text, _ in train if " x" in text}
        assert not numbers & {text.split(" x")[-1] for text in asked}
        assert not {make_key(text) for text, _ in train} & {make_key(text) for text in asked}


def test_a_check_learns_from_the_rows_that_are_copied_alone(uneven, seen, monkeypatch):
    learner, given = seen
    fitted = []
    monkeypatch.setattr("txt.augmentation.gain.fit_check_on", lambda rows, _: fitted.append(rows) or _NoFlips())
    measure_gain(uneven, CHEAP.with_options(check="tfidf"), PrepareConfig(), learner=learner)
    assert fitted == [train for train, _ in given[::3]]


class _NoFlips:
    def __call__(self, asked):
        return [0] * len(asked)


@pytest.mark.parametrize("options", [{}, {"balance": True}, {"per_class": 85}, {"check": "tfidf"}])
def test_a_preview_shows_the_copies_that_are_made(uneven, tmp_path, options):
    config = CHEAP.with_options(**options)
    pairs, _ = preview_copies(uneven, config, PrepareConfig(), 10)
    augment(uneven, tmp_path / "out.csv", config)
    made = {}
    for row in rows_of(tmp_path / "out.csv"):
        if row["augmented"] == "true":
            made.setdefault(row["source_id"], []).append(row["text"])
    originals = {row["source_id"]: row["text"] for row in rows_of(tmp_path / "out.csv") if row["augmented"] == "false"}
    expected = [(originals[number], copies) for number, copies in made.items()][:10]
    assert [(text, [copy.text for copy in copies]) for text, copies in pairs] == expected


def test_a_preview_without_anything_to_copy_says_why(uneven):
    with pytest.raises(InputError, match="gets copies") as caught:
        preview_copies(uneven, CHEAP.with_options(per_class=5), PrepareConfig(), 3)
    assert "as large already" in caught.value.hint


def test_the_transformer_learns_from_rows_in_memory_and_leaves_nothing_behind(tmp_path, monkeypatch):
    from txt.search import text_learner

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    small = {"d_model": 32, "nhead": 4, "num_layers": 1, "num_epochs": 8, "learning_rate": 5e-3, "threads": 1}
    monkeypatch.setattr(text_learner, "RECIPE", small)
    words = {"warm": ["sun", "beach", "sand"], "cold": ["snow", "frost", "ice"]}
    train = [(f"the {word} number {n} was there", label) for label in words for word in words[label] for n in range(40)]
    predicted = text_learner.learn_and_predict(train, ["so much snow", "a beach, and sun", "ice and frost"])
    assert predicted == ["cold", "warm", "cold"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def tickets(tmp_path):
    return write_tickets(tmp_path / "tickets.csv", "joined")


def test_labels_are_learned_each_by_itself_where_rows_have_several(tickets):
    gain = measure_gain(tickets, CHEAP, PrepareConfig())
    assert gain.arms[0].accuracy > 0.9  # eight combinations, told by three labels
    assert "all right" in gain.how
    apart = measure_gain(tickets, CHEAP, PrepareConfig(multi_label=False))
    assert "all right" not in apart.how


def test_a_check_of_several_labels_drops_copies_that_lose_one(tickets):
    check = fit_check_on([(row["text"], row["labels"]) for row in rows_of(tickets)])
    both, one = check(["ticket: screen cracked dead and friendly helpful staff", "ticket: friendly helpful staff"])
    assert (len(both), len(one)) == (2, 1)
    assert set(one) < set(both)
