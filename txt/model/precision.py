"""Finds the data type in which a device computes fastest."""

import torch

_BF16_INSTRUCTIONS = ("amx_bf16", "avx512_bf16", "bf16", "arm_bf16")


def fastest_dtype(device: torch.device) -> torch.dtype:
    """Return bf16 where the machine has instructions for it, which are several times faster than float32's.

    The processor's features decide, not a timing: a busy machine must not change how anything is computed.
    """
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    if device.type != "cpu":
        return torch.float32
    can: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return torch.bfloat16 if any(can.get(name) for name in _BF16_INSTRUCTIONS) else torch.float32
