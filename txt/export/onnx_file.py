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
from torch import Tensor, nn

from txt.errors import InputError, TxtError
from txt.export.folder import export_folder
from txt.export.model_card import model_card
from txt.export.modeling_ngrams import NgramClassifier
from txt.export.padded_form import TOLERANCE, LogitsOnly, PaddedForm, compute_probabilities, padded_form
from txt.export.padded_ngrams import PaddedNgrams
from txt.files import write_json
from txt.model.ngrams import NgramLogits
from txt.prediction.model_source import ModelSource

OPSET = 18
"""The version of ONNX's operators that files are written for; onnxruntime reads it from version 1.14 on."""

SCRIPT = "predict_onnx.py"

_USAGE = f"""\
```
pip install onnxruntime tokenizers
python {SCRIPT} "a text" "another"
```

`model.onnx` takes `input_ids` and `attention_mask`, int64 and of any batch and length, and gives `logits`.
`tokenizer.json` cuts and pads, and `labels.json` has the classes in order. Where there is a `decision.json`, rows may
have several labels, which hold from its thresholds on the `probabilities`; or it says how one of classes in an order is
chosen."""


@dataclass(frozen=True)
class OnnxExport:
    """What was measured on real rows: the largest difference of a probability, and the share with the same label."""

    largest_difference: float
    same_label: float
    rows: int
    bytes: int


def export_onnx(source: ModelSource, out: Path, quantize: bool = False, force: bool = False) -> OnnxExport:
    """Write model.onnx, its tokenizer, a model card and a script that predicts; with `quantize` in 8 bits.

    Raises:
        InputError: there is no model, the extra is not installed, or `out` must not be replaced.
        TxtError: the file gives other answers than the model.
    """
    _require_packages()
    form = padded_form(source)
    with export_folder(source, out, force) as folder, _silence_exporter():
        path = folder / "model.onnx"
        _write_onnx(form, path)
        found = _compare_outputs(form, path)
        if not found.largest_difference <= TOLERANCE:
            raise TxtError(f"the ONNX file's probabilities differ by up to {found.largest_difference:.1g}")
        if quantize:
            _quantize(path)
            found = _compare_outputs(form, path)
        form.tokenizer().save(str(folder / "tokenizer.json"))
        write_json(folder / "labels.json", list(form.classifier.labels))
        decision = form.classifier.decision or form.classifier.order
        if decision is not None:
            write_json(folder / "decision.json", decision.to_json())
        shutil.copyfile(Path(__file__).with_name(SCRIPT), folder / SCRIPT)
        (folder / "README.md").write_text(model_card(form, _USAGE), encoding="utf-8")
    return found


def _require_packages() -> None:
    missing = [name for name in ("onnx", "onnxscript", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise InputError(f"--format onnx needs the package {missing[0]}", "pip install 'txt-toolkit[onnx]'")


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
    """Give the matrix products 8-bit weights, with a scale for each output."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = path.with_name("float32.onnx")
    path.rename(whole)
    quantize_dynamic(whole, path, weight_type=QuantType.QInt8, per_channel=True)
    for file in path.parent.glob("float32.onnx*"):
        file.unlink()


def _compare_outputs(form: PaddedForm, path: Path) -> OnnxExport:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])

    def run(ids: torch.Tensor, mask: torch.Tensor) -> Any:
        return session.run(["logits"], {"input_ids": ids.numpy(), "attention_mask": mask.numpy()})[0]

    found = compute_probabilities(form, run)
    own = form.classifier.predict_probabilities(form.texts).probabilities
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
