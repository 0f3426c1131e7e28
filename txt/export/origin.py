"""What an exported model was made from: the pretrained encoder in it, and the language of the texts it learned."""

import re
from dataclasses import dataclass
from pathlib import Path

from txt.augmentation.language_data import find_language
from txt.config import TrainConfig
from txt.data.packaged_encoders import ENCODERS
from txt.data.prepared import Manifest
from txt.errors import InputError
from txt.export.modeling_ngrams import NgramClassifier
from txt.export.modeling_transformer import TransformerClassifier
from txt.export.padded_form import PaddedForm
from txt.runs.folder import RUNS, Run

_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")
_MOST_RUNS = 20  # one behind another


@dataclass(frozen=True)
class BaseModel:
    """A pretrained model by its name on the hub, and its licence, as the hub abbreviates it, where that is known."""

    name: str
    license: str | None = None


_KNOWN = {name: BaseModel(each.hub_name, each.license) for name, each in ENCODERS.items()}


def find_base_model(form: PaddedForm, manifest: Manifest | None) -> BaseModel | None:
    """Return the pretrained model that is in a model, None where there is none or where it is not known by a name."""
    if form.source.run is None or isinstance(form.model, NgramClassifier | TransformerClassifier):
        return None
    name, config = None, form.source.run.config()
    for _ in range(_MOST_RUNS):
        name = config.pretrained or (name if name is not None else str(manifest and manifest.tokenizer.get("name")))
        found = _open_run(name)
        if found is None:
            break
        config = found
    return _KNOWN.get(str(name)) or (BaseModel(str(name)) if _is_hub_name(str(name)) else None)


def find_text_language(form: PaddedForm, manifest: Manifest | None) -> str | None:
    """Return the language of the texts that a model learned, by their commonest words; None where none stands out."""
    return find_language(form.texts) if manifest is not None else None


def _open_run(name: str) -> TrainConfig | None:
    """Return the options of the run of that name; None where there is no such run."""
    folder = next((each for each in (Path(name), RUNS / name) if (each / "events.jsonl").is_file()), None)
    try:
        return Run.open(folder).config() if folder is not None else None
    except InputError:
        return None


def _is_hub_name(name: str) -> bool:
    return _HUB_NAME.fullmatch(name) is not None and not Path(name).exists()
