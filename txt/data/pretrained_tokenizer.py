"""Loads pretrained tokenizers from a folder or by a name on the Hugging Face hub.

A folder's `tokenizer.json` says all that a text becomes, so it is read as it is. Where its class in `transformers`
would make something else of it, or the folder has none, `transformers` loads it; that takes a second more.
"""

import json
import tempfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from txt.data.hub import fetch, locate_model
from txt.data.packaged_encoders import hint_package
from txt.data.token_encoder import MOST_BYTES
from txt.data.tokenizer import TRAINED, SpecialTokens, TextTokenizer
from txt.errors import InputError, nearest
from txt.files import read_small_file
from txt.json_input import load_json

_CONFIG, _TOKENIZER = "tokenizer_config.json", "tokenizer.json"
_INPUTS = ["input_ids", "attention_mask"]
_ROLES = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")

_BERT = dict(zip(_ROLES, ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"), strict=True))
_ROBERTA = dict(zip(_ROLES, ("<pad>", "<unk>", "<s>", "</s>", "<mask>"), strict=True))
_UNIGRAM = ("XLMRoberta", "Camembert")
"""Classes that build a tokenizer anew as SentencePiece's, from the vocabulary and the normalizer of tokenizer.json."""

_CAMEMBERT_ADDS = ("<s>NOTUSED", "</s>NOTUSED", "<unk>NOTUSED")

_DEFAULTS: dict[str, dict[str, str]] = {
    "PreTrainedTokenizerFast": {},
    "TokenizersBackend": {},
    "BertTokenizer": _BERT,
    "BertTokenizerFast": _BERT,
    "RobertaTokenizer": _ROBERTA,
    "RobertaTokenizerFast": _ROBERTA,
    **{f"{name}Tokenizer{form}": _ROBERTA for name in _UNIGRAM for form in ("", "Fast")},
}
"""The classes whose `tokenizer.json` is read here, and their special tokens where a folder does not name them."""


def load_tokenizer(name: str) -> TextTokenizer:
    """Load a tokenizer from a folder, the hub's cache, or the hub; code that comes with it is never run.

    Raises:
        InputError: there is no such tokenizer, it cannot be fetched, or it has no fast form.
    """
    return _read_folder(Path(locate_model(name)), name) or _load_with_transformers(name)


def _read_folder(folder: Path, name: str) -> TextTokenizer | None:
    """Read a folder's tokenizer.json; None where only `transformers` knows what it means."""
    try:
        raw = read_small_file(folder / _TOKENIZER, MOST_BYTES).decode()
        config = load_json(read_small_file(folder / _CONFIG))
        parts = json.loads(raw)
        map_file = folder / "special_tokens_map.json"
        named = load_json(read_small_file(map_file)) if map_file.is_file() else {}
        backend = Tokenizer.from_str(raw)
    except Exception:  # tokenizers raises nothing more special; transformers tells what is wrong
        return None
    kind = config.get("tokenizer_class", "")
    if kind not in _DEFAULTS or not _means_what_it_says(kind, config, parts):
        return None
    own = {role: _get_content({**named, **config}.get(role)) for role in (*_ROLES, "bos_token", "eos_token")}
    tokens: dict[str, str] = {**_DEFAULTS[kind], **{role: token for role, token in own.items() if token is not None}}
    known = backend.get_vocab(with_added_tokens=True)
    if any(token not in known for token in (*tokens.values(), *_list_added(folder, config))):
        return None  # transformers adds what is missing
    if "pad_token" not in tokens:  # GPT-2 and similar: nothing attends to padding, so any token will do
        first = backend.id_to_token(0)
        tokens["pad_token"] = tokens.get("eos_token") or tokens.get("unk_token") or first or ""
    backend.no_truncation()
    backend.no_padding()
    special = SpecialTokens(
        known[tokens["pad_token"]], *(known[tokens[role]] if role in tokens else None for role in _ROLES[1:])
    )
    files = {_CONFIG: {**_make_portable(config), **tokens, "model_input_names": _INPUTS}}
    return TextTokenizer(backend, special, _describe(backend, name), files)


def _means_what_it_says(kind: str, config: Mapping[str, Any], parts: Mapping[str, Any]) -> bool:
    """Return whether the class in `transformers` would leave tokenizer.json as it is.

    It builds BERT's and RoBERTa's anew from the vocabulary and the options in tokenizer_config.json.
    """
    if kind.startswith(_UNIGRAM):
        return _is_sentencepiece(config, parts)
    if kind.startswith("Bert"):
        return parts.get("normalizer") == {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": config.get("tokenize_chinese_chars", True),
            "strip_accents": config.get("strip_accents"),
            "lowercase": config.get("do_lower_case", True),
        } and parts.get("pre_tokenizer") == {"type": "BertPreTokenizer"}
    if kind.startswith("Roberta"):
        before = parts.get("pre_tokenizer") or {}
        prefix = config.get("add_prefix_space", False)
        return (
            parts.get("normalizer") is None
            and before.get("type") == "ByteLevel"
            and before.get("add_prefix_space") == prefix
            and before.get("use_regex", True)
        )
    return True


def _is_sentencepiece(config: Mapping[str, Any], parts: Mapping[str, Any]) -> bool:
    """Return whether tokenizer.json is what the classes for XLM-RoBERTa and CamemBERT build of it.

    That is a Unigram model whose unknown token is `<unk>`, SentencePiece's normalizer or none, words that begin with
    `▁`, and `<s> … </s>` around a text.
    """
    model, normalizer = parts.get("model") or {}, parts.get("normalizer")
    vocabulary = [entry[0] for entry in model.get("vocab") or ()]
    unknown = model.get("unk_id")
    if model.get("type") != "Unigram" or model.get("byte_fallback") or "<unk>" not in vocabulary:
        return False
    if config["tokenizer_class"].startswith("Camembert") and not {*_CAMEMBERT_ADDS} <= {*vocabulary}:
        return False  # they would be added
    if unknown != vocabulary.index("<unk>") or (config["tokenizer_class"].startswith("XLM") and unknown != 3):
        return False
    steps = normalizer.get("normalizers", [normalizer]) if normalizer else []
    if [step.get("type") for step in steps] not in ([], ["Precompiled"]):
        return False
    cutting = (parts.get("pre_tokenizer") or {}).get("pretokenizers") or []
    if [step.get("type") for step in cutting] != ["WhitespaceSplit", "Metaspace"]:
        return False
    marking = cutting[1]
    begins = marking.get("prepend_scheme", "always" if marking.get("add_prefix_space", True) else "never")
    wanted = "always" if config.get("add_prefix_space", True) else "never"
    if (marking.get("replacement"), begins, marking.get("split", True)) != ("▁", wanted, True):
        return False
    around = parts.get("post_processor") or {}
    single = [(step.get("SpecialToken") or step.get("Sequence") or {}).get("id") for step in around.get("single") or ()]
    return around.get("type") == "TemplateProcessing" and single == ["<s>", "A", "</s>"]


def _get_content(token: Any) -> str | None:
    """Return a special token's text, which a configuration may wrap in a table."""
    found = token.get("content") if isinstance(token, Mapping) else token
    return found if isinstance(found, str) else None


def _list_added(folder: Path, config: Mapping[str, Any]) -> list[str]:
    """Return the tokens that files beside tokenizer.json add to it."""
    path = folder / "added_tokens.json"
    beside = list(load_json(read_small_file(path))) if path.is_file() else []
    decoder = config.get("added_tokens_decoder") or {}
    more = config.get("additional_special_tokens") or config.get("extra_special_tokens") or []
    values = [*decoder.values(), *(more.values() if isinstance(more, Mapping) else more)]
    return [*beside, *(token for token in map(_get_content, values) if token is not None)]


def _describe(backend: Tokenizer, name: str) -> dict[str, Any]:
    return {"kind": type(backend.model).__name__.lower(), "trained": False, "name": name}


def _load_with_transformers(name: str) -> TextTokenizer:
    loaded = _fetch_tokenizer(name)
    if not loaded.is_fast:
        raise InputError(f"tokenizer `{name}` has no fast form (tokenizer.json)", "choose another, or --tokenizer bpe")
    if loaded.pad_token_id is None:  # as above
        loaded.pad_token = loaded.eos_token or loaded.unk_token or loaded.convert_ids_to_tokens(0)
    loaded.model_input_names = _INPUTS
    with tempfile.TemporaryDirectory(prefix="txt-") as folder:
        loaded.save_pretrained(folder)
        saved = sorted(Path(folder).glob("*.json"))
        backend = Tokenizer.from_file(str(Path(folder) / _TOKENIZER))
        files = {path.name: json.loads(path.read_bytes()) for path in saved if path.name != _TOKENIZER}
    files[_CONFIG] = _make_portable(files[_CONFIG])
    special = SpecialTokens(
        loaded.pad_token_id, loaded.unk_token_id, loaded.cls_token_id, loaded.sep_token_id, loaded.mask_token_id
    )
    return TextTokenizer(backend, special, _describe(backend, name), files)


def _fetch_tokenizer(name: str) -> Any:
    close = nearest(name, TRAINED)
    if close and not Path(name).exists():
        raise InputError(f"there is no tokenizer `{name}` on this machine", f"did you mean `{close}`?")
    hint = hint_package(name) or "name a folder, or train one: --tokenizer wordpiece"
    from transformers import AutoTokenizer

    return fetch(partial(AutoTokenizer.from_pretrained, trust_remote_code=False), name, "tokenizer", hint)


def _make_portable(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without the keys that say how a machine loaded it."""
    return {k: v for k, v in config.items() if k not in ("is_local", "local_files_only", "name_or_path")}
