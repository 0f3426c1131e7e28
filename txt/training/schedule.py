"""How the learning rate goes over a training, as a factor of its peak."""


def linear_with_warmup(step: int, warmup_steps: int, total_steps: int) -> float:
    """Return the factor for a step counted from 0: up from 0 to 1 over the warm-up, then down to 0 at the end.

    Source: transformers' get_linear_schedule_with_warmup, which the guide uses.
    """
    if step < warmup_steps:
        return step / max(1, warmup_steps)
    return max(0.0, (total_steps - step) / max(1, total_steps - warmup_steps))
