"""A classifier as a folder that `transformers` loads where txt is not installed."""

import json
from pathlib import Path

from txt.export.folder import copy_tokenizer, export_folder
from txt.export.model_card import model_card
from txt.export.padded_form import LogitsOnly, PaddedForm, compute_probabilities, padded_form
from txt.files import read_json, write_json
from txt.prediction.model_source import ModelSource

CODE = "modeling_txt"
"""The module of an exported folder that defines a model which transformers has no class for."""


def export_hugging_face(source: ModelSource, out: Path, force: bool = False, license_name: str | None = None) -> float:
    """Write a model, its tokenizer and a model card; return the largest difference of a probability on real rows.

    `pipeline("text-classification", out)` gives txt's probabilities, calibrated as they are there. A model whose
    class transformers lacks comes with one file of code, to be loaded with `trust_remote_code=True`.

    Raises:
        InputError: there is no model, or `out` must not be replaced.
        TxtError: the model gives other answers on padded rows.
    """
    form = padded_form(source)
    difference = form.largest_difference(compute_probabilities(form, LogitsOnly(form.model)))
    with export_folder(source, out, force) as folder:
        form.model.save_pretrained(folder)
        _describe_config(form, folder)
        copy_tokenizer(source, folder)
        if form.code:
            _add_code(form, folder)
        (folder / "README.md").write_text(
            model_card(form, _describe_usage(form, out.name), license_name), encoding="utf-8"
        )
    return difference


def _describe_config(form: PaddedForm, folder: Path) -> None:
    """Say how labels are decided, and leave out where the weights lay before: a path may name a person."""
    config = read_json(folder / "config.json")
    for table in (config, config.get("encoder")):
        if isinstance(table, dict):
            table.pop("_name_or_path", None)
    write_json(folder / "config.json", {**config, **form.describe_answers()})


def _add_code(form: PaddedForm, folder: Path) -> None:
    """Put the model's code beside it as one file, and say in config.json which class is what."""
    lines = [line for path in form.code for line in path.read_text(encoding="utf-8").splitlines()]
    own = [line for line in lines if not line.startswith("from txt.")]  # what they import of txt stands above them
    (folder / f"{CODE}.py").write_text("\n".join(own) + "\n", encoding="utf-8")
    config = read_json(folder / "config.json")
    config["auto_map"] = {
        "AutoConfig": f"{CODE}.{type(form.model.config).__name__}",
        "AutoModelForSequenceClassification": f"{CODE}.{type(form.model).__name__}",
    }
    write_json(folder / "config.json", config)


def _describe_usage(form: PaddedForm, name: str) -> str:
    trust = ", trust_remote_code=True" if form.code else ""
    lines = [
        "```python",
        "from transformers import pipeline",
        "",
        f'classify = pipeline("text-classification", {json.dumps(name)}{trust})',  # whatever it is called: one string
        'classify(["a text"], top_k=None, truncation=True)',
        "```",
    ]
    if form.code:
        lines += [
            "",
            f"The architecture is defined in `{CODE}.py`, which needs torch and transformers and nothing else.",
        ]
    return "\n".join(lines)
