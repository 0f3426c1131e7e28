from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from transformers import get_linear_schedule_with_warmup

from tests.model.test_classifier import LENGTHS, small_model
from txt.training.optimizer import FlatAdamW
from txt.training.plan import linear_with_warmup


def batches(count):
    generator = torch.Generator().manual_seed(4)
    for _ in range(count):
        yield torch.randint(1, 50, (sum(LENGTHS),), generator=generator), torch.randint(0, 3, (7,), generator=generator)


def test_steps_equal_torchs_adamw_with_clipping():
    ours, reference = small_model(), small_model()
    flat = FlatAdamW(ours, torch.float32, weight_decay=0.1)
    matrices = [parameter for parameter in reference.parameters() if parameter.dim() > 1]
    vectors = [parameter for parameter in reference.parameters() if parameter.dim() == 1]
    adamw = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}], lr=1e-2
    )
    for token_ids, labels in batches(8):
        F.cross_entropy(flat.working.classify(token_ids, LENGTHS), labels).backward()
        flat.collect()
        norm = flat.clip(0.5)
        flat.step(1e-2)
        F.cross_entropy(reference.classify(token_ids, LENGTHS), labels).backward()
        sparse = reference.embedding.weight.grad
        reference.embedding.weight.grad = sparse.to_dense()
        assert norm == pytest.approx(torch.nn.utils.clip_grad_norm_(reference.parameters(), 0.5).item(), rel=1e-5)
        adamw.step()
        adamw.zero_grad()
    for (name, one), other in zip(ours.named_parameters(), reference.parameters(), strict=True):
        if name.endswith("qkv.bias"):  # the gradient of the keys' bias is 0 but for rounding, which Adam blows up
            one, other = (torch.cat([bias[:32], bias[64:]]) for bias in (one, other))
        torch.testing.assert_close(one, other, atol=2e-5, rtol=1e-4)


def test_a_bf16_working_copy_follows_the_float32_masters():
    model = small_model()
    flat = FlatAdamW(model, torch.bfloat16, weight_decay=0.0)
    token_ids, labels = next(batches(1))
    F.cross_entropy(flat.working.classify(token_ids, LENGTHS).float(), labels).backward()
    flat.collect()
    flat.step(1e-3)
    for name, worker in flat.working.named_parameters():
        master = dict(model.named_parameters())[name]
        assert worker.dtype == torch.bfloat16
        assert master.dtype == torch.float32
        assert torch.equal(worker, master.to(torch.bfloat16))


def test_two_processes_with_half_of_each_batch_do_what_one_does_with_all():
    whole, *halves = (FlatAdamW(small_model(), torch.float32, weight_decay=0.0) for _ in range(3))
    for token_ids, labels in batches(8):
        texts = token_ids.split(LENGTHS)
        for part, flat in zip((range(7), range(0, 7, 2), range(1, 7, 2)), (whole, *halves), strict=True):
            logits = flat.working.classify(torch.cat([texts[row] for row in part]), [LENGTHS[row] for row in part])
            (F.cross_entropy(logits, labels[list(part)], reduction="sum") / 7).backward()
            flat.collect()
        total = halves[0].gradients + halves[1].gradients
        for flat in halves:
            flat.add_up(SimpleNamespace(size=2, sum=lambda gradients, total=total: gradients.copy_(total)))
            flat.step(1e-2)
        whole.step(1e-2)
    keys = _keys_bias(whole)  # their gradient is 0 but for rounding, which Adam blows up
    for flat in halves:
        torch.testing.assert_close(flat.weights[~keys], whole.weights[~keys], atol=1e-3, rtol=1e-3)


def _keys_bias(flat: FlatAdamW) -> torch.Tensor:
    """Return where the biases of the attention's keys are among the weights."""
    marked = torch.zeros_like(flat.weights, dtype=torch.bool)
    for name, parameter in flat.model.named_parameters():
        if name.endswith("qkv.bias"):
            marked[parameter.storage_offset() :][32:64] = True
    return marked


def test_gradients_of_one_batch_leave_nothing_for_the_next():
    flat = FlatAdamW(small_model(), torch.float32, weight_decay=0.0)
    for token_ids, labels in batches(2):
        F.cross_entropy(flat.working.classify(token_ids, LENGTHS), labels).backward()
        flat.collect()
        kept = flat.gradients.clone()
        flat.step(0.0)
    fresh = FlatAdamW(small_model(), torch.float32, weight_decay=0.0)
    F.cross_entropy(fresh.working.classify(token_ids, LENGTHS), labels).backward()
    fresh.collect()
    torch.testing.assert_close(kept, fresh.gradients)


@pytest.mark.parametrize(("warmup", "total"), [(0, 10), (3, 10), (10, 10), (100, 1000)])
def test_schedule_equals_the_one_of_transformers(warmup, total):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = get_linear_schedule_with_warmup(optimizer, warmup, total)
    for step in range(total):
        assert linear_with_warmup(step, warmup, total) == pytest.approx(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
