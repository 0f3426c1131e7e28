"""Workloads: commands that make one file or folder, with a way to compare the results."""

import gzip
import json
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from stress.facts import Content, hash_contents
from stress.inputs import Inputs, copy
from stress.program import Program
from txt.labeling.store.journal import store_path


@dataclass(frozen=True)
class Workload:
    """A command that makes `out` in a folder that `lay_out` has filled.

    `again` is added where something may be at that place already; `most` bounds the trials of what takes long.
    """

    name: str
    arguments: tuple[object, ...]
    out: str
    lay_out: Callable[[Inputs, Path], None]
    again: tuple[object, ...] = ()
    essence: Callable[[Path], Content | None] = hash_contents
    most: int | None = None
    patches: Mapping[str, object] = field(default_factory=dict, hash=False)

    def start(self, folder: Path, *, again: bool = False, talk: str = "talk") -> Program:
        """Start the command."""
        return Program(folder, *self.arguments, *(self.again if again else ()), patches=self.patches, talk=talk)


@dataclass(frozen=True)
class UndisturbedRun:
    """An undisturbed run of a work: how long it took and what it made."""

    seconds: float
    output: Content


@cache
def run_undisturbed(work: Workload, inputs: Inputs) -> UndisturbedRun:
    """Do the work once without any fault."""
    folder = inputs.folder / f"done {work.name}"
    folder.mkdir()
    work.lay_out(inputs, folder)
    begun = time.monotonic()
    program = work.start(folder)
    code = program.wait()
    seconds = time.monotonic() - begun
    made = work.essence(folder / work.out)
    if code != 0 or made is None:
        raise RuntimeError(f"{work.name} fails without any fault:\n{program.said()}")
    return UndisturbedRun(seconds, made)


def place_earlier_output(work: Workload, folder: Path) -> None:
    """Put something at the place of the output: what an earlier command of the kind has left there."""
    out = folder / work.out
    if out.suffix:
        out.parent.mkdir(exist_ok=True)
        out.write_text(_EARLIER)
    else:
        out.mkdir(parents=True)
        (out / "manifest.json").write_text('{"format": 1, "labels": ["a"]}\n')
        (out / "README.md").write_text("what was here before\n")


def _hash_prepared(path: Path) -> Content | None:
    """Return the content of a prepared folder but for the times in it; an unreadable manifest is an error."""
    found = hash_contents(path)
    if found is None or "report.json" not in found:
        return found
    manifest = json.loads((path / "manifest.json").read_text())
    json.loads((path / "report.json").read_text())
    volatile = {"manifest.json": manifest["fingerprint"], "report.json": "whole"}
    return {name: volatile.get(name, digest) for name, digest in found.items()}


def _lay_out_texts(inputs: Inputs, folder: Path) -> None:
    copy(inputs.texts, folder)


def _lay_out_labeled(inputs: Inputs, folder: Path) -> None:
    data = copy(inputs.texts, folder)
    copy(_make_store(inputs), folder).rename(store_path(data))


@cache
def _make_store(inputs: Inputs) -> Path:
    """Return a label store with decisions about the texts."""
    folder = inputs.folder / "labeled"
    folder.mkdir()
    data, answers = copy(inputs.texts, folder), folder / "answers"
    answers.write_text("1\n2\n3\n" * 40)
    command = ("label", data.name, "--relabel", "--plain")
    program = Program(folder, *command, answers=answers)
    if program.wait() != 0:
        raise RuntimeError(f"txt label fails without any fault:\n{program.said()}")
    return store_path(data)


def _lay_out_run(inputs: Inputs, folder: Path) -> None:
    (folder / "topics.csv.gz").write_bytes(gzip.compress(inputs.texts.read_bytes(), mtime=0))
    copy(inputs.prepared, folder)
    shutil.copytree(inputs.run, folder / "runs" / "model")


_EARLIER = "text,label,augmented,method,source_id\nwhat was here before,food,false,,1\n"

PREPARE = Workload(
    "prepare", ("prepare", "topics.csv", "--vocab-size", 400), "prepared", _lay_out_texts, essence=_hash_prepared
)
AUGMENTING = ("augment", "topics.csv", "-o", "more.csv", "--method", "swap", "--method", "delete", "--seed", 5)
SMALL_CHUNKS = {"txt.augmentation.augment._SAVED_EVERY": 0.0, "txt.augmentation.augment.CHUNK_ROWS": 20}
AUGMENT = Workload("augment", AUGMENTING, "more.csv", _lay_out_texts, patches=SMALL_CHUNKS)
AUGMENT_TOGETHER = Workload(
    "augment --workers 2", (*AUGMENTING, "--workers", 2), "more.csv", _lay_out_texts, most=20, patches=SMALL_CHUNKS
)
PREDICT = Workload(
    "predict",
    ("predict", "model", "topics.csv.gz", "-o", "answers.csv.gz", "--precision", "float32", "--threads", 1),
    "answers.csv.gz",
    _lay_out_run,
    ("--force",),
    patches={"txt.prediction.predict_file._STEP_ROWS": 20},
)
EXPORT = Workload("export", ("export", "model", "-o", "exported"), "exported", _lay_out_run, ("--force",))
EXPORT_ONNX = Workload(
    "export --format onnx",
    ("export", "model", "--format", "onnx", "-o", "exported"),
    "exported",
    _lay_out_run,
    ("--force",),
    most=20,
)
LABEL_EXPORT = Workload(
    "label --export",
    ("label", "topics.csv", "--export", "labeled.csv"),
    "labeled.csv",
    _lay_out_labeled,
    ("--overwrite",),
)
WORKLOADS = (PREPARE, AUGMENT, AUGMENT_TOGETHER, PREDICT, EXPORT, EXPORT_ONNX, LABEL_EXPORT)
LIGHT = (PREPARE, AUGMENT, PREDICT, EXPORT, LABEL_EXPORT)
"""Those that take a second or two."""
