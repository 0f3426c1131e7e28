"""A small random sentence encoder, for tests that start from pretrained weights."""

import json
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from txt.data.tokenizer import train_tokenizer

from .conftest import WORDS


def save_tiny_encoder(folder: Path, *, hidden_size: int = 32, gives_mean: bool = True) -> Path:
    """Save a BERT of two layers with a tokenizer for `WORDS`, which may say that it gives the mean over its tokens."""
    tokenizer = train_tokenizer([" ".join(words) for words in WORDS.values()], "wordpiece", 200, cased=False)
    tokenizer.save(folder, 64)
    sizes = {"hidden_size": hidden_size, "num_attention_heads": hidden_size // 8, "intermediate_size": 2 * hidden_size}
    config = BertConfig(vocab_size=tokenizer.vocab_size, max_position_embeddings=64, num_hidden_layers=2, **sizes)
    torch.manual_seed(3)
    BertModel(config).save_pretrained(folder)
    if gives_mean:
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    return folder
