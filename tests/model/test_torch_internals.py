"""What torch does not promise to keep still gives what its public functions give."""

import pytest
import torch

from txt.model.torch_internals import copy_all, softmax_backward, split_sparse


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_softmax_backward_is_autograds(dtype):
    scores = torch.randn(6, 5, 9, generator=torch.Generator().manual_seed(1)).to(dtype).requires_grad_()
    gradient = torch.randn(6, 5, 9, generator=torch.Generator().manual_seed(2)).to(dtype)
    weights = torch.softmax(scores, -1)
    (expected,) = torch.autograd.grad(weights, scores, gradient)
    assert torch.equal(softmax_backward(gradient, weights.detach()), expected), "torch._softmax_backward_data changed"


def test_copy_all_copies_each():
    targets = [torch.zeros(3, dtype=torch.bfloat16), torch.zeros(2, 2)]
    sources = [torch.tensor([1.0, 2.0, 3.0]), torch.eye(2)]
    copy_all(targets, sources)
    for target, source in zip(targets, sources, strict=True):
        assert torch.equal(target.float(), source), "torch._foreach_copy_ changed"


def test_split_sparse_gives_what_a_dense_gradient_is_made_of():
    weight = torch.zeros(5, 2, requires_grad=True)
    taken = torch.nn.functional.embedding(torch.tensor([4, 1, 4]), weight, sparse=True)
    (taken * torch.arange(6.0).view(3, 2)).sum().backward()
    rows, values = split_sparse(weight.grad)
    dense = torch.zeros(5, 2).index_add(0, rows, values)
    assert torch.equal(dense, weight.grad.to_dense()), "Tensor._indices or Tensor._values changed"
