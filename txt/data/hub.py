"""Tokenizers made elsewhere: a folder, or a name on the Hugging Face hub. Importing this takes seconds."""

import json
import os
import tempfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from huggingface_hub import constants
from tokenizers import Tokenizer
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from txt.data.tokenizer import TRAINED, SpecialTokens, TextTokenizer
from txt.errors import InputError, nearest

_SECONDS_TO_ANSWER = 5


def load_tokenizer(name: str) -> TextTokenizer:
    """Load a tokenizer from a folder, the hub's cache, or the hub; code that comes with it is never run.

    Raises:
        InputError: there is no such tokenizer, it cannot be fetched, or it has no fast form.
    """
    loaded = _load(name)
    if not loaded.is_fast:
        raise InputError(f"tokenizer `{name}` has no fast form (tokenizer.json)", "choose another, or --tokenizer bpe")
    if loaded.pad_token_id is None:  # GPT-2 and its kin: nothing attends to padding, so any token will do
        loaded.pad_token = loaded.eos_token or loaded.unk_token or loaded.convert_ids_to_tokens(0)
    loaded.model_input_names = ["input_ids", "attention_mask"]
    with tempfile.TemporaryDirectory(prefix="txt-") as folder:
        loaded.save_pretrained(folder)
        saved = sorted(Path(folder).glob("*.json"))
        backend = Tokenizer.from_file(str(Path(folder) / "tokenizer.json"))
        files = {path.name: json.loads(path.read_bytes()) for path in saved if path.name != "tokenizer.json"}
    files["tokenizer_config.json"] = _portable(files["tokenizer_config.json"])
    special = SpecialTokens(
        loaded.pad_token_id, loaded.unk_token_id, loaded.cls_token_id, loaded.sep_token_id, loaded.mask_token_id
    )
    info = {"kind": type(backend.model).__name__.lower(), "trained": False, "name": name}
    return TextTokenizer(backend, special, info, files)


def _load(name: str) -> PreTrainedTokenizerBase:
    """Look on this machine first; ask the hub only where it answers, since its client tries for 46 seconds."""
    try:
        return AutoTokenizer.from_pretrained(name, local_files_only=True, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        if Path(name).exists():
            raise InputError(
                f"there is no tokenizer in `{name}`: {_first_line(error)}",
                "the folder needs tokenizer.json and tokenizer_config.json",
            ) from None
    close = nearest(name, TRAINED)
    offline = f"tokenizer `{name}` is not on this machine, and the hub cannot be reached"
    if close or not _hub_answers():
        hint = f"did you mean `{close}`?" if close else "name a folder, or train one: --tokenizer wordpiece"
        raise InputError(offline if not close else f"there is no tokenizer `{name}` on this machine", hint)
    try:
        return AutoTokenizer.from_pretrained(name, trust_remote_code=False)
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise InputError(
            f"tokenizer `{name}` cannot be loaded: {_first_line(error)}", "name it as on the hub: owner/name"
        ) from None


def _portable(config: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration without what says how this machine came by it."""
    return {name: value for name, value in config.items() if name not in ("is_local", "local_files_only")}


def _hub_answers() -> bool:
    if constants.HF_HUB_OFFLINE or os.environ.get("TRANSFORMERS_OFFLINE") in ("1", "true"):
        return False
    try:
        asked = urllib.request.Request(constants.ENDPOINT, method="HEAD")
        urllib.request.urlopen(asked, timeout=_SECONDS_TO_ANSWER).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
