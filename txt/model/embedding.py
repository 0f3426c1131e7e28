"""Text features from other models, for active learning and review: MiniLM's vectors, a run's log-odds.

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

from txt.data.minilm import NAME, minilm_folder
from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.files import atomic_write, cache_folder
from txt.labeling.active.ranker import Vectorize

if TYPE_CHECKING:
    from txt.labeling.active.vectors import Vectors

ShareCallback = Callable[[float], object]

_TOKENS = 256  # that MiniLM was trained to read


def embed_with_minilm(texts: Sequence[str], progress: ShareCallback = lambda _share: None) -> "Vectors":
    """Return MiniLM's sentence vectors of length 1, (N, 384); those of a list of texts are kept in the cache folder.

    Raises:
        InputError: MiniLM is not installed.
    """
    from txt.labeling.active.vectors import Vectors

    kept = cache_folder() / "vectors" / f"minilm-{_digest_texts(texts)}.npy"
    with suppress(OSError, ValueError, EOFError):
        found = np.load(kept, allow_pickle=False)
        if found.shape[0] == len(texts):
            return Vectors(found.astype(np.float32))
    vectors = _embed_texts(texts, progress)
    with suppress(OSError), atomic_write(kept, "wb") as file:
        np.save(file, vectors.astype(np.float16), allow_pickle=False)
    return Vectors(vectors.astype(np.float16).astype(np.float32))  # as they will be when they come from the cache


def make_run_vectorizer(run: str) -> Vectorize:
    """Return a function that makes TF-IDF vectors of texts, with a run's log-odds of its classes as the prior."""
    return partial(_vectorize_with_prior, Path(run) / "model")


def _vectorize_with_prior(
    model: Path, texts: Sequence[str], progress: ShareCallback = lambda _share: None
) -> "Vectors":
    from txt.labeling.active.vectors import Vectors, tfidf

    names, log_odds = _predict_log_odds(model, texts, progress)
    return Vectors(tfidf(texts).matrix, log_odds, names)


def _predict_log_odds(
    folder: Path, texts: Sequence[str], progress: ShareCallback
) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    """Return a run's classes and its log-probabilities (N, C)."""
    import torch
    from tokenizers import Tokenizer

    from txt.data.token_encoder import make_encoder
    from txt.model.predict import predict_logits
    from txt.model.saved import load_model

    model = load_model(folder, torch.device("cpu"))
    longest = min(int(getattr(model.config, "max_position_embeddings", 512)), _read_max_tokens(folder))
    rows = make_encoder(Tokenizer.from_file(str(folder / "tokenizer.json")), longest)(texts)
    told = _make_row_counter(len(texts), progress)
    logits = torch.from_numpy(predict_logits(model, rows, torch.device("cpu"), progress=told))
    id2label = dict(model.config.id2label or {})
    names = [str(id2label[place]) for place in range(logits.shape[1])]
    return tuple(names), torch.log_softmax(logits, 1).numpy()


def _read_max_tokens(folder: Path) -> int:
    """Return how many tokens the model reads of a text, as its tokenizer says."""
    written = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    return int(min(written.get("model_max_length", 512), 100_000))


def _embed_texts(texts: Sequence[str], progress: ShareCallback) -> npt.NDArray[np.float32]:
    import torch
    from tokenizers import Tokenizer
    from torch.nn.functional import normalize

    from txt.data.token_encoder import make_encoder
    from txt.model.precision import fastest_dtype
    from txt.model.predict import predict_logits
    from txt.model.pretrained import Embedder, PretrainedClassifier, load_pretrained

    folder = minilm_folder()
    if folder is None:
        raise InputError("MiniLM is not installed", say_how_to_install(extra="minilm"))
    device = torch.device("cpu")
    encoder = load_pretrained(NAME, ("", " "), seed=0)
    assert isinstance(encoder, PretrainedClassifier)
    torch.nn.Module.to(encoder, dtype=fastest_dtype(device))
    rows = make_encoder(Tokenizer.from_file(str(folder / "tokenizer.json")), _TOKENS)(texts)
    told = _make_row_counter(len(texts), progress)
    return normalize(torch.from_numpy(predict_logits(Embedder(encoder.eval()), rows, device, progress=told))).numpy()


def _make_row_counter(total: int, progress: ShareCallback) -> Callable[[int], None]:
    """Return a callback that takes the number of rows just done, and reports the share done so far."""
    done = 0

    def count_rows(count: int) -> None:
        nonlocal done
        done += count
        progress(done / max(total, 1))

    return count_rows


def _digest_texts(texts: Sequence[str]) -> str:
    digest = hashlib.blake2b(digest_size=12)
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(len(content).to_bytes(8, "little") + content)
    return digest.hexdigest()
