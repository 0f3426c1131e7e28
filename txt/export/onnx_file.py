"""A classifier as an ONNX file with its tokenizer, for programs that have neither txt nor torch."""

import copy
import logging
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer as TextTokenizer
from torch import Tensor, nn

from txt.errors import InputError, TxtError
from txt.export.folder import export_folder
from txt.export.model_card import model_card
from txt.export.modeling_ngrams import NgramClassifier
from txt.export.padded_form import TOLERANCE, LogitsOnly, PaddedForm, compute_probabilities, padded_form
from txt.export.padded_ngrams import PaddedNgrams
from txt.extras import say_how_to_install
from txt.files import read_json, write_json
from txt.model.ngrams import NgramLogits
from txt.prediction.int8 import compare_with_float
from txt.prediction.model_source import ModelSource

OPSET = 18
"""The version of ONNX's operators that files are written for; onnxruntime reads it from version 1.14 on."""

SCRIPT = "predict_onnx.py"

_FOLDER, _WHOLE, _QUANTIZED = "onnx", "model.onnx", "model_quantized.onnx"
"""Where optimum and transformers.js look for the file, and what they call it."""

_USAGE = """\
```
pip install onnxruntime tokenizers
python {script} "a text" "another"
```

The file in `onnx/` takes `input_ids` and `attention_mask`, int64 and of any batch and length, and gives `logits`.
`tokenizer.json` cuts and pads, and `labels.json` has the classes in order. Where there is a `decision.json`, rows may
have several labels, which hold from its thresholds on the `probabilities`; or it says how one of classes in an order is
chosen.

optimum, transformers.js and text-embeddings-inference open the folder as it is:

```python
from optimum.onnxruntime import ORTModelForSequenceClassification
from transformers import AutoTokenizer, pipeline

model = ORTModelForSequenceClassification.from_pretrained("{name}", subfolder="onnx", file_name="{file}")
classify = pipeline("text-classification", model=model, tokenizer=AutoTokenizer.from_pretrained("{name}"))
```

```js
import {{ pipeline }} from "@huggingface/transformers";

const classify = await pipeline("text-classification", "{name}", {{ dtype: "{dtype}" }});
```"""


@dataclass(frozen=True)
class OnnxExport:
    """What was measured on real rows: the largest difference of a probability, and the share with the same label."""

    largest_difference: float
    same_label: float
    rows: int
    bytes: int


def export_onnx(
    source: ModelSource, out: Path, quantize: bool = False, force: bool = False, license_name: str | None = None
) -> OnnxExport:
    """Write model.onnx, its tokenizer, a model card and a script that predicts; with `quantize` in 8 bits.

    Raises:
        InputError: there is no model, the extra is not installed, `out` must not be replaced, or 8 bits change too many
            answers.
        TxtError: the file gives other answers than the model.
    """
    _require_packages()
    form = padded_form(source)
    with export_folder(source, out, force) as folder, _silence_exporter():
        path = folder / _FOLDER / (_QUANTIZED if quantize else _WHOLE)
        path.parent.mkdir()
        _write_onnx(form, path)
        found = _compare_outputs(form, path)
        if not found.largest_difference <= TOLERANCE:
            raise TxtError(f"the ONNX file's probabilities differ by up to {found.largest_difference:.1g}")
        if quantize:
            _quantize(path)
            found = _compare_outputs(form, path, "--quantize")
        tokenizer = form.tokenizer()
        tokenizer.save(str(folder / "tokenizer.json"))
        write_json(folder / "labels.json", list(form.classifier.labels))
        write_json(folder / "config.json", _describe_graph(form))
        write_json(folder / "tokenizer_config.json", _describe_tokenizer(source, form, tokenizer))
        decision = form.classifier.decision or form.classifier.order
        if decision is not None:
            write_json(folder / "decision.json", decision.to_json())
        shutil.copyfile(Path(__file__).with_name(SCRIPT), folder / SCRIPT)
        (folder / "README.md").write_text(
            model_card(form, _describe_usage(out.name, path.name, quantize), license_name), encoding="utf-8"
        )
    return found


def _describe_usage(name: str, file: str, quantize: bool) -> str:
    return _USAGE.format(script=SCRIPT, name=name.replace('"', ""), file=file, dtype="q8" if quantize else "fp32")


def _describe_graph(form: PaddedForm) -> dict[str, Any]:
    """Return a config.json by which other programs open the file.

    They choose the inputs by `model_type`, and all that they have to know of the graph is that it takes the two that
    BERT's takes; what is inside is nothing to them. A model of an architecture that they know keeps its own name.
    """
    config: Any = form.model.config
    encoder = getattr(config, "encoder", config)
    kind = str(encoder.model_type)
    known = not kind.startswith("txt-")
    labels = dict(enumerate(form.classifier.labels))
    sizes = ("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size")
    described = {name: int(value) for name in sizes if isinstance(value := getattr(encoder, name, None), int)}
    return {
        "model_type": kind if known else "bert",
        "architectures": [
            type(form.model).__name__ if known and encoder is config else "BertForSequenceClassification"
        ],
        "id2label": {str(number): label for number, label in labels.items()},
        "label2id": {label: number for number, label in labels.items()},
        "num_labels": len(labels),
        **form.describe_answers(),
        "max_position_embeddings": int(getattr(encoder, "max_position_embeddings", 0) or form.classifier.max_length),
        "pad_token_id": int(getattr(encoder, "pad_token_id", 0) or 0),
        **described,
    }


def _describe_tokenizer(source: ModelSource, form: PaddedForm, tokenizer: TextTokenizer) -> dict[str, Any]:
    """Return the tokenizer_config.json of the model, or one that says what the tokenizer itself says."""
    path = source.folder / "tokenizer_config.json"
    found = read_json(path) if path.is_file() else {}
    found = {name: value for name, value in found.items() if name != "name_or_path"}
    pad = tokenizer.padding["pad_token"] if tokenizer.padding else "[PAD]"
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "pad_token": pad,
        "model_input_names": ["input_ids", "attention_mask"],
        **found,
        "model_max_length": form.classifier.max_length,
    }


def _require_packages() -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InputError(f"--format onnx needs the package {missing[0]}", say_how_to_install(extra="onnx"))


def _write_onnx(form: PaddedForm, path: Path) -> None:
    """Trace the model for any batch and any length."""
    ids = torch.ones(2, 8, dtype=torch.long)
    any_size = {0: torch.export.Dim.DYNAMIC, 1: torch.export.Dim.DYNAMIC}
    program = torch.onnx.export(
        _make_traceable(form).eval(),
        (ids, torch.ones_like(ids)),
        dynamo=True,
        opset_version=OPSET,
        input_names=["input_ids", "attention_mask"],
        output_names=["logits"] if form.classifier.decision is None else ["logits", "probabilities"],
        dynamic_shapes={"input_ids": any_size, "attention_mask": any_size},
        verbose=False,
    )
    assert program is not None
    program.save(str(path))


class _EncoderAndNgrams(nn.Module):
    """A classifier whose n-grams are computed in operations that ONNX has."""

    def __init__(self, model: nn.Module, ngrams: NgramLogits) -> None:
        super().__init__()
        encoder = copy.deepcopy(model)
        encoder.ngrams = None  # type: ignore[assignment]
        self.encoder = LogitsOnly(encoder)
        self.ngrams = PaddedNgrams(ngrams)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C) of padded rows (B, T)."""
        return self.encoder(input_ids, attention_mask) + self.ngrams(input_ids, attention_mask)  # type: ignore[no-any-return]


class _NgramsAlone(nn.Module):
    """A linear model on n-grams, computed in operations that ONNX has."""

    def __init__(self, model: NgramClassifier) -> None:
        super().__init__()
        self.bias = model.bias
        self.ngrams = PaddedNgrams(model.ngrams)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C) of padded rows (B, T)."""
        return self.ngrams(input_ids, attention_mask) + self.bias  # type: ignore[no-any-return]


class _WithProbabilities(nn.Module):
    """A model of several labels a row, whose probabilities come beside its logits: a sigmoid of each."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and probabilities (B, C) of padded rows (B, T)."""
        logits = self.model(input_ids, attention_mask)
        return logits, torch.sigmoid(logits)


def _make_traceable(form: PaddedForm) -> nn.Module:
    model = _make_logits(form)
    return model if form.classifier.decision is None else _WithProbabilities(model)


def _make_logits(form: PaddedForm) -> nn.Module:
    if isinstance(form.model, NgramClassifier):
        return _NgramsAlone(form.model)
    ngrams = getattr(form.model, "ngrams", None)
    return LogitsOnly(form.model) if ngrams is None else _EncoderAndNgrams(form.model, ngrams)


def _quantize(path: Path) -> None:
    """Give the matrix products weights of 8 bits, with a scale for each output.

    The weights use 7 of them: a processor without instructions for 8-bit products adds two products in 16 bits, where
    255 · 127 · 2 does not fit and answers at random come out. 255 · 64 · 2 does, and the file may go to any processor.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_name("float32.onnx")
    path.rename(whole)
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    for file in path.parent.glob("float32.onnx*"):
        file.unlink()


def _compare_outputs(form: PaddedForm, path: Path, flag: str | None = None) -> OnnxExport:
    """Compare a file with the model; where `flag` asked for fewer bits, a model that they ruin is refused."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(ids: torch.Tensor, mask: torch.Tensor) -> Any:
        return session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]

    found = compute_probabilities(form, run)
    own = form.classifier.predict_probabilities(form.texts).probabilities
    if flag is not None:
        compare_with_float(own, found, flag)
    same = float(np.mean(found.argmax(1) == own.argmax(1)))
    return OnnxExport(form.largest_difference(found), same, len(form.texts), path.stat().st_size)


@contextmanager
def _silence_exporter() -> Iterator[None]:
    """Silence the exporter's messages about packages that are not needed."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
