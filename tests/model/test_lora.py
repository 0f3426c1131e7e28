"""Low-rank adapters: few weights learn, and what is saved is an ordinary model."""

import pytest
import torch

from txt.config import TrainConfig
from txt.errors import InputError
from txt.model.lora import add_adapters, merge_adapters
from txt.model.pretrained import PretrainedClassifier
from txt.model.saved import load_model, save_model

from .test_pretrained import LENGTHS, bert, distilbert, roberta, rows, sentence


@pytest.mark.parametrize("make", [bert, sentence, roberta, distilbert])
def test_a_saved_model_computes_what_the_adapted_one_does(make, tmp_path):
    torch.manual_seed(1)
    model = PretrainedClassifier(make()).eval()
    before = model.classify(rows(), LENGTHS)
    add_adapters(model, 2, seed=5)
    torch.testing.assert_close(model.classify(rows(), LENGTHS), before)  # adapters begin at zero
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter)
    adapted = model.classify(rows(), LENGTHS)
    assert not torch.allclose(adapted, before, atol=1e-4, rtol=1e-3)
    (tmp_path / "tokenizer").mkdir()
    save_model(model, tmp_path / "tokenizer", tmp_path / "model")
    again = load_model(tmp_path / "model", torch.device("cpu"))
    torch.testing.assert_close(again.classify(rows(), LENGTHS), adapted, atol=1e-5, rtol=1e-4)
    assert not any("lora" in name for name, _ in again.named_parameters())
    assert any("lora" in name for name, _ in model.named_parameters())  # goes on training as it was


def test_only_adapters_and_the_head_learn():
    model = PretrainedClassifier(bert())
    add_adapters(model, 2, seed=5)
    learning = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    assert learning
    assert all("lora_" in name or "classifier" in name or "pooler" in name for name in learning)


def test_equal_seeds_give_equal_adapters():
    models = [PretrainedClassifier(bert()) for _ in range(2)]
    for model in models:
        add_adapters(model, 2, seed=5)
    first, second = ({n: p for n, p in model.named_parameters() if "lora_A" in n} for model in models)
    assert first
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_a_model_without_adapters_is_itself():
    model = PretrainedClassifier(bert())
    assert merge_adapters(model) is model


def test_options_that_do_not_go_together_are_refused():
    with pytest.raises(InputError, match="there is none"):
        TrainConfig(lora=4)
    with pytest.raises(InputError, match="takes no --freeze"):
        TrainConfig(lora=4, pretrained="minilm", freeze="1")
