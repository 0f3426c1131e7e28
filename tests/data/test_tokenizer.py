import hashlib
import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from txt.data.hub import hub_answers
from txt.data.pretrained_tokenizer import load_tokenizer
from txt.data.tokenizer import SPECIAL_TOKENS, TRAINED, train_tokenizer
from txt.errors import InputError

ODD = [
    "",
    " ",
    "[CLS] and [MASK]",
    "##a",
    "Ünïcödé é",
    "你好 世界",
    "😀😀👍🏽",
    "a\u200db \x00 \x1b[0m",
    "x" * 300,
    "don't-stop_it",
]


@pytest.fixture(scope="module")
def texts():
    """Texts of made-up words, of which many come equally often, so that ties between merges abound."""
    rng = random.Random(3)
    syllables = [a + b for a in "bdfgklmnprst" for b in "aeiouäé"]
    words = ["".join(rng.choices(syllables, k=rng.randint(1, 4))) for _ in range(3000)]
    return [" ".join(rng.choices(words, k=12)).capitalize() + rng.choice(".!? 😀") for _ in range(2000)]


@pytest.mark.parametrize("cased", [True, False])
@pytest.mark.parametrize("kind", TRAINED)
def test_auto_tokenizer_loads_the_saved_folder_and_gives_the_same_ids(tmp_path, texts, kind, cased):
    from transformers import AutoTokenizer

    ours = train_tokenizer(texts, kind, 600, cased)
    ours.save(tmp_path, max_length=20)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    ours.backend.enable_truncation(20)
    sample = [*texts[:200], *ODD]
    assert [each.ids for each in ours.backend.encode_batch_fast(sample)] == theirs(sample, truncation=True)["input_ids"]
    assert (theirs.model_max_length, theirs.model_input_names) == (20, ["input_ids", "attention_mask"])
    assert (theirs.vocab_size, len(theirs)) == (ours.vocab_size, ours.vocab_size)
    assert theirs.convert_ids_to_tokens(list(range(5))) == list(SPECIAL_TOKENS)
    special = ours.special
    assert (theirs.pad_token_id, theirs.unk_token_id, theirs.cls_token_id) == (0, 1, 2)
    assert (special.sep_token_id, special.mask_token_id) == (theirs.sep_token_id, theirs.mask_token_id) == (3, 4)


def test_a_saved_tokenizer_is_loaded_from_its_folder_as_it_was(tmp_path, texts):
    ours = train_tokenizer(texts, "wordpiece", 500, cased=False)
    ours.save(tmp_path / "one", max_length=64)
    loaded = load_tokenizer(str(tmp_path / "one"))
    assert loaded.special == ours.special
    assert loaded.vocab_size == ours.vocab_size
    assert [each.ids for each in loaded.backend.encode_batch(ODD)] == [
        each.ids for each in ours.backend.encode_batch(ODD)
    ]
    loaded.save(tmp_path / "two", max_length=32)
    assert json.loads((tmp_path / "two" / "tokenizer_config.json").read_text())["model_max_length"] == 32


def test_a_tokenizer_without_padding_gets_some(tmp_path, texts):
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers

    plain = Tokenizer(models.BPE())
    plain.pre_tokenizer = pre_tokenizers.ByteLevel()
    plain.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=400, special_tokens=["<|end|>"], show_progress=False)
    )
    plain.save(str(tmp_path / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|end|>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    assert load_tokenizer(str(tmp_path)).special.pad_token_id == 0


@pytest.mark.parametrize("kind", TRAINED)
def test_the_same_texts_give_the_same_tokenizer_in_every_process(kind, texts, tmp_path):
    (tmp_path / "texts.json").write_text(json.dumps(texts))
    program = (
        "import sys, json; from txt.data.tokenizer import train_tokenizer\n"
        "texts = json.load(open(sys.argv[1]))\n"
        "print(train_tokenizer(texts, sys.argv[2], 600, False).backend.to_str())"
    )
    made = set()
    for threads, order in (("1", "7"), ("2", "8"), ("2", "9")):
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "texts.json"), kind],
            env={**os.environ, "RAYON_NUM_THREADS": threads, "PYTHONHASHSEED": order},
            capture_output=True,
            check=True,
        )
        made.add(hashlib.sha256(done.stdout).hexdigest())
    assert len(made) == 1


def test_wordpiece_cuts_words_as_bert_does(texts):
    """The reference is transformers' BertTokenizer with our vocabulary."""
    from transformers import BertTokenizer

    for cased in (True, False):
        ours = train_tokenizer(texts, "wordpiece", 600, cased)
        bert = BertTokenizer(vocab=ours.backend.get_vocab(), do_lower_case=not cased)
        sample = [*texts[:200], *(text for text in ODD if "[" not in text)]
        assert [each.ids for each in ours.backend.encode_batch(sample)] == bert(sample)["input_ids"]


def test_the_vocabulary_is_no_larger_than_asked_even_for_many_letters():
    texts = ["".join(chr(0x4E00 + n) for n in range(start, start + 40)) for start in range(0, 4000, 40)]
    assert train_tokenizer(texts * 3, "wordpiece", 500, cased=False).vocab_size <= 500
    assert train_tokenizer(["a few words"], "wordpiece", 100, cased=False).vocab_size <= 100


def test_text_without_any_letter_still_gives_a_tokenizer():
    assert train_tokenizer([" "], "wordpiece", 100, cased=False).backend.encode("what").ids == [2, 1, 3]


def test_bpe_refuses_a_vocabulary_smaller_than_its_bytes():
    with pytest.raises(InputError, match="--vocab-size 200 is too small for bpe, which needs 261"):
        train_tokenizer(["text"], "bpe", 200, cased=False)


def test_unknown_tokenizers_are_told_at_once_when_offline(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.data.hub.hub_answers", lambda: False)
    with pytest.raises(
        InputError, match="`no-such/tokenizer` is not on this machine, and the hub cannot be reached"
    ) as caught:
        load_tokenizer("no-such/tokenizer")
    assert "--tokenizer wordpiece" in caught.value.hint
    with pytest.raises(InputError, match="there is no tokenizer `wordpeice`") as caught:
        load_tokenizer("wordpeice")
    assert caught.value.hint == "did you mean `wordpiece`?"
    with pytest.raises(InputError, match="there is no tokenizer in"):
        load_tokenizer(str(tmp_path))


def test_the_hub_is_not_asked_in_offline_mode(monkeypatch):
    def refuse(*args, **options):
        pytest.fail("the hub was asked")

    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("urllib.request.urlopen", refuse)
    assert not hub_answers()


def test_code_that_comes_with_a_tokenizer_is_not_run(tmp_path):
    marker = tmp_path / "was-run"
    (tmp_path / "custom.py").write_text(f"open({str(marker)!r}, 'w')\nclass Custom: pass\n")
    config = {"auto_map": {"AutoTokenizer": ["custom.Custom", None]}, "tokenizer_class": "Custom"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    (tmp_path / "config.json").write_text(json.dumps({"auto_map": {"AutoTokenizer": "custom.Custom"}}))
    with pytest.raises(InputError):
        load_tokenizer(str(tmp_path))
    assert not Path(marker).exists()
