"""The tokenizer: WordPiece or byte-level BPE trained on the train split, saved in Hugging Face layout."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers.decoders import ByteLevel as ByteLevelDecoder
from tokenizers.decoders import WordPiece as WordPieceDecoder

from txt.errors import InputError
from txt.files import write_json

SPECIAL_TOKENS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""Their ids in a trained tokenizer are 0 to 4."""

TRAINED = ("wordpiece", "bpe")
"""The kinds that `train_tokenizer` makes; any other name means a pretrained one."""

CHARACTERS_PER_ENTRY = 400
"""A trained tokenizer sees at most this many characters of text for each entry of its vocabulary.

Measured on 4.7 million characters of reviews, news and tweets: eight times as many as 60 an entry make texts 1.4 %
shorter, in tokens, and from 250 on nothing changes any more.
"""

_BLOCK = 512  # texts normalized at a time
_ALPHABET_SHARE = 0.75  # of the vocabulary, at most: with Chinese the letters alone could fill it
_BYTES = 256


@dataclass(frozen=True)
class SpecialTokens:
    """Ids of the special tokens; None where the tokenizer has no such token."""

    pad_token_id: int
    unk_token_id: int | None
    cls_token_id: int | None
    sep_token_id: int | None
    mask_token_id: int | None


@dataclass(frozen=True)
class TextTokenizer:
    """A tokenizer, its special tokens, and what the manifest says about it."""

    backend: Tokenizer
    special: SpecialTokens
    info: dict[str, Any]
    files: dict[str, Any] = field(default_factory=dict)
    """Further JSON files of the saved folder, by name."""

    @property
    def vocab_size(self) -> int:
        """One more than the largest token id."""
        return max(self.backend.get_vocab(with_added_tokens=True).values()) + 1

    def save(self, folder: Path, max_length: int) -> None:
        """Write the tokenizer so that `AutoTokenizer.from_pretrained(folder)` gives the same token ids."""
        folder.mkdir(parents=True, exist_ok=True)
        plain = Tokenizer.from_str(self.backend.to_str())
        plain.no_truncation()
        plain.no_padding()
        plain.save(str(folder / "tokenizer.json"))
        config = {**self.files["tokenizer_config.json"], "model_max_length": max_length}
        for name, value in {**self.files, "tokenizer_config.json": config}.items():
            write_json(folder / name, value)


def train_tokenizer(texts: Sequence[str], kind: str, vocab_size: int, cased: bool) -> TextTokenizer:
    """Train a tokenizer; the same texts give the same one, on every machine.

    `wordpiece` works as BERT's does and `bpe` on bytes as GPT-2's; both put `[CLS] … [SEP]` around a text.

    Raises:
        InputError: the vocabulary is smaller than the alphabet of `bpe`.
    """
    train = _train_wordpiece if kind == "wordpiece" else _train_bpe
    backend = train(texts, vocab_size, cased)
    backend.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, SPECIAL_TOKENS.index(token)) for token in ("[CLS]", "[SEP]")],
    )
    return TextTokenizer(
        backend,
        SpecialTokens(*range(len(SPECIAL_TOKENS))),
        {"kind": kind, "trained": True, "texts": len(texts), "cased": cased},
        {"tokenizer_config.json": _make_hugging_face_config()},
    )


def _make_hugging_face_config() -> dict[str, Any]:
    names = (f"{token.strip('[]').lower()}_token" for token in SPECIAL_TOKENS)
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_input_names": ["input_ids", "attention_mask"],
        "clean_up_tokenization_spaces": False,
        **dict(zip(names, SPECIAL_TOKENS, strict=True)),
    }


def _train_wordpiece(texts: Sequence[str], vocab_size: int, cased: bool) -> Tokenizer:
    normalizer = normalizers.BertNormalizer(lowercase=not cased)
    alphabet, inner = _choose_letters(texts, normalizer, int(_ALPHABET_SHARE * (vocab_size - len(SPECIAL_TOKENS))))
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size,
        # The trainer numbers the ##letters in the order of a hash table that differs from run to run, and then breaks
        # ties between merges by those numbers. Named here, in order, they get the same numbers every time.
        special_tokens=[*SPECIAL_TOKENS, *(f"##{letter}" for letter in inner)],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    learner = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    learner.normalizer = normalizer
    learner.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learner.train_from_iterator(texts, trainer)

    vocabulary = learner.get_vocab(with_added_tokens=True)
    trained = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    trained.normalizer = normalizer
    trained.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trained.decoder = WordPieceDecoder()
    trained.add_special_tokens(list(SPECIAL_TOKENS))
    return trained


def _choose_letters(texts: Sequence[str], normalizer: normalizers.Normalizer, most: int) -> tuple[list[str], list[str]]:
    """Return the letters of the texts, and those that stand inside a word; the rarest are left out where too many."""
    counts: Counter[str] = Counter()
    words: set[str] = set()
    for start in range(0, len(texts), _BLOCK):
        normalized = normalizer.normalize_str("\n".join(texts[start : start + _BLOCK]))
        counts.update(normalized)
        words.update(normalized.split())
    alone = {letter: letter.isspace() or _is_punctuation(letter) for letter in counts}
    inner = {letter for word in words for before, letter in pairwise(word) if not alone[before] and not alone[letter]}
    kept: list[str] = []
    for letter in sorted((letter for letter in counts if not letter.isspace()), key=lambda each: (-counts[each], each)):
        most -= 2 if letter in inner else 1
        if most < 0:
            break
        kept.append(letter)
    return sorted(kept), sorted(inner.intersection(kept))


def _is_punctuation(letter: str) -> bool:
    """Tell what BERT's pre-tokenizer makes a word of its own."""
    return unicodedata.category(letter).startswith("P") or (letter.isascii() and not letter.isalnum())


def _train_bpe(texts: Sequence[str], vocab_size: int, cased: bool) -> Tokenizer:
    if vocab_size < _BYTES + len(SPECIAL_TOKENS):
        least = _BYTES + len(SPECIAL_TOKENS)
        raise InputError(
            f"--vocab-size {vocab_size} is too small for bpe, which needs {least} for bytes and special tokens",
            "a few thousand is usual",
        )
    trained = Tokenizer(models.BPE())
    uncased = [normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.NFC()]
    trained.normalizer = normalizers.NFC() if cased else normalizers.Sequence(uncased)
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trained.decoder = ByteLevelDecoder()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    trained.train_from_iterator(texts, trainer)
    return trained
