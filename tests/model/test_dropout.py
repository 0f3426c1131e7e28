"""Dropout's fused forms against the plain ones."""

import pytest
import torch

from txt.model.dropout import Dropout, draw_mask_pool


@pytest.fixture(params=[0.0, 0.3])
def drop(request) -> Dropout:
    return Dropout(draw_mask_pool(request.param, 1, torch.float32, torch.device("cpu"), size=1 << 12), seed=3)


def gradient(of: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    (of * torch.arange(of.shape[1])).sum().backward()
    found, weight.grad = weight.grad, None
    return found


def test_dropped_relu_is_relu_and_then_dropout_with_the_same_gradient(drop):
    torch.manual_seed(0)
    x, weight = torch.randn(20, 40), torch.randn(40, 30, requires_grad=True)
    plain = drop.restart()(torch.relu(x @ weight))
    fused = drop.restart().relu(x @ weight)
    assert torch.equal(fused, plain)
    assert torch.equal(gradient(fused, weight), gradient(plain, weight))


def test_added_in_one_pass_is_dropped_and_then_added(drop):
    torch.manual_seed(0)
    x, weight = torch.randn(20, 30), torch.randn(20, 30, requires_grad=True)
    plain = x + drop.restart()(weight * 2)
    fused = drop.restart().add(x, weight * 2)
    torch.testing.assert_close(fused, plain)
    torch.testing.assert_close(gradient(fused, weight), gradient(plain, weight))
