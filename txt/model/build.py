"""A new model for prepared data."""

import torch
from torch import nn

from txt.config import TrainConfig
from txt.data.prepared import Prepared
from txt.model.classifier import TransformerClassifier, TransformerClassifierConfig


def new_model(config: TrainConfig, prepared: Prepared, device: torch.device) -> TransformerClassifier:
    """Return an untrained classifier for the data's vocabulary and labels; equal seeds give equal weights."""
    labels = dict(enumerate(prepared.labels))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = TransformerClassifier(
            TransformerClassifierConfig(
                vocab_size=prepared.vocab_size,
                d_model=config.d_model,
                nhead=config.nhead,
                num_layers=config.num_layers,
                dim_feedforward=config.feedforward,
                dropout=config.dropout,
                max_length=prepared.manifest.max_length,
                pad_token_id=prepared.pad_token_id,
                id2label=labels,
                label2id={label: number for number, label in labels.items()},
            )
        )
    nn.Module.to(model, device)
    return model
