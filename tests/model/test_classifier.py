import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from transformers import AutoConfig, AutoModelForSequenceClassification

from tests.model.guide import copy_to_guide
from txt.export import modeling_transformer
from txt.model.classifier import TransformerClassifier, TransformerClassifierConfig
from txt.model.dropout import Dropout, draw_mask_pool
from txt.model.positions import sinusoids

LENGTHS = [9, 9, 7, 4, 4, 4, 1]


def small_model(**changes) -> TransformerClassifier:
    torch.manual_seed(0)
    sizes = {"vocab_size": 50, "d_model": 32, "nhead": 4, "num_layers": 2, "num_labels": 3, "dropout": 0.1}
    return TransformerClassifier(TransformerClassifierConfig(**(sizes | changes)))


def flat_batch(lengths=LENGTHS, vocab_size=50):
    return torch.from_numpy(np.random.default_rng(1).integers(1, vocab_size, sum(lengths)))


def padded(token_ids, lengths):
    input_ids = torch.zeros(len(lengths), max(lengths), dtype=torch.long)
    mask = torch.zeros_like(input_ids)
    for row, part in enumerate(token_ids.split(lengths)):
        input_ids[row, : len(part)] = part
        mask[row, : len(part)] = 1
    return input_ids, mask


def test_logits_equal_the_guides_model_on_padded_rows():
    model, token_ids = small_model().eval(), flat_batch()
    expected = copy_to_guide(model)(*padded(token_ids, LENGTHS))
    torch.testing.assert_close(model.classify(token_ids, LENGTHS), expected, atol=1e-5, rtol=1e-5)


def test_gradients_equal_the_guides_model():
    model, token_ids = small_model(), flat_batch()
    labels = torch.tensor([0, 1, 2, 0, 1, 2, 0])
    F.cross_entropy(model.classify(token_ids, LENGTHS), labels).backward()
    twin = copy_to_guide(model).train()
    F.cross_entropy(twin(*padded(token_ids, LENGTHS)), labels).backward()
    layer, twin_layer = model.layers[0], twin.transformer.layers[0]
    pairs = [
        (model.embedding.weight.grad.to_dense(), twin.embedding.weight.grad),
        (layer.qkv.weight.grad, twin_layer.self_attn.in_proj_weight.grad),
        (layer.qkv.bias.grad, twin_layer.self_attn.in_proj_bias.grad),
        (layer.linear2.weight.grad, twin_layer.linear2.weight.grad),
        (model.head1.weight.grad, twin.classifier[0].weight.grad),
    ]
    for ours, theirs in pairs:
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=1e-4)


def test_rows_do_not_see_each_other():
    model, token_ids = small_model().eval(), flat_batch()
    together = model.classify(token_ids, LENGTHS)
    alone = torch.cat([model.classify(row, [len(row)]) for row in token_ids.split(LENGTHS)])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-5)


def test_positions_follow_the_formula():
    table = sinusoids(20, 6)
    assert table[7, 2] == pytest.approx(np.sin(7 / 10000 ** (2 / 6)), abs=1e-6)
    assert table[7, 3] == pytest.approx(np.cos(7 / 10000 ** (2 / 6)), abs=1e-6)


def test_initial_weights_are_the_guides():
    model = small_model(d_model=64, vocab_size=2000)
    assert model.embedding.weight.std().item() == pytest.approx(0.02, rel=0.05)
    bound = (6 / (64 + 256)) ** 0.5
    weight = model.layers[0].linear1.weight
    assert bound * 0.95 < weight.abs().max().item() <= bound
    assert weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert not model.layers[0].qkv.bias.any()


def test_reloaded_in_a_fresh_process_it_gives_the_same_logits(tmp_path):
    torch.set_num_threads(1)  # sums in another order end in other bits
    model, token_ids = small_model().eval(), flat_batch()
    model.save_pretrained(tmp_path / "model")
    torch.save(token_ids, tmp_path / "ids.pt")
    code = f"""
import torch
from pathlib import Path
from txt.model.classifier import TransformerClassifier
torch.set_num_threads(1)
model = TransformerClassifier.from_pretrained(Path({str(tmp_path / "model")!r})).eval()
logits = model.classify(torch.load({str(tmp_path / "ids.pt")!r}), {LENGTHS})
torch.save(logits.detach(), {str(tmp_path / "logits.pt")!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert torch.equal(torch.load(tmp_path / "logits.pt"), model.classify(token_ids, LENGTHS))


def test_auto_classes_load_it_once_its_exported_form_is_imported(tmp_path):
    model = small_model().eval()
    model.save_pretrained(tmp_path)
    assert isinstance(AutoConfig.from_pretrained(tmp_path), modeling_transformer.TransformerClassifierConfig)
    loaded = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    assert isinstance(loaded, modeling_transformer.TransformerClassifier)
    ids, mask = padded(flat_batch(), LENGTHS)
    torch.testing.assert_close(loaded(ids, mask).logits, model.classify(flat_batch(), LENGTHS))


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_dropout_drops_at_its_rate_and_keeps_the_mean(rate):
    drop = Dropout(draw_mask_pool(rate, seed=3, dtype=torch.float32, device=torch.device("cpu"), size=1 << 18), seed=1)
    dropped = drop(torch.ones(400, 500))  # larger than half the pool: made of pieces
    assert (dropped == 0).float().mean().item() == pytest.approx(rate, abs=0.01)
    assert dropped.mean().item() == pytest.approx(1.0, abs=0.02)


def test_dropout_differs_between_uses_and_repeats_with_its_seed():
    pool = draw_mask_pool(0.5, seed=3, dtype=torch.float32, device=torch.device("cpu"), size=1 << 14)
    ones = torch.ones(50, 50)
    first, second = Dropout(pool, 7), Dropout(pool, 7)
    assert torch.equal(first(ones), second(ones))
    assert not torch.equal(first(ones), Dropout(pool, 8)(ones))


def test_attention_with_dropout_has_the_gradient_of_its_forward():
    from txt.model.attention import flat_attention, group_lengths

    pool = draw_mask_pool(0.3, seed=3, dtype=torch.float64, device=torch.device("cpu"), size=1 << 12)
    qkv = torch.randn(9, 3 * 4, dtype=torch.float64, requires_grad=True)

    def attend(x):
        return flat_attention(x, group_lengths([3, 3, 2, 1]), 2, Dropout(pool, 5))

    assert torch.autograd.gradcheck(attend, (qkv,))


def test_gradient_checkpointing_gives_the_same_gradients():
    pool = draw_mask_pool(0.2, seed=3, dtype=torch.float32, device=torch.device("cpu"), size=1 << 16)
    token_ids = flat_batch()
    gradients = []
    for checkpointing in (False, True):
        model = small_model().train()
        model.gradient_checkpointing = checkpointing
        drop = Dropout(pool, 5)
        model.classify(token_ids, LENGTHS, drop).square().sum().backward()
        gradients.append(model.layers[0].linear1.weight.grad)
    assert gradients[0].abs().sum() > 0
    torch.testing.assert_close(gradients[0], gradients[1])
