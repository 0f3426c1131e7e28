"""Curves as TensorBoard reads them: an event file, written without TensorBoard or protobuf.

The file is a sequence of TFRecords, each a length, its checksum, an `Event` message, its checksum (masked CRC-32C); the
messages are those of tensorflow/core/util/event.proto and framework/summary.proto, with scalars only.
"""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from txt.files import atomic_write
from txt.runs.curves import Curves
from txt.runs.series import evaluation_values, step_values

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types


def write_tensorboard(curves: Curves, run: str, folder: Path) -> Path:
    """Write a run's curves as `folder/RUN/events.out.tfevents.…`, in the place of an export of the same run before."""
    begun = int(curves.started.time) if curves.started else 0
    path = folder / run / f"events.out.tfevents.{begun}.txt"
    with atomic_write(path, "wb") as file:
        for message in _messages(curves, begun):
            file.write(record(message))
    return path


def record(message: bytes) -> bytes:
    """Return a message as a TFRecord."""
    length = struct.pack("<Q", len(message))
    return length + struct.pack("<I", masked(length)) + message + struct.pack("<I", masked(message))


def masked(data: bytes) -> int:
    """Return the checksum of TFRecords: a CRC-32C, turned so that one of data with checksums inside is sound too."""
    checksum = crc32c(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes, as in RFC 3720."""
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = _TABLE[(checksum ^ byte) & 0xFF] ^ checksum >> 8
    return checksum ^ 0xFFFFFFFF


def _messages(curves: Curves, begun: int) -> Iterator[bytes]:
    yield _event(begun, 0, _field(3, b"brain.Event:2"))
    rows = [(step.step, step.time, _tagged("step", step_values(step))) for step in curves.steps]
    rows += [(entry.step, entry.time, _tagged("epoch", evaluation_values(entry))) for entry in curves.evaluations]
    for step, time, scalars in sorted(rows, key=lambda row: row[:2]):
        values = b"".join(_field(1, _scalar(tag, value)) for tag, value in scalars.items())
        yield _event(time, step, _field(5, values))


def _tagged(span: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return values under TensorBoard's tags: `val/loss`, `train/loss` by step, and `train/epoch_loss` by epoch."""
    tags = {}
    for name, value in values.items():
        split, _, score = name.partition("_")
        if split not in ("train", "val"):
            split, score = "training", name
        tags[f"{split}/{'epoch_' if split == 'train' and span == 'epoch' else ''}{score}"] = value
    return tags


def _event(time: float, step: int, content: bytes) -> bytes:
    return _key(1, _FIXED64) + struct.pack("<d", time) + _key(2, _VARINT) + _varint(step) + content


def _scalar(tag: str, value: float) -> bytes:
    return _field(1, tag.encode()) + _key(2, _FIXED32) + struct.pack("<f", value)


def _field(number: int, content: bytes) -> bytes:
    return _key(number, _BYTES) + _varint(len(content)) + content


def _key(number: int, wire_type: int) -> bytes:
    return _varint(number << 3 | wire_type)


def _varint(value: int) -> bytes:
    """Return a whole number in groups of seven bits, the lowest first, all but the last marked by their top bit."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _crc(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_crc(byte) for byte in range(256))
