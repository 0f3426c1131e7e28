"""Back-translation and contextual replacement with tiny random models: batches, seeds, and what must not get lost."""

import json

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForMaskedLM, MarianConfig, MarianMTModel, PreTrainedTokenizerFast

from txt.augmentation import back_translation, contextual, rewriting
from txt.augmentation.engine import Engine, Recipe, Row
from txt.augmentation.methods import Setup
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Splitter
from txt.errors import InputError

SENTENCE = "the film was long and rather dull but we saw it twice in an old town near some river"
WORDS = list(dict.fromkeys(SENTENCE.split(" ")))
TEXTS = ["the film was rather long", "we saw it twice", "an old town near some river and it was dull", "dull town"]


def save_tokenizer(folder, **special):
    vocabulary = {word: number for number, word in enumerate([*special.values(), *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=special["unk_token"]))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special).save_pretrained(folder)
    return len(vocabulary)


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("marian")
    size = save_tokenizer(folder, pad_token="<pad>", eos_token="</s>", unk_token="<unk>")
    torch.manual_seed(1)
    config = MarianConfig(
        vocab_size=size, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=16, decoder_ffn_dim=16, max_position_embeddings=64,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)
    return str(folder)


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bert")
    size = save_tokenizer(folder, pad_token="[PAD]", unk_token="[UNK]", mask_token="[MASK]")
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=size, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        max_position_embeddings=64, pad_token_id=0,
    )  # fmt: skip
    BertForMaskedLM(config).save_pretrained(folder)
    return str(folder)


def spans_of(texts):
    return [Splitter().split(text) for text in texts]


def test_translations_do_not_depend_on_the_batch_that_they_are_in(marian):
    translate = back_translation.load((marian, marian), "cpu", sampled=False)
    together = translate(spans_of(TEXTS), [RowRng(1, row) for row in range(4)], 0.1)
    alone = [translate(spans_of([text]), [RowRng(1, 0)], 0.1)[0] for text in TEXTS]
    assert together == alone
    assert any(together)


def test_further_copies_are_drawn_and_the_same_with_the_same_seed(marian):
    setup = Setup(translators=(marian, marian), device="cpu")
    rows = [Row(number, text, 3) for number, text in enumerate(TEXTS)]
    made = [Engine(Recipe((("back-translation", 1),), setup=setup)).copies(rows).copies for _ in range(2)]
    assert made[0] == made[1]
    for copies in made[0]:
        assert len({copy.text for copy in copies}) == len(copies)
    assert sum(map(len, made[0])) > len(TEXTS)


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("see https://t.co/x now", "look at https://t.co/x", True),
        ("see https://t.co/x now", "look now", False),
        ("it took 12 days", "it lasted twelve days", False),
        ("@me and 😍", "@me and 😍 too", True),
        ("this is not good", "this is good", False),
        ("this is good", "this is not good", False),
        ("this isn't good", "this is not good", True),
    ],
)
def test_a_translation_that_lost_what_counts_is_refused(before, after, kept):
    assert rewriting.keeps_what_counts(Splitter().split(before), after) is kept


def test_contextual_changes_only_the_chosen_words(bert):
    fill = contextual.load(bert, "cpu")
    texts = ["the  film,\nwas https://t.co/x not long and RATHER Dull 😍", "@me 12", "the film was long and old"]
    found = fill(spans_of(texts), [RowRng(3, row) for row in range(3)], 0.2)
    assert found[1] is None
    for text, changed in zip(texts, found, strict=True):
        if changed is not None:
            before, after = Splitter().split(text), Splitter().split(changed)
            differing = [place for place in range(len(before.pieces)) if before.pieces[place] != after.pieces[place]]
            assert 1 <= len(differing) <= 2
            assert set(differing) <= set(before.free)
            for place in differing:
                assert after.pieces[place][0].isupper() == before.pieces[place][0].isupper()
    assert any(found)


def test_contextual_is_one_of_several_and_part_of_a_chain(bert):
    setup = Setup(language_model=bert, device="cpu")
    rows = [Row(number, "the old film was rather long and dull in town", 4) for number in range(6)]
    mixed = Engine(Recipe((("contextual", 1), ("swap", 1)), setup=setup)).copies(rows)
    assert {copy.method for copies in mixed.copies for copy in copies} == {"contextual", "swap"}
    chained = Engine(Recipe((("swap", 1), ("contextual", 1)), setup=setup, chain=True)).copies(rows)
    assert "swap+contextual" in {copy.method for copies in chained.copies for copy in copies}


def test_a_model_that_is_not_there_is_told_in_one_line(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "marian"}))
    for name in (str(tmp_path), "nobody/nothing"):
        with pytest.raises(InputError, match=r"no tokenizer in|is not on this machine") as told:
            rewriting.load_transformer("AutoModelForSeq2SeqLM", name, "cpu")
        assert "\n" not in told.value.message


def test_batches_are_of_like_length_and_of_bounded_size():
    spans = spans_of(["word " * count for count in (1, 700, 3, 690, 2, 5)])
    batches = list(rewriting.batch_by_length(spans))
    assert sorted(place for batch in batches for place in batch) == list(range(6))
    assert batches[0] == [1, 3]
