import random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, normalizers, pre_tokenizers, processors

from txt.data.token_encoder import PieceEncoder, TextEncoder, choose_cut, cut_as_bert, cut_as_gpt2, make_encoder
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
@settings(max_examples=150)
@given(texts=st.lists(TEXT, max_size=6))
@example(
    texts=["a\x1cb a\x0bb a\x85b a\u2028b a\u00a0b a\nb a\r\nb a\tb", "e \u0301 x", "ΣΑΣ ΣΑΣ", "x" * 101, "", " ", "\n"]
)
def test_token_ids_are_those_of_the_tokenizer_for_any_text(which, max_length, texts):
    tokenizer = Tokenizer.from_str(TOKENIZERS[which].to_str())
    expected = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    tokens = make_encoder(tokenizer, max_length)(texts)
    assert tokens.whole_lengths.tolist() == [len(ids) for ids in expected]
    tokenizer.enable_truncation(max_length)
    expected = [encoding.ids for encoding in tokenizer.encode_batch(texts)]
    assert tokens.ids.tolist() == [token for ids in expected for token in ids]
    assert tokens.offsets.tolist() == [sum(map(len, expected[:row])) for row in range(len(texts) + 1)]


def test_words_that_are_forgotten_are_encoded_again(monkeypatch):
    monkeypatch.setattr("txt.data.token_encoder._MOST_CHARACTERS", 40)
    tokenizer = TOKENIZERS["wordpiece", False]
    words, texts = PieceEncoder(tokenizer, 20, cut_as_bert), TextEncoder(tokenizer, 20)
    for start in range(0, 300, 10):
        some = TEXTS[start : start + 10]
        assert words(some).ids.tolist() == texts(some).ids.tolist()
        assert len(words._known) < 30


def test_only_tokenizers_that_see_words_alone_are_asked_word_by_word():
    for (kind, _), tokenizer in TOKENIZERS.items():
        assert choose_cut(tokenizer) is (cut_as_bert if kind == "wordpiece" else cut_as_gpt2)
        for token in (AddedToken("new york"), AddedToken("mask", lstrip=True), AddedToken("word", single_word=True)):
            changed = Tokenizer.from_str(tokenizer.to_str())
            changed.add_tokens([token])
            assert choose_cut(changed) is None
        changed = Tokenizer.from_str(tokenizer.to_str())
        changed.normalizer = normalizers.Sequence([normalizers.Strip(), normalizers.BertNormalizer()])
        assert choose_cut(changed) is None
    changed = Tokenizer.from_str(TOKENIZERS["bpe", True].to_str())
    changed.pre_tokenizer = pre_tokenizers.ByteLevel(use_regex=False)
    assert choose_cut(changed) is None


def test_tokenizers_without_special_tokens_around_the_text_are_encoded_alike():
    """Like GPT-2's own: no normalizer, no prefix space, nothing around the text."""
    plain = Tokenizer.from_str(TOKENIZERS["bpe", True].to_str())
    plain.normalizer = None
    plain.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    plain.post_processor = processors.ByteLevel(trim_offsets=True)
    assert choose_cut(plain) is cut_as_gpt2
    texts = [*TEXTS, "\u0301 x", " x", "x  y", "", "[CLS] x"]
    assert make_encoder(plain, 12)(texts).ids.tolist() == TextEncoder(plain, 12)(texts).ids.tolist()
