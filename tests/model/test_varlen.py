"""The road for GPUs, in plain torch: it gives what the road for CPUs gives, forward and back."""

import numpy as np
import pytest
import torch

from txt.model import attention, classifier, varlen
from txt.model.attention import flat_attention
from txt.model.classifier import TransformerClassifier, mean_over_rows
from txt.model.dropout import no_dropout
from txt.model.model_config import TransformerClassifierConfig
from txt.model.varlen import attend_in_one_call, attend_plainly, takes_varlen

GROUPS = [(2, 9), (1, 7), (3, 4), (2, 1)]
TOKENS = sum(rows * length for rows, length in GROUPS)


@pytest.mark.parametrize("nhead", [1, 4])
@pytest.mark.parametrize("extra", [0, 5])
def test_attention_in_one_call_is_that_of_groups_forward_and_back(nhead, extra):
    torch.manual_seed(nhead + extra)
    qkv = torch.randn(TOKENS + extra, 3 * 16)
    change = torch.randn(TOKENS + extra, 16)
    found, expected = (each.clone().requires_grad_() for each in (qkv, qkv))
    ours = attend_in_one_call(found, GROUPS, nhead, attend_plainly)
    theirs = flat_attention(expected, GROUPS, nhead, no_dropout)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)
    assert not ours[TOKENS:].any()
    (ours * change).sum().backward()
    (theirs * change).sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-5, atol=1e-5)


def test_the_mean_of_padded_rows_is_that_of_groups_forward_and_back():
    torch.manual_seed(0)
    x = torch.randn(TOKENS + 3, 8)
    found, expected = (each.clone().requires_grad_() for each in (x, x))
    ours, theirs = classifier._mean_padded(found, GROUPS), mean_over_rows(expected, GROUPS)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    change = torch.randn_like(ours)
    (ours * change).sum().backward()
    (theirs * change).sum().backward()
    torch.testing.assert_close(found.grad, expected.grad, rtol=1e-6, atol=1e-6)


def test_a_whole_model_answers_and_learns_alike_on_both_roads(monkeypatch):
    torch.manual_seed(3)
    model = TransformerClassifier(
        TransformerClassifierConfig(
            vocab_size=40, d_model=16, nhead=2, num_layers=2, id2label={0: "a", 1: "b"}, label2id={"a": 0, "b": 1}
        )
    )
    lengths = [length for rows, length in GROUPS for _ in range(rows)]
    token_ids = torch.randint(0, 40, (TOKENS,))

    def compute() -> tuple[np.ndarray, list[torch.Tensor]]:
        model.zero_grad()
        logits = model.eval().classify(token_ids, lengths)
        logits.square().sum().backward()
        gradients = [each.grad.to_dense().clone() for each in model.parameters() if each.grad is not None]
        return logits.detach().numpy(), gradients

    expected, slopes = compute()
    monkeypatch.setattr(attention, "takes_varlen", lambda *_: True)
    monkeypatch.setattr(varlen, "_find_kernel", lambda: attend_plainly)
    monkeypatch.setattr(classifier, "mean_over_rows", classifier._mean_padded)
    found, other_slopes = compute()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    for one, other in zip(slopes, other_slopes, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_the_kernels_take_what_plain_torch_takes():
    import inspect

    from torch.nn.attention.varlen import varlen_attn

    names = list(inspect.signature(varlen_attn).parameters)[:7]
    assert names == ["query", "key", "value", "cu_seq_q", "cu_seq_k", "max_q", "max_k"]


def test_a_processor_takes_the_road_of_groups():
    assert not takes_varlen(torch.zeros(4, 48, dtype=torch.bfloat16), 2)
