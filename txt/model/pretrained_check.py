"""What can be said of pretrained weights without torch: whether a training can begin with them."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from txt.config import TrainConfig
from txt.data.hub import locate_model
from txt.data.prepared import Prepared
from txt.data.pretrained_tokenizer import load_tokenizer
from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.files import read_json
from txt.model.model_config import OURS, BertConfig, TransformerClassifierConfig, covers

WEIGHTS = "model.safetensors"


def check_pretrained(config: TrainConfig, prepared: Prepared) -> bool:
    """Refuse pretrained weights that cannot be trained on prepared data; tell whether that is all there is to refuse.

    Of an architecture that only `transformers` knows, more is known when the model is built.

    Raises:
        InputError: there are none, they do not fit the options, or the data was prepared for another tokenizer.
    """
    assert config.pretrained is not None
    source = locate_model(config.pretrained)
    values = read_model_config(source)
    check_tokenizer(config.pretrained, prepared)
    if not (Path(source) / WEIGHTS).is_file() or not (values.get("model_type") in OURS or covers(values)):
        return False
    try:
        with safe_open(Path(source) / WEIGHTS, "np") as file:
            file.keys()
    except (SafetensorError, OSError) as error:
        raise InputError(f"there is no model in `{config.pretrained}`: {error}") from None
    if config.lora:
        check_lora(config.pretrained, values)
    inside = values.get("encoder") or values
    if not (covers(inside) or inside.get("model_type") == TransformerClassifierConfig.model_type):
        return False
    known = BertConfig(inside) if covers(inside) else TransformerClassifierConfig.from_json(inside)
    check_length(known, prepared)
    if config.freeze not in (None, "all"):
        check_freeze(str(config.freeze), known.num_hidden_layers)
    return True


def read_model_config(source: str) -> dict[str, Any]:
    """Return the config.json of a folder; empty for a hub name."""
    path = Path(source) / "config.json"
    if Path(source).is_dir() and not path.is_file():
        raise InputError(f"`{source}` holds no model", "a model's folder has config.json and model.safetensors")
    return read_json(path) if path.is_file() else {}


def check_tokenizer(name: str, prepared: Prepared) -> None:
    """Refuse data whose token ids mean other words to the pretrained model.

    Raises:
        InputError: the data was prepared with another tokenizer, or the model's cannot be loaded.
    """
    if _get_vocabulary(load_tokenizer(name).backend) != _get_vocabulary(prepared.tokenizer()):
        raise InputError(
            f"`{prepared.path}` was prepared with another tokenizer than that of `{name}`",
            f"txt train DATA --from {name} prepares with its own, as does txt prepare DATA --tokenizer {name}",
        )


def check_freeze(freeze: str, layers: int) -> None:
    """Refuse to freeze more layers than there are."""
    if int(freeze) > layers:
        raise InputError(f"--freeze {freeze} is more than the model's {layers} layers", "--freeze all")


def check_lora(name: str, values: Mapping[str, Any]) -> None:
    """Refuse adapters where the package for them is missing, or on a model that is not a pretrained encoder."""
    if values.get("model_type") == "txt-transformer":
        raise InputError(f"--lora adapts pretrained encoders, and `{name}` is not one")
    if find_spec("peft") is None:
        raise InputError("--lora needs the package peft", say_how_to_install(extra="lora"))


def check_length(config: Any, prepared: Prepared) -> None:
    """Refuse data whose texts may be longer than the model has positions for."""
    most = count_positions(config)
    asked = prepared.manifest.max_length
    if asked > most:
        raise InputError(
            f"the data was prepared for texts of up to {asked} tokens, and the model takes {most}",
            f"prepare it with --max-length {most}",
        )


def count_positions(config: Any) -> int:
    """Return how many tokens a text may have for a model, given its configuration."""
    inside = getattr(config, "encoder", config)
    most = int(inside.max_position_embeddings)
    return most - inside.pad_token_id - 1 if inside.model_type in ("roberta", "xlm-roberta", "camembert") else most


def find_most_tokens(name: str) -> int | None:
    """Return how many tokens a text may have for a pretrained model that is here; None where that is not known."""
    values = read_model_config(locate_model(name))
    inside = values.get("encoder") or values
    if covers(inside):
        return count_positions(BertConfig(inside))
    own = inside.get("model_type") == TransformerClassifierConfig.model_type
    return count_positions(TransformerClassifierConfig.from_json(inside)) if own else None


def _get_vocabulary(tokenizer: Tokenizer) -> dict[str, int]:
    return tokenizer.get_vocab(with_added_tokens=True)
