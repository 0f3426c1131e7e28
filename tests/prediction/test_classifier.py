import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.prediction.conftest import TEMPERATURE
from txt.errors import InputError
from txt.export import modeling_transformer
from txt.model.pretrained import PretrainedClassifier, SentenceClassifier, SentenceClassifierConfig
from txt.prediction.classifier import Predictor, load
from txt.prediction.int8 import Int8Linear, _has_onednn_products, find_levels, quantize_to_int8
from txt.runs.folder import Run

TEXTS = ["the film was great", "so very awful", "ordinary", "", "the film " * 30, "fine and dreary 12"] * 4


def reference(run: Run, texts: list[str]) -> np.ndarray:
    """Return the probabilities as transformers computes them, on padded rows."""
    tokenizer = AutoTokenizer.from_pretrained(run.model)
    model = AutoModelForSequenceClassification.from_pretrained(run.model).eval()
    assert isinstance(model, modeling_transformer.TransformerClassifier)
    with torch.inference_mode():
        logits = model(**tokenizer(texts, padding=True, truncation=True, return_tensors="pt")).logits
    return torch.softmax(logits / TEMPERATURE, -1).numpy()


def test_probabilities_are_those_of_transformers_divided_by_the_temperature(run: Run, classifier: Predictor):
    found = classifier.predict_probabilities(TEXTS).probabilities
    assert np.ptp(found[:, 0]) > 0.05  # the model tells texts apart, so that there is something to compare
    np.testing.assert_allclose(found, reference(run, TEXTS), atol=1e-5)


def test_a_text_alone_gets_the_answer_that_it_gets_among_others(classifier: Predictor):
    together = classifier.predict(TEXTS)
    for text, among in zip(TEXTS, together, strict=True):
        (alone,) = classifier.predict([text])
        assert alone.label == among.label
        assert alone.confidence == pytest.approx(among.confidence, abs=1e-5)
        assert among.confidence == max(among.probabilities.values()) == among.probabilities[among.label]
        assert sum(among.probabilities.values()) == pytest.approx(1)


def test_a_model_with_weights_that_are_no_numbers_is_refused(classifier: Predictor):
    damaged = Predictor(deepcopy(classifier._model), classifier._tokenizer, classifier.machine, max_length=12)
    with torch.no_grad():
        damaged._model.head2.bias[0] = torch.nan
    with pytest.raises(InputError, match="weights are damaged"):
        damaged.predict(TEXTS)


def test_no_texts_have_no_predictions(classifier: Predictor):
    assert classifier.predict([]) == []


def test_more_texts_than_are_held_at_once_keep_their_order(classifier: Predictor, monkeypatch):
    whole = classifier.predict_probabilities(TEXTS).probabilities
    monkeypatch.setattr("txt.prediction.classifier._TEXTS", 5)
    np.testing.assert_allclose(classifier.predict_probabilities(TEXTS).probabilities, whole, atol=1e-5)


def test_threads_get_the_answers_that_one_alone_gets(run: Run):
    classifier = load(run.path, precision="float32", device="cpu")
    texts = [[f"{text} {number}" for text in TEXTS] for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda part: classifier.predict_probabilities(part).probabilities, texts))
    alone = load(run.path, precision="float32", device="cpu")
    for part, probabilities in zip(texts, found, strict=True):
        np.testing.assert_allclose(probabilities, alone.predict_probabilities(part).probabilities, atol=1e-5)


def test_windows_are_averaged(classifier: Predictor, run: Run):
    limited = Predictor(
        classifier._model, classifier._tokenizer, classifier.machine, max_length=12, temperature=TEMPERATURE
    )
    words = [f"{word}" for word in ["great", "awful", "the", "film", "was", "so", "very", "poor", "fine", "dreary"]] * 4
    ids = classifier._tokenizer.encode(" ".join(words)).ids
    inner, room = ids[1:-1], 10
    starts = [*range(0, len(inner) - room, 7), len(inner) - room]
    windows = [[ids[0], *inner[start : start + room], ids[-1]] for start in starts]
    with torch.inference_mode():
        logits = classifier._model.classify(torch.tensor([*chain(*windows)]), [12] * len(windows))
    expected = torch.softmax(logits / TEMPERATURE, -1).mean(0).numpy()
    found = limited.predict_probabilities([" ".join(words), "short"], stride=7)
    np.testing.assert_allclose(found.probabilities[0], expected, atol=1e-5)
    assert found.long.tolist() == [True, False]


def test_int8_computes_the_layers_in_8_bits_and_agrees(run: Run, classifier: Predictor):
    quantized = load(run.path, int8=True)
    kinds = {type(part).__module__ for part in quantized._model.layers.modules()}
    assert any("quantized" in kind or "int8" in kind for kind in kinds)
    assert type(quantized._model.head2) is torch.nn.Linear
    difference = np.abs(
        quantized.predict_probabilities(TEXTS).probabilities - classifier.predict_probabilities(TEXTS).probabilities
    )
    assert 0 < difference.max() < 0.1


needs_onednn = pytest.mark.skipif(not _has_onednn_products(), reason="oneDNN has no 8-bit products here")


@needs_onednn
@pytest.mark.parametrize("rows", [1, 7, 96])
def test_a_layer_in_8_bits_gives_what_rounded_numbers_give(rows):
    torch.manual_seed(rows)
    layers = [torch.nn.Linear(40, 24), torch.nn.Linear(40, 8, bias=False)]
    tokens = torch.randn(rows, 40) * torch.logspace(-3, 3, rows).unsqueeze(1)  # each has a scale of its own
    with torch.inference_mode():
        found = Int8Linear(layers)(tokens)
    expected = []
    for layer in layers:
        scales = layer.weight.abs().amax(1, keepdim=True) / 127
        steps = tokens.abs().amax(1, keepdim=True) / find_levels()[0]
        product = (tokens / steps).round().double() @ (layer.weight / scales).round().double().T
        expected.append(product * steps * scales.T + (0 if layer.bias is None else layer.bias))
    np.testing.assert_allclose(found, torch.cat(expected, 1).detach(), rtol=1e-4, atol=1e-5)


@needs_onednn
def test_tokens_of_zeros_give_the_bias_in_8_bits():
    layer = torch.nn.Linear(16, 8)
    with torch.inference_mode():
        np.testing.assert_allclose(Int8Linear([layer])(torch.zeros(3, 16)), layer.bias.expand(3, -1), atol=1e-6)


@needs_onednn
def test_queries_keys_and_values_of_bert_are_one_layer_in_8_bits():
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
    config = SentenceClassifierConfig({"model_type": "bert", "vocab_size": 50, **sizes}, num_labels=2)
    torch.manual_seed(0)
    model = PretrainedClassifier(SentenceClassifier(config)).eval()
    packed = quantize_to_int8(model)
    kinds = [type(part) for part in packed.model.encoder.encoder.layer.modules()]
    assert kinds.count(Int8Linear) == 2 * 4
    assert torch.nn.Linear not in kinds
    token_ids = torch.randint(0, 50, (24,))
    with torch.inference_mode():
        exact, found = (each.embed(token_ids, [3, 3, 8, 10]) for each in (model, packed))
    assert torch.nn.functional.cosine_similarity(exact, found).min() > 0.999
    assert not torch.equal(exact, found)


def test_8_bits_are_compared_with_float_on_the_first_texts_and_refused_where_they_ruin_the_model(run, monkeypatch):
    from txt.prediction import int8

    texts = [f"the film was {word} {number}" for number in range(30) for word in ("great", "awful", "ordinary")]
    fine = load(run.path, int8=True)
    assert fine.about_int8 is None
    fine.predict(texts)
    assert "of 90 answers differ from float32's" in fine.about_int8

    def ruin(model):
        ruined = deepcopy(model)
        with torch.no_grad():
            for parameter in ruined.parameters():
                parameter.neg_()
        return ruined

    monkeypatch.setattr(int8, "quantize_to_int8", ruin)
    with pytest.raises(InputError, match="--int8 ruins this model"):
        load(run.path, int8=True).predict(texts)


def test_bf16_agrees(run: Run, classifier: Predictor):
    found = load(run.path, precision="bf16", device="cpu").predict_probabilities(TEXTS).probabilities
    assert np.abs(found - classifier.predict_probabilities(TEXTS).probabilities).max() < 0.1


def test_a_models_folder_is_as_good_as_its_run_but_knows_no_temperature(run: Run, tmp_path: Path):
    shutil.copytree(run.model, tmp_path / "copied")
    classifier = load(tmp_path / "copied")
    assert classifier.temperature is None
    assert set(classifier.labels) == {"good", "bad", "so-so"}


def test_importing_txt_loads_no_torch_until_a_model_is_loaded():
    code = "import sys, txt; print(*({'torch', 'numpy'} & {*sys.modules})); txt.load; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\nFalse\n"


def test_txt_has_nothing_else():
    import txt

    with pytest.raises(AttributeError, match="has no `predict`"):
        _ = txt.predict


def test_one_string_is_not_a_list_of_texts(classifier: Predictor):
    with pytest.raises(InputError, match="a list of texts"):
        classifier.predict("a text")  # type: ignore[arg-type]


def test_a_stride_wider_than_a_window_is_refused(classifier: Predictor):
    with pytest.raises(InputError, match="--stride 511 is not between 1 and 510"):
        classifier.predict(["a"], stride=511)


def test_what_is_no_classifier_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    encoder = tmp_path / "encoder"
    shutil.copytree(run.model, encoder)
    (encoder / "config.json").write_text(json.dumps({"model_type": "bert", "architectures": ["BertModel"]}))
    without = tmp_path / "without"
    shutil.copytree(run.model, without)
    (without / "tokenizer.json").unlink()
    (tmp_path / "empty").mkdir()
    (tmp_path / "data.csv").write_text("text\n")
    for name, message in {
        "encoder": "holds a BertModel, which is not a classifier",
        "without": "has no tokenizer.json",
        "empty": "neither a run nor a model's folder",
        "data.csv": "is a file",
        str(run.prepared_path()): "is prepared data, not a run",
        "nowhere": "run `nowhere` does not exist",
    }.items():
        with pytest.raises(InputError, match=message):
            load(name)


def test_int8_is_for_the_cpu(run: Run):
    with pytest.raises(InputError, match=r"--device `cuda:7` is not available|--int8 is for the CPU"):
        load(run.path, int8=True, device="cuda:7")
