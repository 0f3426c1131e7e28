"""Back-translation: translates texts into another language and back, in batches, to say the same in other words."""

from collections.abc import Sequence
from typing import Any

from txt.augmentation.rewriting import Rewriter, batch_by_length, keeps_what_counts, load_transformer
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans

DEFAULT = ("facebook/wmt19-en-de", "facebook/wmt19-de-en")
_MOST_NEW_TOKENS = 256


def load(translators: tuple[str, str], device: str, sampled: bool) -> Rewriter:
    """Return the method for a pair of MarianMT or FSMT models, each a hub name or a folder.

    The first copy of a text is the likeliest translation; further ones are drawn, since greedy search would give the
    same again. With `sampled` all are drawn.

    Raises:
        TxtError: a model is not there.
    """
    there, back = (load_transformer("AutoModelForSeq2SeqLM", name, device) for name in translators)

    def translate(spans: Sequence[Spans], draws: Sequence[RowRng], _rate: float) -> list[str | None]:
        found: list[str | None] = [None] * len(spans)
        for places in batch_by_length(spans):
            texts = ["".join(spans[place].pieces) for place in places]
            drawn = sampled or any(draws[place].is_repeat for place in places)
            seed = draws[places[0]].below(2**31) if drawn else None
            for place, text in zip(places, _generate(back, _generate(there, texts, seed), seed), strict=True):
                if text.strip() and keeps_what_counts(spans[place], text):
                    found[place] = text
        return found

    return translate


def _generate(loaded: tuple[Any, Any, Any], texts: list[str], seed: int | None) -> list[str]:
    """Return what a model writes for each text, greedily, or drawn from the likeliest words with a seed."""
    import torch

    tokenizer, model, device = loaded
    encoded = tokenizer(texts, return_tensors="pt", padding=True, truncation=True).to(device)
    options: dict[str, Any] = {"num_beams": 1, "do_sample": False}
    if seed is not None:
        torch.manual_seed(seed)
        options = {"num_beams": 1, "do_sample": True, "top_p": 0.9, "temperature": 0.8}
    limits = [min(_MOST_NEW_TOKENS, 2 * length + 8) for length in encoded["attention_mask"].sum(dim=1).tolist()]
    with torch.inference_mode():
        written = model.generate(**encoded, max_new_tokens=max(limits), max_length=None, **options)  # (B, T)
    lines = [line[:limit] for line, limit in zip(written.tolist(), limits, strict=True)]  # whatever its neighbours
    return [str(text) for text in tokenizer.batch_decode(lines, skip_special_tokens=True)]
