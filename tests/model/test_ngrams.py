"""The n-gram features are those of scikit-learn's TF-IDF vectorizers on the same words."""

import json
import re
from itertools import chain, product

import numpy as np
import pytest
import torch
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.model.unigram import train_unigram
from txt.data.tokenizer import train_tokenizer
from txt.model.build import find_word_mark
from txt.model.linear import NgramClassifier, NgramClassifierConfig
from txt.model.model_config import TransformerClassifierConfig
from txt.model.ngrams import OWN_BASE, SAME_BASE, NgramLogits, parse_pieces
from txt.model.pretrained import SentenceClassifierConfig

TEXTS = [
    "the cat sat on the mat",
    "the dogs sat on the cats",
    "a cat and a dog",
    "unbelievable cats , believable dogs !",
    "mat mat mat the the",
]


@pytest.fixture(scope="module")
def tokenizer():
    return train_tokenizer(TEXTS, "wordpiece", 100, cased=False).backend


def learned(tokenizer, most=10_000) -> NgramLogits:
    vocabulary = {number: piece for piece, number in tokenizer.get_vocab().items()}
    pieces = [vocabulary[number] if number >= 5 else None for number in range(len(vocabulary))]
    model = NgramLogits(len(pieces), 0, 0, 2)
    model.learn_pieces(pieces)
    model.learn_ngrams([batch(tokenizer, TEXTS)], most)
    return model


def batch(tokenizer, texts):
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    return torch.tensor(list(chain.from_iterable(ids))), list(map(len, ids))


def products(model, token_ids, lengths) -> np.ndarray:
    """Return the rows' scalar products, which do not depend on the order of the features."""
    rows, features, values = model.vectors(token_ids, lengths)
    matrix = csr_matrix((values.numpy(), (rows.numpy(), features.numpy())), (len(lengths), len(model.hashes)))
    return (matrix @ matrix.T).toarray()


def test_rows_are_as_similar_as_to_scikit_learn(tokenizer):
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2, token_pattern=r"\S+").fit_transform(TEXTS)
    runs = TfidfVectorizer(ngram_range=(2, 5), sublinear_tf=True, min_df=2, analyzer="char_wb").fit_transform(TEXTS)
    expected = (words @ words.T).toarray() + (runs @ runs.T).toarray()
    found = products(learned(tokenizer), *batch(tokenizer, TEXTS))
    np.testing.assert_allclose(found, expected, atol=0.05)  # a run that is a whole word counts once there
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.999


def test_a_pair_of_words_is_not_the_word_that_their_letters_make():
    spelled = [None, "like", "a", "alike", "s", "as"]
    pairs = {hashing: _hashes_of_words(spelled, [1, 2], hashing) for hashing in (SAME_BASE, OWN_BASE)}
    words = {hashing: _hashes_of_words(spelled, [3], hashing) for hashing in (SAME_BASE, OWN_BASE)}
    assert words[SAME_BASE][0] in pairs[SAME_BASE]  # as the first edition hashed them, and its runs still do
    assert words[OWN_BASE][0] not in pairs[OWN_BASE]
    assert words[SAME_BASE] == words[OWN_BASE]


SIGNED = ["(The cat) sat: on „The Mat“.", "Über-GUTE mats!", "don't #Sit @cats", "👍 the (cat)"]


@pytest.mark.parametrize("kind", ["unigram", "wordpiece"])
def test_words_are_the_same_whatever_the_tokenizer(kind):
    """The reference has each word and each sign, as a regular expression finds them, for an entry of its own."""
    words = [re.findall(r"\w+|[^\w\s]", text.lower()) for text in SIGNED]
    known = sorted(set(chain(*words)))
    reference = NgramLogits(len(known) + 1, 0, 0, 2)
    reference.learn_pieces([*known, None], "##")
    ids = torch.tensor([known.index(word) for word in chain(*words)])
    wanted = reference.list_ngrams(ids, [len(row) for row in words])

    trained = (
        train_unigram(SIGNED, 120) if kind == "unigram" else train_tokenizer(SIGNED, kind, 300, cased=True).backend
    )
    vocabulary = {number: piece for piece, number in trained.get_vocab().items()}
    model = NgramLogits(len(vocabulary), 0, 0, 2)
    model.learn_pieces(
        [vocabulary[number] if number >= 5 else None for number in range(len(vocabulary))], find_word_mark(trained)
    )
    found = model.list_ngrams(*batch(trained, SIGNED))
    for (rows, hashes), (wanted_rows, wanted_hashes) in zip(found, wanted, strict=True):
        assert sorted(zip(rows.tolist(), hashes.tolist(), strict=True)) == sorted(
            zip(wanted_rows.tolist(), wanted_hashes.tolist(), strict=True)
        )


def test_no_two_of_all_short_words_and_pairs_of_them_have_the_same_hash():
    letters = "abcdefg"
    words = [*letters, *(one + other for one in letters for other in letters)]
    pairs = list(product(range(1, len(words) + 1), repeat=2))
    model = NgramLogits(len(words) + 1, 0, 0, 2)
    model.learn_pieces([None, *words])
    (_, hashes), _ = model.list_ngrams(torch.tensor(list(chain.from_iterable(pairs))), [2] * len(pairs))
    assert len(set(hashes.tolist())) == len(words) + len(pairs)


def _hashes_of_words(spelled: list[str | None], token_ids: list[int], hashing: int) -> list[int]:
    """Return the hashes of a row's words, then those of its pairs."""
    model = NgramLogits(len(spelled), 0, 0, 2, hashing)
    model.learn_pieces(spelled)
    (_, hashes), _ = model.list_ngrams(torch.tensor(token_ids), [len(token_ids)])
    return hashes.tolist()


def test_a_row_has_the_same_features_whatever_stands_beside_it(tokenizer):
    model = learned(tokenizer)
    together = products(model, *batch(tokenizer, TEXTS))
    for row, text in enumerate(TEXTS):
        np.testing.assert_allclose(products(model, *batch(tokenizer, [text])), together[row : row + 1, row : row + 1])


def test_logits_are_the_products_with_the_weights_and_their_gradient_is_sparse(tokenizer):
    model = learned(tokenizer).train()
    torch.nn.init.normal_(model.weight)
    token_ids, lengths = batch(tokenizer, TEXTS)
    rows, features, values = model.vectors(token_ids, lengths)
    dense = torch.zeros(len(TEXTS), len(model.hashes)).index_put((rows, features), values)
    logits = model(token_ids, lengths)
    torch.testing.assert_close(logits, dense @ model.weight)
    logits.sum().backward()
    torch.testing.assert_close(model.weight.grad.to_dense(), dense.sum(0)[:, None].expand(-1, 2))


def test_rows_without_any_known_ngram_have_zero_logits(tokenizer):
    model = learned(tokenizer)
    torch.nn.init.normal_(model.weight)
    assert model(torch.tensor([2, 3]), [2]).tolist() == [[0, 0]]
    assert model(torch.tensor([2, 1, 3, 2, 3]), [3, 2]).tolist() == [[0, 0], [0, 0]]


def test_only_the_most_frequent_are_chosen(tokenizer):
    few, all_of_them = learned(tokenizer, most=7), learned(tokenizer)
    assert len(few.hashes) == 7 < len(all_of_them.hashes)
    rarest = few.idf.max()
    left_out = ~torch.isin(all_of_them.hashes, few.hashes)
    assert all_of_them.idf[left_out].min() >= rarest


@pytest.mark.parametrize(
    ("pieces", "texts", "inside"),
    [
        ([None, "un", "##able", "!"], ["", "un", "able", "!"], [False, False, True, False]),
        ([None, "Ġun", "able", "!"], ["", "un", "able", "!"], [False, False, True, True]),
        (["▁un", "able"], ["un", "able"], [False, True]),
    ],
)
def test_how_entries_are_written(pieces, texts, inside):
    assert parse_pieces(pieces) == (texts, inside)


def test_a_model_saved_before_pairs_had_their_own_base_keeps_its_hashes(tmp_path):
    config = NgramClassifierConfig(6, 16, ngrams=4, ngram_characters=9, ngram_hashing=SAME_BASE, num_labels=2)
    NgramClassifier(config).save_pretrained(tmp_path)
    written = json.loads((tmp_path / "config.json").read_bytes())
    assert written.pop("ngram_hashing") == SAME_BASE
    (tmp_path / "config.json").write_text(json.dumps(written))
    assert NgramClassifier.from_pretrained(tmp_path).ngrams.hashing == SAME_BASE
    for kind in (TransformerClassifierConfig, SentenceClassifierConfig):
        assert kind.from_json({"ngrams": 4}).ngram_hashing == SAME_BASE
        assert kind.from_json({"ngrams": 4, "ngram_hashing": OWN_BASE}).ngram_hashing == OWN_BASE
