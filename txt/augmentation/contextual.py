"""Words replaced by what a masked language model expects in their place."""

from collections.abc import Sequence

from txt.augmentation.rewriting import Rewriter, batch_by_length, load_transformer
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Spans
from txt.augmentation.typos import match_case

DEFAULT = "distilbert-base-uncased"
_LIKELIEST = 10  # candidates for each place


def load(name: str, device: str) -> Rewriter:
    """Return the method for a masked language model, a hub name or a folder.

    nlpaug's ContextualWordEmbsAug calls a method that transformers 5 no longer has, and decodes the whole text, which
    loses its case and spacing; here only the chosen words change.

    Raises:
        TxtError: the model is not there.
    """
    import torch

    tokenizer, model, place = load_transformer("AutoModelForMaskedLM", name, device)
    mask = tokenizer.mask_token

    def fill(spans: Sequence[Spans], draws: Sequence[RowRng], rate: float) -> list[str | None]:
        found: list[str | None] = [None] * len(spans)
        for batch in batch_by_length(spans):
            batch = [number for number in batch if spans[number].free]
            if not batch:
                continue
            chosen = [
                sorted(draws[number].some(spans[number].free, spans[number].count_edits(rate))) for number in batch
            ]
            texts = [_mask_words(spans[number], places, mask) for number, places in zip(batch, chosen, strict=True)]
            encoded = tokenizer(texts, return_tensors="pt", padding=True, truncation=True).to(place)
            with torch.inference_mode():
                logits = model(**encoded).logits  # (B, T, V)
            is_mask = encoded["input_ids"] == tokenizer.mask_token_id
            for line, (number, places) in enumerate(zip(batch, chosen, strict=True)):
                likeliest = logits[line, is_mask[line]].topk(_LIKELIEST).indices.tolist()  # (masks, candidates)
                candidates = [tokenizer.convert_ids_to_tokens(ids) for ids in likeliest]
                found[number] = _fill_words(spans[number], places, candidates, draws[number])
        return found

    return fill


def _mask_words(spans: Spans, places: Sequence[int], mask: str) -> str:
    pieces = spans.pieces.copy()
    for place in places:
        pieces[place] = mask
    return "".join(pieces)


def _fill_words(spans: Spans, places: Sequence[int], candidates: list[list[str]], rng: RowRng) -> str | None:
    """Put a whole word from its candidates into each place; parts of words and signs are not used."""
    pieces = spans.pieces.copy()
    for place, tokens in zip(places, candidates, strict=False):  # a truncated text has fewer
        words = [token.lstrip("Ġ▁") for token in tokens]
        fitting = [word for word in words if word.isalpha() and word.lower() != pieces[place].lower()]
        if fitting:
            pieces[place] = match_case(pieces[place], rng.pick(fitting))
    return "".join(pieces) if pieces != spans.pieces else None
