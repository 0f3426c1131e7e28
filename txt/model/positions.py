"""Sinusoidal position encodings. This file needs nothing but torch: an exported folder carries it."""

import math

import torch
from torch import Tensor


def sinusoids(length: int, d_model: int, device: torch.device | None = None) -> Tensor:
    """Return sinusoidal position encodings (length, d_model) in float32 (Vaswani et al. 2017, section 3.5)."""
    position = torch.arange(length, device=device).float().unsqueeze(1)
    frequency = torch.exp(torch.arange(0, d_model, 2, device=device).float() * (-math.log(10000.0) / d_model))
    angles = position * frequency  # (length, ⌈d_model / 2⌉)
    return torch.stack((torch.sin(angles), torch.cos(angles)), dim=-1).flatten(1)[:, :d_model]
