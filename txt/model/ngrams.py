"""A linear model on n-grams of words and characters, computed from token ids alone, beside the encoder.

What a bag of words knows, the encoder need not learn: their logits are added and trained together ("wide and deep",
Cheng et al. 2016). The features are those of a TF-IDF vectorizer: words and pairs of words, and runs of 2 to 5
characters within a word and its two spaces, each kind scaled to length 1 in every row. Tokens are turned back into
characters by a table, so that the model needs nothing but token ids. This file needs nothing but torch and numpy.
"""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

PRIME, OTHER_PRIME = 1_000_003, 6_364_136_223_846_793_005
CHARACTER_SIZES = (2, 3, 4, 5)
LONGEST_WORD = 64  # characters that tell words apart
SPACE = 32

PAIR_PRIME = -7_046_029_254_386_353_131  # 2^64 over the golden ratio

SAME_BASE, OWN_BASE, SIGNS_APART = 1, 2, 3
"""What words and pairs of them are, as config.json says by `ngram_hashing`; where it says nothing, it is the first.

A word's hash is a polynomial of its characters. Where the first word of a pair was multiplied by the base of that same
polynomial, "like a" was "alike". With a multiplier of its own, no word is a pair, and no pair another.

Since the third, words are the same whatever the tokenizer: capital letters are small ones, and a sign is a word. BERT's
tokenizer gives such words by itself. SentencePiece's keeps a word's capitals and the quotes and brackets around it, by
which "(Gut" and "gut" were two words.
"""


class NgramLogits(nn.Module):
    """The n-grams of some rows, and the logits that a linear layer gives them.

    Args:
        pieces: entries of the tokenizer.
        characters: of all entries, laid end to end.
        features: n-grams that are known.
        classes: logits.
        hashing: what words are, and how pairs of them are hashed: SAME_BASE, OWN_BASE or SIGNS_APART.
    """

    closes: Tensor

    def __init__(self, pieces: int, characters: int, features: int, classes: int, hashing: int = SIGNS_APART) -> None:
        super().__init__()
        self.hashing = hashing
        self.weight = nn.Parameter(torch.zeros(features, classes))
        self.register_buffer("hashes", torch.zeros(features, dtype=torch.int64))  # sorted
        self.register_buffer("idf", torch.ones(features))
        self.register_buffer("characters", torch.zeros(characters, dtype=torch.int32))
        self.register_buffer("offsets", torch.zeros(pieces + 1, dtype=torch.int64))  # of each entry's characters
        self.register_buffer("inside", torch.zeros(pieces, dtype=torch.bool))  # goes on with the word before it
        if hashing == SIGNS_APART:
            self.register_buffer("closes", torch.zeros(pieces, dtype=torch.bool))  # what follows begins a word

    def forward(
        self, token_ids: Tensor, lengths: list[int], drop: Callable[[Tensor], Tensor] = lambda values: values
    ) -> Tensor:
        """Return the logits (B, C) of B rows.

        Args:
            token_ids: (N,) int64, the tokens of all rows laid end to end.
            lengths: tokens of each row, summing to N.
            drop: dropout of this step, on the features.
        """
        rows, features, values = self.vectors(token_ids, lengths)
        values = drop(values.to(self.weight.dtype)).float()
        weights = F.embedding(features, self.weight, sparse=self.training)  # (K, C)
        logits = values.new_zeros(len(lengths), weights.shape[1])  # summed in float32, whatever the weights are in
        return logits.index_add(0, rows, weights.float() * values.unsqueeze(1))

    @torch.no_grad()
    def vectors(self, token_ids: Tensor, lengths: list[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the TF-IDF vectors of some rows, sparse: row, feature and value of each entry, all (K,)."""
        blocks = [
            self._weigh_block(rows, hashes, len(lengths)) for rows, hashes in self._find_ngrams(token_ids, lengths)
        ]
        rows, features, values = (torch.cat(parts) for parts in zip(*blocks, strict=True))
        return rows, features, values

    def _weigh_block(self, rows: Tensor, hashes: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """Count the known n-grams of one kind in each row, and scale each row to length 1."""
        places = torch.searchsorted(self.hashes, hashes).clamp(max=len(self.hashes) - 1)
        known = self.hashes[places] == hashes
        entries, times = (rows[known] * len(self.hashes) + places[known]).unique(return_counts=True)
        rows, features = entries // len(self.hashes), entries % len(self.hashes)
        values = (1 + times.float().log()) * self.idf[features].float()
        lengths = values.new_zeros(count).index_add(0, rows, values**2).sqrt()
        return rows, features, values / lengths[rows]

    def _find_ngrams(self, token_ids: Tensor, lengths: list[int]) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the words with their pairs, then the runs of characters: row and hash of each, (K,)."""
        row_of = torch.repeat_interleave(torch.tensor(lengths, device=token_ids.device))
        sizes = self.offsets[token_ids + 1] - self.offsets[token_ids]
        written = sizes > 0  # special tokens are not
        begins = ~self.inside[token_ids]
        if self.hashing == SIGNS_APART:
            begins[1:] |= self.closes[token_ids[:-1]]
        token_ids, row_of, sizes, begins = token_ids[written], row_of[written], sizes[written], begins[written]
        begins[1:] |= row_of[1:] != row_of[:-1]
        begins[:1] = True
        word_of = begins.cumsum(0) - 1  # of each token
        row_of_word = row_of[begins]
        ends = sizes.cumsum(0)
        places = torch.arange(int(sizes.sum()), device=token_ids.device)
        characters = self.characters[
            places + torch.repeat_interleave(self.offsets[token_ids] - (ends - sizes), sizes)
        ].long()
        word = torch.repeat_interleave(word_of, sizes)  # of each character
        yield _hash_words(characters, word, row_of_word, self.hashing)
        yield _hash_characters(characters, word, row_of_word)

    def learn_pieces(self, pieces: Sequence[str | None], mark: str | None = None) -> None:
        """Take over how each entry of the tokenizer is written, None for special ones; `mark` as in parse_pieces."""
        texts, inside = parse_pieces(pieces, mark)
        if self.hashing == SIGNS_APART:
            by_bytes = find_mark(pieces, mark) == "Ġ"  # where a letter beyond ASCII stands for a part of one
            texts = [_lower(text, by_bytes) for text in texts]
            inside = [goes_on and not is_sign(text[:1], by_bytes) for text, goes_on in zip(texts, inside, strict=True)]
            self.closes = torch.tensor([not text or is_sign(text[-1], by_bytes) for text in texts])
        self.characters = torch.tensor([ord(letter) for text in texts for letter in text], dtype=torch.int32)
        self.offsets = torch.tensor([0, *map(len, texts)]).cumsum(0)
        self.inside = torch.tensor(inside)

    def list_ngrams(self, token_ids: Tensor, lengths: list[int]) -> list[tuple[Tensor, Tensor]]:
        """Return row and hash of every n-gram, (K,) each: of the words with their pairs, then of the characters."""
        return list(self._find_ngrams(token_ids, lengths))

    @torch.no_grad()
    def measure_known_shares(self, token_ids: Tensor, lengths: list[int]) -> Tensor:
        """Return the share of each row's different runs of characters that are known, (B,); 0 where it has none."""
        _, (rows, hashes) = self._find_ngrams(token_ids, lengths)
        order = torch.argsort(hashes, stable=True)
        order = order[torch.argsort(rows[order], stable=True)]
        rows, hashes = rows[order], hashes[order]
        first = torch.ones_like(rows, dtype=torch.bool)
        first[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
        rows, hashes = rows[first], hashes[first]
        places = torch.searchsorted(self.hashes, hashes).clamp(max=len(self.hashes) - 1)
        known = (self.hashes[places] == hashes).float()
        count = len(lengths)
        return torch.bincount(rows, known, minlength=count) / torch.bincount(rows, minlength=count).clamp(min=1)

    def adopt(self, hashes: npt.NDArray[np.int64], rows_with: npt.NDArray[np.int64], total: int) -> None:
        """Take n-grams as those that are known, with weights of zero.

        Args:
            hashes: sorted, (F,).
            rows_with: rows that have each of them, (F,).
            total: rows that were looked at.
        """
        self.hashes = torch.from_numpy(hashes)
        self.idf = torch.from_numpy(np.log((1 + total) / (1 + rows_with)).astype(np.float32)) + 1
        self.weight = nn.Parameter(torch.zeros(len(hashes), self.weight.shape[1]))

    @torch.no_grad()
    def learn_ngrams(self, batches: Iterable[tuple[Tensor, list[int]]], most: int) -> None:
        """Choose the n-grams of some rows that are worth a weight: those of two rows at least, the most frequent first.

        Args:
            batches: token ids (N,) and lengths of some rows each.
            most: features to choose at most.
        """
        found: list[npt.NDArray[np.int64]] = []
        total = 0
        for token_ids, lengths in batches:
            for rows, hashes in self._find_ngrams(token_ids, lengths):
                found.append(_count_once_a_row(rows.numpy(), hashes.numpy()))
            total += len(lengths)
        known, rows_with = np.unique(np.concatenate(found or [np.zeros(0, np.int64)]), return_counts=True)
        order = np.argsort(-rows_with, kind="stable")[:most]
        chosen = np.sort(order[rows_with[order] > 1])
        self.adopt(known[chosen], rows_with[chosen], total)


def parse_pieces(pieces: Sequence[str | None], mark: str | None = None) -> tuple[list[str], list[bool]]:
    """Return the characters of a tokenizer's entries, and whether each goes on with the word before it.

    Args:
        pieces: the entries; None for special tokens.
        mark: `##` as BERT's, which goes on with a word; `Ġ` as GPT-2's or `▁` as SentencePiece's, which begin one.
            Without it, it is guessed from the entries; any of them may be a letter of some language, too.
    """
    mark = find_mark(pieces, mark)
    goes_on = mark == "##"
    texts, inside = [], []
    for piece in pieces:
        begins = piece is None or piece.startswith(mark) != goes_on
        texts.append("" if piece is None else piece.removeprefix(mark))
        inside.append(not begins)
    return texts, inside


def find_mark(pieces: Sequence[str | None], mark: str | None = None) -> str:
    """Return the mark of a tokenizer's entries, guessed from them where it is not known."""
    if mark is not None:
        return mark
    return next((mark for mark in "Ġ▁" if any(piece and piece.startswith(mark) for piece in pieces)), "##")


def is_sign(letter: str, ascii_alone: bool = False) -> bool:
    """Tell whether a character is punctuation or a symbol, which no word has inside; an empty text is none."""
    if not letter or (ascii_alone and not letter.isascii()):
        return False
    return unicodedata.category(letter)[0] in "PS"


def _lower(text: str, ascii_alone: bool) -> str:
    return "".join(letter.lower() if letter.isascii() else letter for letter in text) if ascii_alone else text.lower()


def _hash_words(characters: Tensor, word: Tensor, row_of_word: Tensor, hashing: int) -> tuple[Tensor, Tensor]:
    """Return row and hash of all words, and of all pairs of neighbours within a row."""
    starts = torch.searchsorted(word, torch.arange(len(row_of_word), device=word.device))
    place = (torch.arange(len(word), device=word.device) - starts[word]).clamp(max=LONGEST_WORD)
    powers = torch.tensor(compute_powers(LONGEST_WORD + 1), device=word.device)
    hashes = torch.zeros_like(row_of_word).index_add(0, word, (characters + 1) * powers[place])
    paired = row_of_word[1:] == row_of_word[:-1]
    pairs = pair_words(hashes[:-1], hashes[1:], hashing)[paired]
    return torch.cat([row_of_word, row_of_word[1:][paired]]), torch.cat([hashes, pairs])


def pair_words(first: Tensor, second: Tensor, hashing: int) -> Tensor:
    """Return the hash of each pair of words, given those of the words."""
    return first * (OTHER_PRIME if hashing == SAME_BASE else PAIR_PRIME) + second


def _hash_characters(characters: Tensor, word: Tensor, row_of_word: Tensor) -> tuple[Tensor, Tensor]:
    """Return row and hash of all runs of characters inside a word, which a space begins and another ends."""
    spaced = characters.new_full((len(characters) + 2 * len(row_of_word),), SPACE)
    spaced[torch.arange(len(characters), device=word.device) + 2 * word + 1] = characters
    sizes = torch.bincount(word, minlength=len(row_of_word)) + 2
    word_of = torch.repeat_interleave(torch.arange(len(row_of_word), device=word.device), sizes)
    rows, hashes = [], []
    for size in CHARACTER_SIZES:
        count = max(0, len(spaced) - size + 1)
        inside = word_of[:count] == word_of[size - 1 :]
        run = spaced.new_full((count,), size)
        for place in range(size):
            run = run * PRIME + spaced[place : place + count]
        rows.append(row_of_word[word_of[:count][inside]])
        hashes.append((run * OTHER_PRIME)[inside])
    return torch.cat(rows), torch.cat(hashes)


def _count_once_a_row(rows: npt.NDArray[np.int64], hashes: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the hashes (≤ K,), each as often as there are rows with it."""
    order = np.lexsort((rows, hashes))
    rows, hashes = rows[order], hashes[order]
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (hashes[1:] != hashes[:-1])
    return hashes[first]


def compute_powers(count: int) -> list[int]:
    """Return the powers of a prime as 64-bit integers, which overflow as the products do."""
    powers = [1]
    for _ in range(count - 1):
        powers.append((powers[-1] * OTHER_PRIME + 2**63) % 2**64 - 2**63)
    return powers
