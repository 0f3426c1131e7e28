"""A folder's tokenizer is read without `transformers` where that gives the same tokens, and with it where not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tokenizers import AddedToken, Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer

from txt.data.minilm import minilm_folder
from txt.data.pretrained_tokenizer import load_tokenizer
from txt.data.tokenizer import train_tokenizer

WORDS = [
    "Cafés in Zürich open  at noon, don't they?",
    "日本語 and emoji 😀",
    "  spaced [MASK] out\n",
    "",
    "HELLO wörld #1",
    "a word <mask> the room <mask>, </s> and <unk>",
]
TEXTS = [*WORDS, "the room was clean and the staff were friendly", "nobody has answered my letters"] * 20


def bert(folder: Path, lowercase: bool = True, says: bool = True) -> None:
    """Write a BERT tokenizer whose configuration `says` whether it lowers letters."""
    made = train_tokenizer(TEXTS, "wordpiece", 300, cased=not lowercase)
    made.backend.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "BertTokenizer", "do_lower_case": says, "model_max_length": 64}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def roberta(folder: Path, config: dict | None = None) -> None:
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(
        TEXTS,
        trainers.BpeTrainer(
            vocab_size=400,
            special_tokens=special,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    made.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), True, False)
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"tokenizer_class": "RobertaTokenizerFast", **(config or {})})
    )


def sentencepiece(folder: Path, kind: str, config: dict | None = None, scheme: str = "always") -> None:
    """Write a tokenizer as XLM-RoBERTa's and CamemBERT's are."""
    first = {"XLMRobertaTokenizer": ["<s>", "<pad>", "</s>", "<unk>"]}.get(kind)
    first = first or ["<s>NOTUSED", "<pad>", "</s>NOTUSED", "<unk>", "<unk>NOTUSED", "<s>", "</s>"]
    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(prepend_scheme=scheme)]
    )
    trained.train_from_iterator(
        TEXTS, trainers.UnigramTrainer(vocab_size=200, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    )
    learned = json.loads(trained.to_str())["model"]["vocab"]
    pieces = [(piece, score) for piece, score in learned if piece != "<unk>"]
    vocabulary = [*((token, 0.0) for token in first), *pieces, ("<mask>", 0.0)]
    made = Tokenizer(models.Unigram(vocabulary, unk_id=first.index("<unk>"), byte_fallback=False))
    made.pre_tokenizer = trained.pre_tokenizer
    made.add_special_tokens([*first, AddedToken("<mask>", lstrip=True, normalized=False)])
    begin, end = made.token_to_id("<s>"), made.token_to_id("</s>")
    made.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> </s> $B </s>", special_tokens=[("<s>", begin), ("</s>", end)]
    )
    made.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind, **(config or {})}))


def plain(folder: Path) -> None:
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "the": 1, "room": 2}, unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    made.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def loads_transformers(folder: Path) -> bool:
    code = (
        "import sys; from txt.data.pretrained_tokenizer import load_tokenizer\n"
        "load_tokenizer(sys.argv[1]); print('transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True)
    return done.stdout.strip() == "True"


@pytest.mark.parametrize(
    ("make", "options", "without"),
    [
        (bert, {}, True),
        (bert, {"lowercase": False, "says": False}, True),
        (bert, {"lowercase": True, "says": False}, False),  # the class would build another tokenizer
        (roberta, {}, True),
        (roberta, {"config": {"add_prefix_space": True}}, False),
        (roberta, {"config": {"mask_token": "<blank>"}}, False),  # a token to be added
        (plain, {}, True),
        (sentencepiece, {"kind": "XLMRobertaTokenizer"}, True),
        (sentencepiece, {"kind": "CamembertTokenizerFast"}, True),
        (sentencepiece, {"kind": "XLMRobertaTokenizer", "config": {"add_prefix_space": False}}, False),
        (sentencepiece, {"kind": "XLMRobertaTokenizer", "scheme": "first"}, False),
        (sentencepiece, {"kind": "XLMRobertaTokenizer", "config": {"mask_token": "<blank>"}}, False),
    ],
)
def test_tokens_are_those_of_transformers(make, options, without, tmp_path):
    make(tmp_path, **options)
    ours, theirs = load_tokenizer(str(tmp_path)), AutoTokenizer.from_pretrained(tmp_path)
    assert [each.ids for each in ours.backend.encode_batch(WORDS)] == theirs(WORDS)["input_ids"]
    for role in ("unk", "cls", "sep", "mask"):
        assert getattr(ours.special, f"{role}_token_id") == getattr(theirs, f"{role}_token_id")
    assert ours.special.pad_token_id == (theirs.pad_token_id or 0)
    ours.save(tmp_path / "saved", max_length=32)
    again = AutoTokenizer.from_pretrained(tmp_path / "saved")
    assert again(WORDS)["input_ids"] == theirs(WORDS)["input_ids"]
    assert again.pad_token_id == ours.special.pad_token_id
    assert again.model_max_length == 32
    assert loads_transformers(tmp_path) is not without


@pytest.mark.skipif(minilm_folder() is None, reason="the extra minilm is not installed")
def test_minilm_is_read_as_it_is():
    ours, theirs = load_tokenizer("minilm"), AutoTokenizer.from_pretrained(minilm_folder())
    assert [each.ids for each in ours.backend.encode_batch(WORDS)] == theirs(WORDS)["input_ids"]
    assert ours.info == {"kind": "wordpiece", "trained": False, "name": "minilm"}
