"""Prepares a data file: reads it once, splits it, trains the tokenizer, encodes once, and reports what it found."""

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from txt.config import PrepareConfig
from txt.data.arrow_arrays import build_mask
from txt.data.division import Division, divide_rows
from txt.data.dry_run import describe_reading
from txt.data.encode_splits import EncodedSplits, encode_rows
from txt.data.labels import find_lookalikes
from txt.data.language_sample import sample_texts
from txt.data.prepared import MANIFEST, REPORT, TOKENIZER, Manifest, describe_file, write_manifest
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.reading.split_column import SPLITS
from txt.data.report import Conflict, DataReport, compute_percentiles, suggest_max_length
from txt.data.row_facts import RowFacts
from txt.data.split import TRAIN, SplitCodes, mix_keys
from txt.data.staging import DecidedLabels, StagedRows, stage_rows
from txt.data.tokenizer import CHARACTERS_PER_ENTRY, TRAINED, TextTokenizer, train_tokenizer
from txt.errors import InputError
from txt.files import atomic_folder, explain_os_errors, read_json, write_json
from txt.processes import await_in_thread
from txt.runs.folder import find_runs_on
from txt.version import __version__

_LONGEST_TRAINING_TEXT = 100_000  # characters of one text that the tokenizer learns from
_UNBROKEN = re.compile(r"[!-~]{200,}")
"""No word of a language: base64, hashes, minified code. Training a tokenizer on it took 11 seconds a megabyte."""


def prepare(
    source: Path | str,
    config: PrepareConfig,
    out: Path,
    progress: ProgressWatcher | None = None,
    force: bool = False,
    decided: DecidedLabels | None = None,
    choose_tokenizer: Callable[[Sequence[str]], str | None] | None = None,
) -> DataReport:
    """Make the prepared folder `out` of a data file, or of standard input as `-`: whole, or not at all.

    `decided` gives labels that were decided elsewhere. `choose_tokenizer` names a tokenizer that suits some of the
    texts, or None for the one that the options say.

    Raises:
        InputError: the file cannot be used as it is, or `out` must not be replaced without `force`.
        TxtError: the disk is full, or may not be written to.
    """
    started = time.monotonic()
    tell = progress or (lambda _: None)
    _refuse_overwriting(out, source, force)
    loaded = None if config.tokenizer in TRAINED else _load_pretrained(config.tokenizer)
    with explain_os_errors(f"writing `{out}`"), atomic_folder(out) as folder:
        aside = folder / "aside"
        aside.mkdir()
        staged = stage_rows(source, config, aside, lambda rows: tell(RowProgress("reading", rows, None)), decided)
        division = divide_rows(staged, config)
        conflicts = _list_conflicts(division, staged)
        chosen = choose_tokenizer(sample_texts(len(staged.facts), staged.read_texts)) if choose_tokenizer else None
        if chosen is not None:
            config, loaded = replace(config, tokenizer=chosen), _load_pretrained(chosen)
        tokenizer = loaded or _train_on_split(staged, division.codes, config, tell)
        tokenizer.save(folder / TOKENIZER, config.max_length)
        rows = len(staged.facts)
        staged.facts = RowFacts()  # only the split needs the hashes; encoding can use their memory
        encoded = encode_rows(
            staged,
            division.codes,
            division.labels,
            tokenizer,
            config.max_length,
            folder,
            progress=lambda done: tell(RowProgress("encoding", done, rows)),
            sets=division.sets,
        )
        shutil.rmtree(aside)
        manifest = _make_manifest(staged, division, tokenizer, encoded, config, folder)
        write_manifest(folder, manifest)
        report = _make_report(staged, division, encoded, manifest)
        report = replace(report, warnings=(*report.warnings, *_tell_unbroken(tokenizer)))
        report = replace(report, path=str(out), conflicts=conflicts, seconds=round(time.monotonic() - started, 3))
        write_json(folder / REPORT, report.to_json())
    return report


def _refuse_overwriting(out: Path, source: Path | str, force: bool) -> None:
    """Refuse to replace what cannot be made again: a file, the data itself, other folders, a run's data."""
    if not out.exists():
        return
    if not out.is_dir():
        raise InputError(f"`{out}` is a file", "name a folder with -o")
    kept = [Path.cwd(), Path.home(), *([] if str(source) == "-" else [Path(source)])]
    inside = [path for path in kept if path.resolve().is_relative_to(out.resolve())]
    if inside:
        raise InputError(f"`{out}` holds `{inside[0]}`, and would be replaced", "name another folder with -o")
    if force or not any(out.iterdir()):
        return
    if not (out / MANIFEST).is_file() or "labels" not in read_json(out / MANIFEST):
        raise InputError(
            f"`{out}` was not made by txt prepare", "name another folder with -o, or replace it with --force"
        )
    runs = find_runs_on(out)
    if runs:
        names = ", ".join(run.name for run in runs[:5]) + (" …" if len(runs) > 5 else "")
        raise InputError(
            f"`{out}` is what {len(runs)} run{'s' * (len(runs) > 1)} trained on: {names}",
            "name another folder with -o, or replace it with --force",
        )


def _tell_unbroken(tokenizer: TextTokenizer) -> list[str]:
    rows = tokenizer.info.get("rows_with_unbroken_strings", 0)
    if not rows:
        return []
    texts = "1 text has" if rows == 1 else f"{rows:,} texts have"
    return [f"{texts} long strings without a space, such as base64: the tokenizer was trained without these strings"]


def _load_pretrained(name: str) -> TextTokenizer:
    from txt.data.pretrained_tokenizer import load_tokenizer  # takes seconds to import, and few need it

    return load_tokenizer(name)


def _train_on_split(
    staged: StagedRows, codes: SplitCodes, config: PrepareConfig, tell: ProgressWatcher
) -> TextTokenizer:
    """Train a tokenizer on the train split, or on as much of it as makes a difference, chosen by the seed."""
    tell(RowProgress("training the tokenizer", 0, None))
    chosen = codes == TRAIN
    characters = staged.facts.text_bytes * np.count_nonzero(chosen) / len(codes)
    share = CHARACTERS_PER_ENTRY * config.vocab_size / max(characters, 1)
    if share < 1:
        chosen &= mix_keys(np.frombuffer(staged.facts.texts, np.uint64), config.seed + 1) < np.uint64(share * 2**64)
    texts: list[str] = []
    done = unbroken = 0
    for batch in staged.batches():
        here = build_mask(chosen[done : done + len(batch)])
        taken = batch.column(staged.roles.text.name).filter(here).to_pylist()
        cut = [text[:_LONGEST_TRAINING_TEXT] for text in taken]
        broken = [_UNBROKEN.sub(" ", text) for text in cut]
        unbroken += sum(one != other for one, other in zip(cut, broken, strict=True))
        texts.extend(broken)
        done += len(batch)
    trained = await_in_thread(lambda: train_tokenizer(texts, config.tokenizer, config.vocab_size, config.cased))
    if unbroken:
        trained.info["rows_with_unbroken_strings"] = unbroken
    return trained


def _make_manifest(
    staged: StagedRows,
    division: Division,
    tokenizer: TextTokenizer,
    encoded: EncodedSplits,
    config: PrepareConfig,
    folder: Path,
) -> Manifest:
    tokenizer_file = describe_file(folder, f"{TOKENIZER}/tokenizer.json")
    checksums = {name: [file.sha256 for file in files] for name, files in encoded.files.items()}
    content = [tokenizer_file.sha256, division.names, checksums]
    return Manifest(
        labels=division.names,
        columns=staged.roles.to_json(),
        metadata=tuple(staged.metadata()),
        splits=encoded.files,
        class_counts=division.class_counts,
        sources=staged.sources,
        fingerprint=hashlib.sha256(json.dumps(content).encode()).hexdigest(),
        tokenizer=tokenizer.info,
        tokenizer_file=tokenizer_file,
        vocab_size=tokenizer.vocab_size,
        max_length=config.max_length,
        **asdict(tokenizer.special),
        config=config.to_json(),
        created=datetime.now().astimezone().isoformat(timespec="seconds"),
        version=__version__,
        reading={name: describe_reading(dialect) for name, dialect in staged.dialects.items()},
        kind=division.kind,
        label_form=None
        if division.form is None
        else {**division.form.to_json(), "columns": list(staged.label_columns)},
    )


def _make_report(staged: StagedRows, division: Division, encoded: EncodedSplits, manifest: Manifest) -> DataReport:
    counts, val = encoded.counts, encoded.counts["val"]
    lengths = compute_percentiles(counts["train"].by_length)
    cut = sum(int(count.by_length[manifest.max_length + 1 :].sum()) for count in counts.values())
    rows = {name: manifest.rows(name) for name in SPLITS}
    by_class = np.array([sum(c[name] for c in division.class_counts.values()) for name in division.names])
    return DataReport(
        sources=staged.sources,
        columns=manifest.columns,
        metadata=manifest.metadata,
        split_by=division.split_by,
        rows_read=staged.rows_read,
        dropped=division.dropped,
        rows=rows,
        class_counts=division.class_counts,
        lengths=lengths,
        tokens={name: count.tokens for name, count in counts.items()},
        max_length=manifest.max_length,
        truncated=cut / max(sum(rows.values()), 1),
        unknown_on_val=val.unknown / val.tokens if val.tokens else None,
        duplicates=division.duplicates,
        conflicting_texts=division.conflicts.count,
        lookalike_labels=tuple(find_lookalikes(division.names)),
        imbalance=float(by_class.max() / max(by_class.min(), 1)),
        kind=division.kind,
        vocab_size=manifest.vocab_size,
        tokenizer=manifest.tokenizer,
        suggested_max_length=suggest_max_length(lengths),
        warnings=(*staged.warnings, *division.warnings()),
        alike=division.alike,
        near_duplicates=division.near,
        overlaps=_list_overlaps(division),
    )


def _list_overlaps(division: Division) -> dict[str, dict[str, int]]:
    """Return by pair of splits how many rows of the second are equal, alike or near to one of the first."""
    kinds = {"equal": division.overlaps, "alike": division.alike_overlaps, "near": division.near_overlaps}
    listed: dict[str, dict[str, int]] = {}
    for kind, overlaps in kinds.items():
        for first, second, rows in overlaps:
            listed.setdefault(f"{SPLITS[first]}-{SPLITS[second]}", {})[kind] = rows
    return listed


def _list_conflicts(division: Division, staged: StagedRows) -> tuple[Conflict, ...]:
    """Return the first texts that have different labels, with their labels."""
    texts = staged.read_texts(rows[0] for rows in division.conflicts.rows)
    listed = []
    for text, rows in zip(texts, division.conflicts.rows, strict=True):
        labels, counts = np.unique(division.labels[list(rows)], return_counts=True)
        named = {division.describe(label): int(count) for label, count in zip(labels.tolist(), counts, strict=True)}
        listed.append(Conflict(text, named))
    return tuple(listed)
