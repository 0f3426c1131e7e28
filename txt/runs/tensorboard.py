"""A run's curves, options and scores as a file that TensorBoard reads, written without its package."""

import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from txt.files import atomic_write
from txt.runs.curves import Curves
from txt.runs.export import evaluation_values, step_values

_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_LARGEST = 3.4028234e38  # that four bytes hold
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types
_SUCCESS = 1  # the status of a session, in the plugin for hyperparameters


def write_tensorboard(
    curves: Curves,
    run: str,
    folder: Path,
    options: Mapping[str, object] | None = None,
    scores: Mapping[str, float] | None = None,
) -> Path:
    """Write a run's curves as `folder/RUN/events.out.tfevents.…`, in the place of an export of the same run before.

    `options` are for TensorBoard's table of hyperparameters, beside the curves' last values and `scores`, such as
    `test_accuracy`, which count as measured at the last step.
    """
    begun = int(curves.started.time) if curves.started else 0
    path = folder / run / f"events.out.tfevents.{begun}.txt"
    with atomic_write(path, "wb", links=False) as file:
        for message in _encode_messages(curves, begun, run, options or {}, scores or {}):
            file.write(encode_record(message))
    return path


def encode_record(message: bytes) -> bytes:
    """Return a message as a TFRecord."""
    length = struct.pack("<Q", len(message))
    return length + struct.pack("<I", mask_checksum(length)) + message + struct.pack("<I", mask_checksum(message))


def mask_checksum(data: bytes) -> int:
    """Return TFRecord's masked CRC-32C: rotated, plus a constant, so that data may contain checksums."""
    checksum = crc32c(data)
    return ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """Return the CRC-32C (Castagnoli) of some bytes, as in RFC 3720."""
    checksum = 0xFFFFFFFF
    for byte in data:
        checksum = _TABLE[(checksum ^ byte) & 0xFF] ^ checksum >> 8
    return checksum ^ 0xFFFFFFFF


def _encode_messages(
    curves: Curves, begun: int, run: str, options: Mapping[str, object], scores: Mapping[str, float]
) -> Iterator[bytes]:
    yield _encode_event(begun, 0, _encode_field(3, b"brain.Event:2"))
    if options:
        start = b"".join(_encode_field(1, _encode_option(name, value)) for name, value in options.items())
        start += _encode_field(4, run.encode()) + _encode_key(5, _FIXED64) + struct.pack("<d", begun)
        yield _encode_event(begun, 0, _encode_plugin_data("_hparams_/session_start_info", 3, start))
    rows = [(step.step, step.time, _tag_values("step", step_values(step))) for step in curves.steps]
    rows += [(entry.step, entry.time, _tag_values("epoch", evaluation_values(entry))) for entry in curves.evaluations]
    last = max(((step, time) for step, time, _ in rows), default=(0, float(begun)))
    if scores:
        rows.append((*last, {name.replace("_", "/", 1): value for name, value in scores.items()}))
    for step, time, scalars in sorted(rows, key=lambda row: row[:2]):
        values = b"".join(_encode_field(1, _encode_scalar(tag, value)) for tag, value in scalars.items())
        yield _encode_event(time, step, _encode_field(5, values))

    if options:
        end = _encode_key(1, _VARINT) + _encode_varint(_SUCCESS) + _encode_key(2, _FIXED64) + struct.pack("<d", last[1])
        yield _encode_event(last[1], last[0], _encode_plugin_data("_hparams_/session_end_info", 4, end))


def _encode_option(name: str, value: object) -> bytes:
    """Return an entry of a map from names to google.protobuf.Value: a truth value, a number or a text."""
    if isinstance(value, bool):
        held = _encode_key(4, _VARINT) + _encode_varint(int(value))
    elif isinstance(value, int | float):
        held = _encode_key(2, _FIXED64) + struct.pack("<d", value)
    else:
        held = _encode_field(3, str(value).encode())
    return _encode_field(1, name.encode()) + _encode_field(2, held)


def _encode_plugin_data(tag: str, number: int, content: bytes) -> bytes:
    """Return a summary with one field of HParamsPluginData in its metadata, and an empty tensor of floats."""
    plugin = _encode_field(1, b"hparams") + _encode_field(2, _encode_field(number, content))
    tensor = _encode_key(1, _VARINT) + _encode_varint(1) + _encode_field(2, _encode_field(2, b""))
    value = _encode_field(1, tag.encode()) + _encode_field(9, _encode_field(1, plugin)) + _encode_field(8, tensor)
    return _encode_field(5, _encode_field(1, value))


def _tag_values(span: str, values: Mapping[str, float]) -> dict[str, float]:
    """Return values under TensorBoard's tags: `val/loss`, `train/loss` by step, and `train/epoch_loss` by epoch."""
    tags = {}
    for name, value in values.items():
        split, _, score = name.partition("_")
        if split not in ("train", "val"):
            split, score = "training", name
        tags[f"{split}/{'epoch_' if split == 'train' and span == 'epoch' else ''}{score}"] = value
    return tags


def _encode_event(time: float, step: int, content: bytes) -> bytes:
    return (
        _encode_key(1, _FIXED64)
        + struct.pack("<d", time)
        + _encode_key(2, _VARINT)
        + _encode_varint(max(step, 0))
        + content
    )


def _encode_scalar(tag: str, value: float) -> bytes:
    return (
        _encode_field(1, tag.encode())
        + _encode_key(2, _FIXED32)
        + struct.pack("<f", max(-_LARGEST, min(value, _LARGEST)))
    )


def _encode_field(number: int, content: bytes) -> bytes:
    return _encode_key(number, _BYTES) + _encode_varint(len(content)) + content


def _encode_key(number: int, wire_type: int) -> bytes:
    return _encode_varint(number << 3 | wire_type)


def _encode_varint(value: int) -> bytes:
    """Return a whole number in groups of seven bits, the lowest first, all but the last marked by their top bit."""
    groups = bytearray()
    while value > 0x7F:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _crc_table_entry(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = tuple(_crc_table_entry(byte) for byte in range(256))
