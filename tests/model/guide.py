"""The reference model that ours must equal: a plain torch encoder, with a corrected position axis."""

import math

import torch
from torch import Tensor, nn

from txt.model.classifier import TransformerClassifier


class GuideClassifier(nn.Module):
    """The guide's TransformerClassifier on padded rows, built from torch's own encoder."""

    def __init__(self, vocab_size, d_model, nhead, num_layers, num_classes, dropout=0.0) -> None:
        super().__init__()
        self.d_model = d_model
        self.embedding = nn.Embedding(vocab_size, d_model)
        layer = nn.TransformerEncoderLayer(d_model, nhead, 4 * d_model, dropout, batch_first=True)
        self.transformer = nn.TransformerEncoder(layer, num_layers, enable_nested_tensor=False)
        self.classifier = nn.Sequential(
            nn.Linear(d_model, d_model // 2), nn.ReLU(), nn.Dropout(dropout), nn.Linear(d_model // 2, num_classes)
        )

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        x = self.embedding(input_ids) * math.sqrt(self.d_model)
        position = torch.arange(x.size(1)).unsqueeze(1)
        div_term = torch.exp(torch.arange(0, self.d_model, 2).float() * (-math.log(10000.0) / self.d_model))
        pe = torch.zeros(x.size(1), self.d_model)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        x = self.transformer(x + pe, src_key_padding_mask=attention_mask == 0)
        mask = attention_mask.unsqueeze(-1)
        return self.classifier((x * mask).sum(1) / mask.sum(1))


def copy_to_guide(model: TransformerClassifier, dropout: float = 0.0) -> GuideClassifier:
    """Return the guide's model with the weights of ours."""
    config = model.config
    sizes = (config.vocab_size, config.d_model, config.nhead, config.num_layers, config.num_labels)
    twin = GuideClassifier(*sizes, dropout)
    names = {
        "qkv.weight": "self_attn.in_proj_weight",
        "qkv.bias": "self_attn.in_proj_bias",
        "out.weight": "self_attn.out_proj.weight",
        "out.bias": "self_attn.out_proj.bias",
    }
    state = {}
    for name, value in model.state_dict().items():
        head, _, rest = name.partition(".")
        if head == "layers":
            number, _, part = rest.partition(".")
            name = f"transformer.layers.{number}.{names.get(part, part)}"
        elif head in ("head1", "head2"):
            name = f"classifier.{0 if head == 'head1' else 3}.{rest}"
        state[name] = value
    twin.load_state_dict(state)
    return twin
