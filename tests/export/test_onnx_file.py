import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.prediction.classifier import load
from txt.prediction.int8 import compare_with_float
from txt.prediction.model_source import find_model
from txt.runs.folder import Run

ALONE = """
import runpy, sys
sys.modules.update(txt=None, torch=None, transformers=None)  # as if they were not installed
runpy.run_path(sys.argv.pop(1))
"""
TEXTS = ["the film was great", "so very awful and dreary", "ordinary", "great " * 600]


@pytest.fixture(scope="module")
def exported(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    for name in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(name)
    from txt.export.onnx_file import export_onnx

    folder = tmp_path_factory.mktemp("onnx") / "out"
    found = export_onnx(find_model(run.path), folder)
    assert found.largest_difference < 1e-4
    assert found.same_label == 1
    return folder


def test_the_script_needs_neither_txt_nor_torch_and_says_what_txt_says(run: Run, exported: Path, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", ALONE, str(exported / "predict_onnx.py"), *TEXTS],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    for (label, confidence, text), ours, given in zip(
        lines, load(run.path, precision="float32", device="cpu").predict(TEXTS), TEXTS, strict=True
    ):
        assert text == given
        assert label == ours.label
        assert float(confidence) == pytest.approx(ours.confidence, abs=1e-4)


def test_the_script_keeps_onnxruntime_from_telling_its_maker(exported: Path, tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name not in ("ORT_DISABLE_TELEMETRY", "CI")}
    command = [sys.executable, str(exported / "predict_onnx.py"), "a text"]
    subprocess.run(command, env=environment | {"TMPDIR": str(tmp_path)}, check=True, capture_output=True)
    assert list(tmp_path.iterdir()) == [], "the number of its session, which it would report"


def test_batch_and_length_may_be_any(exported: Path):
    import onnx
    import onnxruntime

    session = onnxruntime.InferenceSession(str(exported / "onnx" / "model.onnx"), providers=["CPUExecutionProvider"])
    for rows, length in ((1, 1), (1, 40), (7, 3)):
        ids = np.full((rows, length), 9, np.int64)
        (logits,) = session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        assert logits.shape == (rows, 3)
    (opset,) = (each.version for each in onnx.load(exported / "onnx" / "model.onnx").opset_import if each.domain == "")
    assert opset == 18


def test_8_bits_make_the_file_smaller_and_agree(run: Run, exported: Path, tmp_path: Path):
    from txt.export.onnx_file import export_onnx

    found = export_onnx(find_model(run.path), tmp_path / "small", quantize=True)
    assert found.bytes < (exported / "onnx" / "model.onnx").stat().st_size
    assert 0 < found.largest_difference < 0.2
    assert not list((tmp_path / "small").glob("float32*"))


def test_weights_of_8_bits_add_up_on_a_processor_without_8_bit_products(run: Run, tmp_path: Path):
    """It adds two products of a byte and a weight in 16 bits, and what does not fit is cut off without a word."""
    import onnx
    from onnx import numpy_helper

    from txt.export.onnx_file import export_onnx

    export_onnx(find_model(run.path), tmp_path / "small", quantize=True)
    graph = onnx.load(tmp_path / "small" / "onnx" / "model_quantized.onnx").graph
    weights = [numpy_helper.to_array(each) for each in graph.initializer if each.data_type == onnx.TensorProto.INT8]
    matrices = [each.astype(int) for each in weights if each.ndim == 2]
    assert matrices
    assert all(2 * 255 * np.abs(each).max() <= np.iinfo(np.int16).max for each in matrices)


def test_8_bits_that_change_the_answers_are_refused_and_leave_nothing(run: Run, tmp_path: Path, monkeypatch):
    from txt.export import onnx_file

    def ruin(exact, found, flag):
        return compare_with_float(exact.repeat(50, 0), 1 - found.repeat(50, 0), flag)

    monkeypatch.setattr(onnx_file, "compare_with_float", ruin)
    with pytest.raises(InputError, match="--quantize ruins this model"):
        onnx_file.export_onnx(find_model(run.path), tmp_path / "out", quantize=True)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_package_is_one_line_with_the_extra(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from txt.export import onnx_file

    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxscript" else object())
    with pytest.raises(InputError, match="--format onnx needs the package onnxscript") as error:
        onnx_file.export_onnx(find_model(run.path), tmp_path / "out")
    assert error.value.hint == say_how_to_install(extra="onnx")
    assert list(tmp_path.iterdir()) == []
