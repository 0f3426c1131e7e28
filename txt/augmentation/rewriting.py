"""What methods share that rewrite whole texts with a model: batches by length, and checks of what must be kept."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from txt.augmentation.rng import RowRng
from txt.augmentation.spans import NEGATIONS, Spans

if TYPE_CHECKING:
    import torch

Rewriter = Callable[[Sequence[Spans], Sequence[RowRng], float], list[str | None]]
"""Returns each text rewritten, or None where that failed."""

BATCH_WORDS = 2048  # words in one batch; a batch is as wide as its longest text


def batch_by_length(spans: Sequence[Spans]) -> Iterator[list[int]]:
    """Yield the places of all texts, the longest first, in batches of about BATCH_WORDS words with padding."""
    order = sorted(range(len(spans)), key=lambda place: -len(spans[place].words))
    start = 0
    while start < len(order):
        widest = max(8, len(spans[order[start]].words))
        stop = start + max(1, BATCH_WORDS // widest)
        yield order[start:stop]
        start = stop


def keeps_what_counts(spans: Spans, rewritten: str) -> bool:
    """Tell whether a rewritten text still has the addresses, numbers and emoji, and is negated if the original is."""
    free = set(spans.free)
    for place, piece in enumerate(spans.pieces):
        kept = piece.strip()
        if place not in free and kept and _is_fixed(kept) and kept not in rewritten:
            return False
    return _says_no("".join(spans.pieces)) == _says_no(rewritten)


def _is_fixed(piece: str) -> bool:
    """Tell whether a translation must keep a piece as it is: it has signs, digits or emoji, or is an address."""
    odd = not piece.isalpha() and any(letter.isdigit() or not letter.isascii() for letter in piece)
    return odd or piece[0] in "@#" or "://" in piece


def _says_no(text: str) -> bool:
    return any(word in NEGATIONS or word.endswith(("n't", "n’t")) for word in re.findall(r"[\w'’]+", text.lower()))


def load_transformer(kind: str, name: str, device: str) -> tuple[Any, Any, "torch.device"]:
    """Load a tokenizer and a model of transformers' class `kind` from a folder, the cache or the hub.

    Raises:
        InputError: it is not there, or a package that it needs is missing.
    """
    import torch
    import transformers

    from txt.data.hub import fetch

    transformers.utils.logging.disable_progress_bar()
    best = "cuda" if torch.cuda.is_available() else "cpu"
    place = torch.device(best if device == "auto" else device)
    hint = "name a folder that holds it, or a model of the hub while online"
    tokenizer, model = (
        fetch(each.from_pretrained, name, what, hint)
        for each, what in ((transformers.AutoTokenizer, "tokenizer"), (getattr(transformers, kind), "model"))
    )
    fast_in_bf16 = place.type == "cuda" or (place.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported())
    return tokenizer, model.to(place, torch.bfloat16 if fast_in_bf16 else torch.float32).eval(), place
