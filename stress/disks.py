"""Disks that are full or cannot be written to: small file systems of their own, which only root may make."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from stress.case import Case, Skipped, Trial
from stress.facts import Content, find_leftovers, hash_contents
from stress.inputs import copy
from stress.labeled import Sitting, check_store
from stress.program import Program
from stress.trained import check_equal, train, train_undisturbed
from stress.workloads import LIGHT, Workload, place_earlier_output, run_undisturbed
from tests.labeling.pulled_plug import CLASSES, write_items
from txt.labeling.store.journal import read_current_labels, store_path

_DISK_BYTES = 64 << 20
_FEW = 10
_BALLAST = "ballast"


@contextmanager
def mount_small_disk(trial: Trial) -> Iterator[Path]:
    """Yield an empty file system in memory, of 64 MiB."""
    disk = trial.folder / "disk"
    disk.mkdir()
    _mount("-t", "tmpfs", "-o", f"size={_DISK_BYTES}", "none", disk)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


@contextmanager
def mount_read_only(folder: Path) -> Iterator[None]:
    """Keep everybody from writing to a folder; root ignores mere mode bits."""
    _mount("--bind", folder, folder)
    try:
        _mount("-o", "remount,ro,bind", folder)
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def leave_free(disk: Path, count: int) -> Path:
    """Fill a file system until so many bytes are free; returns the file that fills it."""
    ballast = disk / _BALLAST
    found = os.statvfs(disk)
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, found.f_bavail * found.f_frsize - count))
    return ballast


def make_on_full_disk(work: Workload, trial: Trial) -> None:
    """Let the work run into the end of the disk, then make room and do it again."""
    whole = run_undisturbed(work, trial.inputs)
    needed = _total_bytes(trial.inputs.folder / f"done {work.name}" / work.out)
    with mount_small_disk(trial) as disk:
        work.lay_out(trial.inputs, disk)
        laid_out = set(os.listdir(disk))
        if trial.rng.random() < 0.5:
            place_earlier_output(work, disk)
        before = _hash_disk(disk)
        ballast = leave_free(disk, trial.rng.randrange(needed))
        program = work.start(disk, again=True)
        code = program.wait()
        if code != 0:  # else it happened to suffice, as blocks are rounded
            _check_error_message(trial, program, code, "no space left on device")
            ballast.unlink()
            after = {name: content for name, content in _hash_disk(disk).items() if name in before}
            trial.check(after == before, "what was there has changed")
        ballast.unlink(missing_ok=True)
        program = work.start(disk, again=True)
        code = program.wait()
        trial.check(code == 0, f"exit code {code} with room again: {program.said()[-500:]}")
        trial.check(work.essence(disk / work.out) == whole.output, "the result differs from an undisturbed one")
        own = {f"{name}{ending}" for name in laid_out for ending in ("-wal", "-shm")}
        left = find_leftovers(disk, laid_out | own | {work.out})
        trial.check(not left, f"left behind: {', '.join(left)}")


def train_on_full_disk(trial: Trial) -> None:
    """Let a training run into the end of the disk: it goes on or says why not, and ends as if nothing had been."""
    _, whole = train_undisturbed(trial.inputs, trial.inputs.prepared)
    needed = _total_bytes(whole)
    with mount_small_disk(trial) as disk:
        copy(trial.inputs.prepared, disk)
        ballast = leave_free(disk, trial.rng.randrange(2 * needed))
        program = train(disk, "prepared")
        code = program.wait()
        trial.check("Traceback" not in program.said(), f"it ends with a traceback: {program.said()[-500:]}")
        trial.check(code in (0, 1, 2), f"exit code {code}")
        ballast.unlink()
        program = train(disk, "prepared")
        code = program.wait()
        if trial.check(code == 0, f"exit code {code} with room again: {program.said()[-500:]}"):
            check_equal(trial, disk / "runs" / "tried", whole)


def label_on_full_disk(trial: Trial) -> None:
    """Let the disk fill up in a sitting: the screen says so, and saves everything as soon as there is room."""
    with mount_small_disk(trial) as disk:
        data = write_items(disk / "items.csv", 40)
        sitting = Sitting(disk, data)
        trial.check(sitting.begin(), f"nothing was asked: {sitting.program.said()[-500:]}")
        for _ in range(trial.rng.randint(0, 5)):
            sitting.answer(trial.rng.choice(CLASSES))
        ballast = leave_free(disk, 0)
        for _ in range(trial.rng.randint(1, 5)):
            sitting.answer(trial.rng.choice(CLASSES))
        saved = len(read_current_labels(store_path(data)))
        told = "not saved yet" in sitting.program.said()
        trial.check(told or saved == len(sitting.given), "nobody was told that decisions are not saved")
        ballast.unlink()
        sitting.answer(trial.rng.choice(CLASSES))
        sitting.leave(trial)
        check_store(trial, data, [*sitting.given])


def make_where_nothing_may_be_written(work: Workload, trial: Trial) -> None:
    """Do the work in a folder that cannot be written to: one clear line, and nothing has changed."""
    folder = trial.folder / "here"
    folder.mkdir()
    work.lay_out(trial.inputs, folder)
    before = hash_contents(folder)
    with mount_read_only(folder):
        program = work.start(folder)
        _check_error_message(trial, program, program.wait(), "read-only")
    trial.check(hash_contents(folder) == before, "something has changed")


def train_where_nothing_may_be_written(trial: Trial) -> None:
    """Train in a folder that cannot be written to."""
    folder = trial.folder / "here"
    folder.mkdir()
    copy(trial.inputs.prepared, folder)
    with mount_read_only(folder):
        program = train(folder, "prepared")
        _check_error_message(trial, program, program.wait(), "read-only")


def label_where_nothing_may_be_written(trial: Trial) -> None:
    """Label a file in a folder that cannot be written to."""
    folder = trial.folder / "here"
    folder.mkdir()
    data = write_items(folder / "items.csv", 10)
    with mount_read_only(folder):
        program = Program(folder, "label", data.name, "--labels", ",".join(CLASSES), "--plain")
        _check_error_message(trial, program, program.wait(), "")


def _check_error_message(trial: Trial, program: Program, code: int | None, reason: str) -> None:
    said = program.said()
    trial.check(code in (1, 2), f"exit code {code}: {said[-500:]}")
    errors = [line for line in said.splitlines() if line.startswith("error: ")]
    trial.check(len(errors) == 1 and reason in errors[0].lower(), f"it does not say why: {said[-500:]}")
    trial.check("Traceback" not in said, f"it ends with a traceback: {said[-500:]}")


def _hash_disk(disk: Path) -> dict[str, Content | None]:
    own = ("-wal", "-shm", _BALLAST)
    return {name: hash_contents(disk / name) for name in os.listdir(disk) if not name.endswith(own)}


def _total_bytes(path: Path) -> int:
    files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
    return sum(file.stat().st_size for file in files)


def _mount(*arguments: object) -> None:
    try:
        mounted = subprocess.run(["mount", *map(str, arguments)], capture_output=True, text=True)
    except FileNotFoundError:
        raise Skipped("there is no `mount` here") from None
    if mounted.returncode:
        raise Skipped(f"only root may mount: {mounted.stderr.strip()}")


CASES = (
    *(Case("disk full", work.name, partial(make_on_full_disk, work), _FEW) for work in LIGHT),
    Case("disk full", "train", train_on_full_disk, _FEW),
    Case("disk full", "label --plain", label_on_full_disk, _FEW),
    *(Case("read-only folder", work.name, partial(make_where_nothing_may_be_written, work), 1) for work in LIGHT),
    Case("read-only folder", "train", train_where_nothing_may_be_written, 1),
    Case("read-only folder", "label --plain", label_where_nothing_may_be_written, 1),
)
