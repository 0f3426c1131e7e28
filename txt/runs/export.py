"""A run's curves as rows and columns, for files that other programs read."""

import csv
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from txt.files import atomic_write
from txt.metrics import METRICS
from txt.runs.curves import Curves
from txt.runs.events import Evaluation, Step

STEP_COLUMNS = (
    "train_loss",
    "train_accuracy",
    "learning_rate",
    "gradient_norm",
    "rows_per_second",
    "tokens_per_second",
    "memory_bytes",
)


def list_columns() -> list[str]:
    """Return the columns of the CSV file."""
    scores = [f"val_{name}" for name in METRICS]
    return ["run", "step", "epoch", "time", "kind", *STEP_COLUMNS, "val_loss", *scores, "best"]


def step_values(step: Step) -> dict[str, float]:
    """Return what was measured since the last such step, by column."""
    return {
        "train_loss": step.loss,
        "train_accuracy": step.accuracy,
        "learning_rate": step.learning_rate,
        "gradient_norm": step.gradient_norm,
        "rows_per_second": step.rows_per_second,
        "tokens_per_second": step.tokens_per_second,
        "memory_bytes": step.memory_bytes,
    }


def evaluation_values(entry: Evaluation) -> dict[str, float]:
    """Return the scores of an evaluation, by column; an epoch's end has the epoch's train means too."""
    values = {"val_loss": entry.val_loss} | {f"val_{name}": value for name, value in entry.metrics.items()}
    if entry.train_loss is not None and entry.train_accuracy is not None:
        values |= {"train_loss": entry.train_loss, "train_accuracy": entry.train_accuracy}
    return values


def write_csv(runs: Mapping[str, Curves], file: IO[str]) -> int:
    """Write the curves of runs, a line a record: `kind` is step, evaluation or epoch. Returns the number of lines."""
    writer = csv.DictWriter(file, list_columns(), restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    lines = 0
    for run, curves in runs.items():
        for row in _make_rows(curves):
            writer.writerow({"run": run, **row})
            lines += 1
    return lines


def _make_rows(curves: Curves) -> Iterator[dict[str, object]]:
    events: list[Step | Evaluation] = sorted(
        [*curves.steps, *curves.evaluations], key=lambda event: (event.step, isinstance(event, Evaluation))
    )
    for event in events:
        row: dict[str, object] = {"step": event.step, "epoch": f"{event.epoch:.6g}", "time": f"{event.time:.3f}"}
        if isinstance(event, Step):
            yield {**row, "kind": "step", **step_values(event)}
        else:
            kind = "epoch" if event.epoch_end else "evaluation"
            yield {**row, "kind": kind, **evaluation_values(event), "best": str(event.best).lower()}


_POLYNOMIAL = 0x82F63B78  # Castagnoli's, bits reversed
_LARGEST = 3.4028234e38  # that four bytes hold
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5  # protobuf's wire types


def write_tensorboard(curves: Curves, run: str, folder: Path) -> Path:
    """Write a run's curves as `folder/RUN/events.out.tfevents.…`, in the place of an export of the same run before."""
    begun = int(curves.started.time) if curves.started else 0
    path = folder / run / f"events.out.tfevents.{begun}.txt"
    with atomic_write(path, "wb", links=False) as file:
        for message in _encode_messages(curves, begun):
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


def _encode_messages(curves: Curves, begun: int) -> Iterator[bytes]:
    yield _encode_event(begun, 0, _encode_field(3, b"brain.Event:2"))
    rows = [(step.step, step.time, _tag_values("step", step_values(step))) for step in curves.steps]
    rows += [(entry.step, entry.time, _tag_values("epoch", evaluation_values(entry))) for entry in curves.evaluations]
    for step, time, scalars in sorted(rows, key=lambda row: row[:2]):
        values = b"".join(_encode_field(1, _encode_scalar(tag, value)) for tag, value in scalars.items())
        yield _encode_event(time, step, _encode_field(5, values))


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
