"""What `transformers.Trainer` is told in every benchmark, so that nothing but training is measured."""

from typing import Any

import torch


def list_trainer_options(batch: int, precision: str) -> dict[str, Any]:
    """Return the arguments of TrainingArguments: its fastest optimizer, rows by length, and no files.

    `precision` is `bf16` or `float32`, whichever is faster for it on the machine.
    """
    return {
        "per_device_train_batch_size": batch,
        "bf16": precision == "bf16",
        "use_cpu": not torch.cuda.is_available(),
        "optim": "adamw_torch_fused",
        "train_sampling_strategy": "group_by_length",
        "length_column_name": "length",
        "remove_unused_columns": False,
        "report_to": [],
        "save_strategy": "no",
        "logging_strategy": "no",
        "disable_tqdm": True,
    }
