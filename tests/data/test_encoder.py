import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers

from txt.data.encoder import TextEncoder, WordEncoder, encoder_for, sees_words_alone
from txt.data.tokenizer import train_tokenizer

WORDS = ["the", "film", "was", "great", "naïve", "ΣΑΣ", "straße", "don't", "你好", "😀👍🏽", "e\u0301", "x\u200dy"]
TEXTS = [" ".join(random.Random(seed).choices(WORDS, k=seed % 12)) for seed in range(300)]
TOKENIZERS = {
    (kind, cased): train_tokenizer(TEXTS, kind, 300, cased).backend
    for kind in ("wordpiece", "bpe")
    for cased in (True, False)
}
SPACES = "".join(chr(code) for code in range(0x3001) if chr(code).isspace()) + "\0\x07\x1b\u200b\ufeff\ufffd\ufffe"
TEXT = st.lists(
    st.sampled_from([*WORDS, "[CLS]", "[SEP]x", "y[MASK]", "##a", "[UNK]", *SPACES, " ", " "]) | st.text(max_size=5),
    max_size=20,
).map("".join)


@pytest.mark.parametrize("which", TOKENIZERS)
@pytest.mark.parametrize("max_length", [6, 512])
@settings(max_examples=150, deadline=None)
@given(texts=st.lists(TEXT, max_size=6))
@example(
    texts=["a\x1cb a\x0bb a\x85b a\u2028b a\u00a0b a\nb a\r\nb a\tb", "e \u0301 x", "ΣΑΣ ΣΑΣ", "x" * 101, "", " ", "\n"]
)
def test_token_ids_are_those_of_the_tokenizer_for_any_text(which, max_length, texts):
    tokenizer = Tokenizer.from_str(TOKENIZERS[which].to_str())
    expected = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    tokens = encoder_for(tokenizer, max_length)(texts)
    assert tokens.whole_lengths.tolist() == [len(ids) for ids in expected]
    tokenizer.enable_truncation(max_length)
    expected = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    assert tokens.ids.tolist() == [token for ids in expected for token in ids]
    assert tokens.offsets.tolist() == [sum(map(len, expected[:row])) for row in range(len(texts) + 1)]


def test_words_that_are_forgotten_are_encoded_again(monkeypatch):
    monkeypatch.setattr("txt.data.encoder._MOST_CHARACTERS", 40)
    tokenizer = TOKENIZERS["wordpiece", False]
    words, texts = WordEncoder(tokenizer, 20), TextEncoder(tokenizer, 20)
    for start in range(0, 300, 10):
        some = TEXTS[start : start + 10]
        assert words(some).ids.tolist() == texts(some).ids.tolist()
        assert len(words._known) < 30


def test_only_tokenizers_that_see_words_alone_are_asked_word_by_word():
    for (kind, _), tokenizer in TOKENIZERS.items():
        assert sees_words_alone(tokenizer) == (kind == "wordpiece")
    plain = TOKENIZERS["wordpiece", False].to_str()
    for token in (AddedToken("new york"), AddedToken("mask", lstrip=True), AddedToken("word", single_word=True)):
        tokenizer = Tokenizer.from_str(plain)
        tokenizer.add_tokens([token])
        assert not sees_words_alone(tokenizer)
    tokenizer = Tokenizer.from_str(plain)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.BertNormalizer()])
    assert not sees_words_alone(tokenizer)
