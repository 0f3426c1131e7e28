"""The linear model in numpy gives the logits that torch gives."""

import json
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

from tests.model.unigram import train_unigram
from txt.data.token_encoder import TokenRows
from txt.data.tokenizer import train_tokenizer
from txt.model.build import find_word_mark
from txt.model.linear import NgramClassifier
from txt.model.model_config import NgramClassifierConfig
from txt.model.ngrams import OWN_BASE, SAME_BASE, SIGNS_APART, NgramLogits
from txt.model.plain_ngrams import PlainNgramClassifier

LEARNED = [
    "the cat sat on the mat",
    "the dogs sat on the cats",
    "unbelievable cats , believable dogs !",
    "mat mat mat the the",
    "东京 是 日本 的 首都",
    "😀 grüße aus köln",
    "a" * 90 + " the cat",
]
ASKED = [
    *LEARNED,
    "",
    "   ",
    "a",
    "zzz qqq",
    "the the the the",
    "a" * 89 + "b the",
    "cat" * 50,
    "猫 cat 猫",
    "the cat " * 700,
    "(The cat) sat, on „the Mat“.",
]


@pytest.fixture(scope="module", params=["wordpiece", "bpe", "unigram"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    if request.param == "unigram":
        return train_unigram(LEARNED)
    return train_tokenizer(LEARNED, request.param, 400, cased=False).backend


def encode(tokenizer: Tokenizer, texts: list[str]) -> TokenRows:
    ids = [encoding.ids for encoding in tokenizer.encode_batch_fast(texts)]
    return TokenRows(np.array([*chain(*ids)], np.int32), np.cumsum([0, *map(len, ids)]))


def save(tokenizer: Tokenizer, folder: Path, hashing: int = SIGNS_APART) -> NgramClassifier:
    """Make a linear model with weights drawn at random, and save it."""
    vocabulary = {number: piece for piece, number in tokenizer.get_vocab().items()}
    ngrams = NgramLogits(len(vocabulary), 0, 0, 3, hashing)
    ngrams.learn_pieces(
        [vocabulary[number] if number >= 5 else None for number in range(len(vocabulary))], find_word_mark(tokenizer)
    )
    rows = encode(tokenizer, [*LEARNED, *LEARNED])
    ngrams.learn_ngrams([(torch.from_numpy(rows.ids).long(), rows.lengths.tolist())], 10_000)
    model = NgramClassifier(
        NgramClassifierConfig(
            vocab_size=len(vocabulary),
            max_length=512,
            ngrams=len(ngrams.hashes),
            ngram_characters=len(ngrams.characters),
            ngram_hashing=hashing,
            id2label={number: f"class {number}" for number in range(3)},
        )
    )
    model.ngrams = ngrams
    torch.manual_seed(0)
    torch.nn.init.normal_(ngrams.weight)
    torch.nn.init.normal_(model.bias)
    model.save_pretrained(folder)
    return model.eval()


@pytest.mark.parametrize("hashing", [SAME_BASE, OWN_BASE, SIGNS_APART])
def test_the_logits_are_those_of_torch(tokenizer: Tokenizer, tmp_path: Path, hashing: int):
    model, rows = save(tokenizer, tmp_path, hashing), encode(tokenizer, ASKED)
    with torch.inference_mode():
        expected = model.classify(torch.from_numpy(rows.ids).long(), rows.lengths.tolist()).numpy()
    plain = PlainNgramClassifier.open(tmp_path)
    assert plain is not None
    done: list[int] = []
    found = plain.predict_logits(rows, done.append)
    assert found.dtype == np.float32
    assert np.ptp(expected, axis=0).min() > 0.5  # the texts are told apart, so that there is something to compare
    np.testing.assert_allclose(found, expected, atol=2e-5, rtol=1e-5)
    assert sum(done) == len(ASKED)


def test_a_text_alone_has_the_logits_that_it_has_among_others(tokenizer: Tokenizer, tmp_path: Path):
    save(tokenizer, tmp_path)
    plain = PlainNgramClassifier.open(tmp_path)
    assert plain is not None
    together = plain.predict_logits(encode(tokenizer, ASKED))
    for text, expected in zip(ASKED, together, strict=True):
        np.testing.assert_allclose(plain.predict_logits(encode(tokenizer, [text]))[0], expected, atol=1e-6)


@pytest.mark.parametrize("damage", ["missing", "shape", "classes", "not a file", "kind"])
def test_what_does_not_fit_together_is_left_to_torch(tokenizer: Tokenizer, tmp_path: Path, damage: str):
    save(tokenizer, tmp_path)
    weights, path = load_file(tmp_path / "model.safetensors"), tmp_path / "config.json"
    config = json.loads(path.read_text())
    if damage == "missing":
        del weights["ngrams.idf"]
    if damage == "shape":
        weights["ngrams.idf"] = weights["ngrams.idf"][1:].clone()
    if damage == "classes":
        config["id2label"]["3"] = "class 3"
    if damage == "kind":
        config["model_type"] = "bert"
    path.write_text(json.dumps(config))
    save_file(weights, tmp_path / "model.safetensors")
    if damage == "not a file":
        (tmp_path / "model.safetensors").write_bytes(b"nothing")
    assert PlainNgramClassifier.open(tmp_path) is None
