"""Fuzzes every file format that `txt` reads: mutated files end with success or one clear error, within limits.

`python -m stress.fuzz --seconds 3600` goes through all formats for an hour; each finding is told with the seed that
makes it again. A mutation is drawn from the seed alone, so a finding is a test once its seed is known.

The files are read in a process of its own, which may connect to nothing and take little memory. One that crashes or
hangs is a finding too, and the next process goes on behind it.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from txt.cli import main
from txt.cli.settings import TRUST
from txt.errors import TxtError

SLOW_SECONDS = 30.0  # for one file of a few kilobytes, on a busy machine
HANGING_SECONDS = 300.0  # a small model is trained meanwhile, where the files of one are damaged
MOST_MEMORY = 700 << 20  # bytes more than before, for one such file
_ADDRESSES = 6 << 30  # bytes that the process may ask for beyond what it has: libraries reserve far more than they use
_ODD = (
    *(b"", b"\0", b"\xff", b"\n", b'"', b"{", b"}", b"[" * 3000, b"-1", b"1e999", b"NaN", b"null", b"1" * 5000),
    *(b"\\ud800", b"\x1b]8;;x\x07", b"../../x", b"/dev/zero", b"\x7f\xff\xff\xff", b"\x80" * 8),
    *(b"0", b"1000000000", b"[]", b"{}", b'"x"', b"true", b"0.5", b'"a\\u0000b"', b"[[]]", b"-1000000000000"),
)
_OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CONNECTS = ("socket.connect", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname")


@dataclass
class Format:
    """A file format: `make` makes a file, which is mutated, and `read` lets `txt` read it."""

    name: str
    make: Callable[[], Path]
    read: Callable[[Path], None]
    original: bytes = b""
    path: Path = field(default_factory=Path)


def mutate(content: bytes, rng: random.Random) -> bytes:
    """Return the content with one to four changes: bytes flipped, cut, doubled, or replaced by something odd."""
    changed = bytearray(content)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(changed) + 1)
        match rng.randrange(6):
            case 0 if changed:
                changed[min(place, len(changed) - 1)] = rng.randrange(256)
            case 1:
                del changed[place : place + rng.randint(1, 64)]
            case 2:
                changed[place:place] = rng.choice(_ODD)
            case 3:
                del changed[place:]
            case 4:
                changed[place:place] = changed[place : place + rng.randint(1, 200)]
            case _:
                numbers = list(re.finditer(rb"-?[0-9]+(\.[0-9]+)?|true|false|\"[^\"]{0,40}\"", bytes(changed)))
                if numbers:
                    chosen = rng.choice(numbers)
                    changed[chosen.start() : chosen.end()] = rng.choice(_ODD)
    return bytes(changed)


def read_files(
    formats: Sequence[Format], first_seed: int, *, seconds: float = 0.0, files: int = 0, tell: Callable[..., None]
) -> None:
    """Mutate and read files, each format in its turn, for so many seconds or files; `tell` hears of each.

    A connection is refused and told, and so is what takes much memory, whatever the command makes of it.
    """
    connections: list[str] = []

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CONNECTS:
            connections.append(f"{event} {arguments[1:]}")
            raise PermissionError("the fuzzer lets nothing connect")

    sys.addaudithook(hear)
    limit = _read_status("VmSize") + _ADDRESSES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    ends, seed = time.monotonic() + seconds, first_seed
    while time.monotonic() < ends if seconds else seed < first_seed + files:
        each = formats[seed % len(formats)]
        tell(begin=seed, name=each.name)
        before = _forget_peak()
        finding = try_seed(each, seed)
        taken = _read_status("VmHWM") - before
        if finding is None and connections:
            finding = f"it connects: {connections[0]}"
        if finding is None and before and taken > MOST_MEMORY:
            finding = f"it took {taken >> 20} MiB"
        connections.clear()
        if finding is not None:
            tell(found=finding, name=each.name, seed=seed)
        seed += 1
    tell(ended=seed)


def _read_status(name: str) -> int:
    """Return a size from what Linux says of this process, in bytes; 0 elsewhere."""
    with contextlib.suppress(OSError):
        found = re.search(rf"^{name}:\s+(\d+) kB", Path("/proc/self/status").read_text(), re.MULTILINE)
        return int(found[1]) << 10 if found else 0
    return 0


def _forget_peak() -> int:
    """Let Linux measure the most memory anew; returns what is taken now, 0 where that cannot be done."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return 0
    return _read_status("VmRSS")


def try_seed(each: Format, seed: int) -> str | None:
    """Read one mutated file; returns what is wrong, None where all is well."""
    each.path.unlink(missing_ok=True)
    each.path.write_bytes(mutate(each.original, random.Random(seed)))
    before, started = _list_outside(), time.monotonic()
    try:
        each.read(each.path)
    except TxtError as error:
        if "\n" in error.message.strip():
            return f"an error of several lines: {error.message!r}"
    except Exception:  # whatever it is, it is the finding
        return traceback.format_exc()
    finally:
        for left in each.path.parent.glob(f"{each.path.name}[-.]*"):
            if left.is_file() and left.name.endswith(("-wal", "-shm", "-journal")):
                left.unlink()
    if time.monotonic() - started > SLOW_SECONDS:
        return f"it took {time.monotonic() - started:.0f} s"
    if _list_outside() != before:
        return "a file outside was changed"
    return None


def _list_outside() -> dict[str, tuple[int, int]]:
    """Return the sizes and times of the files beside the working folder, which no command has anything to do with."""
    outside = Path.cwd().parent / "outside"
    return {str(each): (each.stat().st_size, each.stat().st_mtime_ns) for each in outside.rglob("*") if each.is_file()}


def command(*arguments: str) -> None:
    """Run a command in this process; what it prints must have no codes, and its end must be one of the known."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*arguments])
    printed = out.getvalue() + err.getvalue()
    obeyed = _OBEYED.search(printed)
    assert obeyed is None, f"{arguments}: {printed[max(0, obeyed.start() - 60) : obeyed.end() + 20]!r}"
    assert code in (0, 1, 2, 130), code


@contextlib.contextmanager
def workplace() -> Iterator[None]:
    """Work in a folder of one's own, with a cache of its own and a file outside that nothing may touch."""
    before, kept = Path.cwd(), dict(os.environ)
    folder = Path(tempfile.mkdtemp(prefix="txt-fuzz-"))
    try:
        (folder / "outside").mkdir()
        (folder / "outside" / "precious.txt").write_text("mine")
        (folder / "here").mkdir()
        os.environ.update({TRUST: "1", "XDG_CACHE_HOME": str(folder / "cache"), "HF_HUB_OFFLINE": "1"})
        os.environ.update({"TOKENIZERS_PARALLELISM": "false", "TMPDIR": str(folder)})
        os.chdir(folder / "here")
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)
        shutil.rmtree(folder, ignore_errors=True)


def work(first_seed: int, *, seconds: float, files: int, models: bool, only: str | None) -> None:
    """Be the process that reads the files: tell on standard output, one JSON object a line."""
    from stress.fuzzed_formats import list_formats

    told = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)  # what libraries in C print is no message of ours

    def tell(**message: Any) -> None:
        told.write(json.dumps(message) + "\n")

    with workplace():
        formats = list_formats(models=models, only=only, tell=tell)
        read_files(formats, first_seed, seconds=seconds, files=files, tell=tell)


def fuzz(first_seed: int = 0, *, seconds: float = 0.0, files: int = 0, models: bool, only: str | None = None) -> int:
    """Read mutated files in processes of their own, print what is found, and return how much that is."""
    found, seed, ends, last = 0, first_seed, time.monotonic() + seconds, first_seed + files
    while time.monotonic() < ends if seconds else seed < last:
        left = {"seconds": max(ends - time.monotonic(), 1)} if seconds else {"files": last - seed}
        typed = [f"--{name}={value}" for name, value in left.items()]
        typed += [*(["--models"] if models else []), *(["--only", only] if only else [])]
        with subprocess.Popen(
            [sys.executable, "-m", "stress.fuzz", "--work", "--seed", str(seed), *typed],
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
        ) as process:
            begun: dict[str, Any] = {}
            for message in _hear(process):
                if "begin" in message:
                    begun, seed = message, int(message["begin"]) + 1
                elif "found" in message:
                    found += 1
                    print(f"{message['name']}, seed {message['seed']}: {message['found']}", file=sys.stderr, flush=True)
        if process.returncode:
            if not begun:
                raise RuntimeError(f"the process that reads ended with {process.returncode} before it read a file")
            found += 1
            how = signal.Signals(-process.returncode).name if process.returncode < 0 else str(process.returncode)
            print(f"{begun['name']}, seed {begun['begin']}: the process ended with {how}", file=sys.stderr, flush=True)
    print(f"{found} findings in {seed - first_seed} files, the next seed is {seed}")
    return found


def _hear(process: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    """Yield what the process tells; one that tells nothing for too long is ended."""
    assert process.stdout is not None
    rest = b""
    while True:
        if not select.select([process.stdout], [], [], HANGING_SECONDS)[0]:
            process.kill()
            return
        piece = os.read(process.stdout.fileno(), 1 << 16)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from (json.loads(line) for line in lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m stress.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=0.0)
    parser.add_argument("--files", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--models", action="store_true", help="also files that are read with torch or onnxruntime")
    parser.add_argument("--only", help="formats whose names hold this")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    amount = {"seconds": chosen.seconds or (0.0 if chosen.files else 3600.0), "files": chosen.files}
    if chosen.work:
        work(chosen.seed, models=chosen.models, only=chosen.only, **amount)
    else:
        sys.exit(1 if fuzz(chosen.seed, models=chosen.models, only=chosen.only, **amount) else 0)
