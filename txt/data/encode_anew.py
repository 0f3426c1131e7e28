"""Encodes the texts of a prepared folder with another tokenizer: same rows, same splits, other token ids."""

import hashlib
import json
import shutil
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from txt.data.arrow_arrays import build_numbers
from txt.data.encode_splits import SplitCounts, SplitWriter
from txt.data.prepared import REPORT, TOKENIZER, Manifest, Prepared, PreparedFile, Split, describe_file, write_manifest
from txt.data.pretrained_tokenizer import load_tokenizer
from txt.data.reading.split_column import SPLITS
from txt.data.report import compute_percentiles, suggest_max_length
from txt.data.soft_labels import SOFT_LABELS
from txt.data.token_encoder import Encoder, make_encoder
from txt.data.tokenizer import TextTokenizer
from txt.files import atomic_folder, explain_os_errors, read_json, write_json


def encode_anew(
    prepared: Prepared, name: str, max_length: int, out: Path, progress: Callable[[int], None] = lambda _: None
) -> Prepared:
    """Make the prepared folder `out`, whole or not at all: the rows of another one, with a pretrained tokenizer.

    Args:
        prepared: the folder whose rows are taken; it stays as it is.
        name: of the pretrained model whose tokenizer encodes.
        max_length: tokens that a text keeps at most.
        out: the folder to make.
        progress: called with the rows done.

    Raises:
        InputError: the tokenizer cannot be loaded, or a split is damaged.
        TxtError: the disk is full, or may not be written to.
    """
    tokenizer = load_tokenizer(name)
    encoder = make_encoder(tokenizer.backend, max_length)
    files: dict[str, tuple[PreparedFile, ...]] = {}
    counts: dict[str, SplitCounts] = {}
    done = 0

    def tell(rows: int) -> None:
        nonlocal done
        done += rows
        progress(done)

    with explain_os_errors(f"writing `{out}`"), atomic_folder(out) as folder:
        tokenizer.save(folder / TOKENIZER, max_length)
        for split in SPLITS:
            files[split], counts[split] = _encode_split(prepared.split(split), folder, encoder, tokenizer, tell)
        manifest = _describe(
            prepared, folder, tokenizer, {name: each for name, each in files.items() if each}, max_length
        )
        write_manifest(folder, manifest)
        if (prepared.path / SOFT_LABELS).is_file():
            shutil.copyfile(prepared.path / SOFT_LABELS, folder / SOFT_LABELS)
        if (prepared.path / REPORT).is_file():
            report = read_json(prepared.path / REPORT)
            write_json(folder / REPORT, {**report, **_count_tokens(manifest, counts), "path": str(out)})
    return Prepared.open(out)


def _encode_split(
    split: Split, folder: Path, encoder: Encoder, tokenizer: TextTokenizer, tell: Callable[[int], None]
) -> tuple[tuple[PreparedFile, ...], SplitCounts]:
    """Write the rows of a split with the token ids of another tokenizer."""
    counts = SplitCounts()
    with ExitStack() as stack:
        writer: SplitWriter | None = None
        for batch in split.batches():
            tokens = encoder(batch.column("text").to_pylist())
            place = batch.schema.get_field_index("token_ids")
            ids = pa.ListArray.from_arrays(build_numbers(tokens.offsets), build_numbers(tokens.ids))
            rows = batch.set_column(place, batch.schema.field(place), ids)
            if writer is None:
                writer = SplitWriter(folder, split.name, rows.schema)
                stack.callback(writer.abandon)
            writer.write(rows)
            counts.add(tokens.whole_lengths, tokens.ids, tokenizer.special.unk_token_id)
            tell(len(batch))
        return (writer.close() if writer is not None else ()), counts


def _describe(
    prepared: Prepared,
    folder: Path,
    tokenizer: TextTokenizer,
    files: dict[str, tuple[PreparedFile, ...]],
    max_length: int,
) -> Manifest:
    before = prepared.manifest
    tokenizer_file = describe_file(folder, f"{TOKENIZER}/tokenizer.json")
    checksums = {name: [file.sha256 for file in each] for name, each in files.items()}
    content = [tokenizer_file.sha256, before.labels, checksums]
    return replace(
        before,
        splits=files,
        fingerprint=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        tokenizer=tokenizer.info,
        tokenizer_file=tokenizer_file,
        vocab_size=tokenizer.vocab_size,
        max_length=max_length,
        **asdict(tokenizer.special),
        config={**before.config, "tokenizer": tokenizer.info["name"], "max_length": max_length},
    )


def _count_tokens(manifest: Manifest, counts: dict[str, SplitCounts]) -> dict[str, Any]:
    """Return what a data report says about tokens."""
    lengths = compute_percentiles(counts["train"].by_length)
    rows = sum(manifest.rows(name) for name in counts)
    cut = sum(int(count.by_length[manifest.max_length + 1 :].sum()) for count in counts.values())
    val = counts["val"]
    return {
        "lengths": lengths,
        "tokens": {name: count.tokens for name, count in counts.items()},
        "max_length": manifest.max_length,
        "truncated": cut / max(rows, 1),
        "unknown_on_val": val.unknown / val.tokens if val.tokens else None,
        "vocab_size": manifest.vocab_size,
        "tokenizer": manifest.tokenizer,
        "suggested_max_length": suggest_max_length(lengths),
    }
