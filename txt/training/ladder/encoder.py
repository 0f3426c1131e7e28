"""Which encoder a climb uses, and with which options."""

from typing import Any

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.model import encoders
from txt.recipes import LADDER_TUNING, choose_new_defaults


def find_encoder(config: TrainConfig, prepared: Prepared) -> str | None:
    """Return the encoder that a climb uses: the one named, or the one with whose tokenizer the data was prepared."""
    if config.pretrained is not None:
        return config.pretrained
    name = str(prepared.manifest.tokenizer.get("name"))
    return name if name in encoders.NAMES else None


def explain_no_encoder(prepared: Prepared) -> str:
    """Say why a climb has no encoder."""
    installed = encoders.installed_encoders()
    if not installed:
        return f"no encoder is installed: {encoders.INSTALL}"
    known = prepared.manifest.tokenizer.get("kind", "another")
    return f"the data has a {known} tokenizer: txt prepare DATA --tokenizer {installed[0]} takes the encoder's"


def make_encoder_config(climb: TrainConfig, encoder: str, **options: Any) -> TrainConfig:
    """Return options of a training that begins with an encoder, on the machine of a climb."""
    return TrainConfig().with_options(
        **options,
        pretrained=encoder,
        seed=climb.seed,
        device=climb.device,
        precision=climb.precision,
        threads=climb.threads,
        soft_labels=climb.soft_labels,
    )


def make_tuning_config(climb: TrainConfig, encoder: str) -> TrainConfig:
    """Return the options of a fine-tuning on the third rung: those of `--from`, with a few of its own."""
    return make_encoder_config(climb, encoder, **{**choose_new_defaults({"pretrained": encoder}), **LADDER_TUNING})
