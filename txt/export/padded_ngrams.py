"""N-grams of padded rows in operations that ONNX has: no tensor's shape depends on the content of the rows."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from txt.model.ngrams import (
    CHARACTER_SIZES,
    LONGEST_WORD,
    OTHER_PRIME,
    PRIME,
    SIGNS_APART,
    SPACE,
    NgramLogits,
    compute_powers,
    pair_words,
)


class PaddedNgrams(nn.Module):
    """What NgramLogits gives rows that are padded: where it lists n-grams, this marks them in tables.

    In comments W is the number of places for words, which is T, and L that for their characters and spaces.
    """

    powers: Tensor

    def __init__(self, ngrams: NgramLogits) -> None:
        super().__init__()
        self.known = ngrams
        self.longest = int((ngrams.offsets[1:] - ngrams.offsets[:-1]).max())  # characters of a token
        self.register_buffer("powers", torch.tensor(compute_powers(LONGEST_WORD + 1)), persistent=False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """Return the logits (B, C) of padded rows (B, T)."""
        known, T = self.known, input_ids.shape[1]
        offsets = known.offsets[input_ids]
        sizes = (known.offsets[input_ids + 1] - offsets) * attention_mask  # (B, T) characters; special tokens have none
        written = sizes > 0
        starts_word = ~known.inside[input_ids]
        if known.hashing == SIGNS_APART:
            starts_word = starts_word | F.pad(known.closes[input_ids][:, :-1], (1, 0))
        begins = written & (starts_word | (written.long().cumsum(1) == 1))
        word = (begins.long().cumsum(1) - 1).clamp(min=0)  # (B, T)
        words = begins.long().sum(1, keepdim=True)  # (B, 1)
        before = sizes.cumsum(1) - sizes  # (B, T) characters of the row before each token
        starts = torch.zeros_like(input_ids).scatter_add(1, word, torch.where(begins, before, 0))  # (B, W)

        inside = torch.arange(self.longest, device=input_ids.device)
        valid = inside < sizes.unsqueeze(2)  # (B, T, M)
        places = before.unsqueeze(2) + inside  # (B, T, M) of each character in its row
        letters = known.characters[(offsets.unsqueeze(2) + inside).clamp(max=len(known.characters) - 1)].long()
        in_word = (places - starts.gather(1, word).unsqueeze(2)).clamp(min=0, max=LONGEST_WORD)
        parts = torch.where(valid, (letters + 1) * self.powers[in_word], 0)  # (B, T, M)
        # summed by scattering, for onnxruntime's own sums of integers go through floating point
        words_of = word.unsqueeze(2).expand(-1, -1, self.longest)
        hashes = torch.zeros_like(input_ids).scatter_add(1, words_of.flatten(1), parts.flatten(1))  # (B, W)

        L = T * (self.longest + 2)
        at = torch.where(valid, places + 2 * word.unsqueeze(2) + 1, L).flatten(1)  # (B, T · M); L is thrown away
        empty = torch.full_like(at[:, :1], SPACE).expand(-1, L + 1)
        spaced = empty.scatter(1, at, letters.flatten(1))[:, :L]
        return self._word_logits(hashes, words) + self._character_logits(
            spaced, starts, words, sizes.sum(1, keepdim=True)
        )

    def _word_logits(self, hashes: Tensor, words: Tensor) -> Tensor:
        """Return the logits of words and pairs of neighbours."""
        number = torch.arange(hashes.shape[1], device=hashes.device)
        pairs = pair_words(hashes, F.pad(hashes, (0, 1))[:, 1:], self.known.hashing)
        return self._ngram_logits(torch.cat([hashes, pairs], 1), torch.cat([number < words, number + 1 < words], 1))

    def _character_logits(self, spaced: Tensor, starts: Tensor, words: Tensor, characters: Tensor) -> Tensor:
        """Return the logits of runs of characters in `spaced` (B, L), where a space begins and ends each word."""
        number = torch.arange(starts.shape[1], device=starts.device)
        L = spaced.shape[1]
        at = torch.where(number < words, starts + 2 * number, L)  # (B, W) where words begin; L is thrown away
        marks = torch.zeros_like(spaced[:, :1]).expand(-1, L + 1).scatter(1, at, torch.ones_like(at))
        longest = max(CHARACTER_SIZES)
        word = F.pad(marks[:, :L].cumsum(1), (0, longest))
        letters, end = F.pad(spaced, (0, longest)), characters + 2 * words
        place = torch.arange(L, device=spaced.device)
        hashes, valid = [], []
        for size in CHARACTER_SIZES:
            run = torch.full_like(spaced, size)
            for step in range(size):
                run = run * PRIME + letters[:, step : step + L]
            hashes.append(run * OTHER_PRIME)
            valid.append((word[:, :L] == word[:, size - 1 : size - 1 + L]) & (place + size <= end))
        return self._ngram_logits(torch.cat(hashes, 1), torch.cat(valid, 1))

    def _ngram_logits(self, hashes: Tensor, valid: Tensor) -> Tensor:
        """Return the logits (B, C) of n-grams of one kind (B, K), scaled to length 1 in each row."""
        sorted_hashes = self.known.hashes
        found = torch.zeros_like(hashes)
        for bit in reversed(range((len(sorted_hashes) - 1).bit_length())):  # binary search, a bit at a time
            further = (found + (1 << bit)).clamp(max=len(sorted_hashes) - 1)
            found = torch.where(sorted_hashes[further] <= hashes, further, found)
        known = valid & (sorted_hashes[found] == hashes)
        none = self.known.idf.float().unsqueeze(0).expand(len(hashes), -1) * 0  # (B, features)
        counts = none.scatter_add(1, found, known.float())
        values = torch.where(counts > 0, 1 + counts.clamp(min=1).log(), 0.0) * self.known.idf.float()
        lengths = (values**2).sum(1, keepdim=True).sqrt().clamp(min=1e-12)
        return (values / lengths) @ self.known.weight.float()
