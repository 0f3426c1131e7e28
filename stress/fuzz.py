"""Fuzzes every file format that `txt` reads: mutated files end with success or one clear error, in bounded time.

`python -m stress.fuzz --seconds 3600` goes through all formats for an hour; each finding is told with the seed that
makes it again. A mutation is drawn from the seed alone, so a finding is a test once its seed is known.
"""

import argparse
import contextlib
import io
import json
import os
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.runs.made_runs import make_run_folder, make_training_events
from txt.cli import main
from txt.cli.settings import TRUST
from txt.errors import TxtError

SLOW_SECONDS = 30.0  # for one file of a few kilobytes, on a busy machine
_ODD = (
    *(b"", b"\0", b"\xff", b"\n", b'"', b"{", b"}", b"[" * 3000, b"-1", b"1e999", b"NaN", b"null", b"1" * 5000),
    *(b"\\ud800", b"\x1b]8;;x\x07", b"../../x", b"/dev/zero", b"\x7f\xff\xff\xff", b"\x80" * 8),
)
_OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass
class Format:
    """A file format: the folder that `make` makes, the file in it that is mutated, and what reads it."""

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


def fuzz(formats: list[Format], seconds: float, first_seed: int = 0) -> Iterator[str]:
    """Mutate and read files for so many seconds, each format in its turn; yield what is wrong, with its seed."""
    ends, seed = time.monotonic() + seconds, first_seed
    while time.monotonic() < ends:
        each = formats[seed % len(formats)]
        finding = try_seed(each, seed)
        if finding is not None:
            yield f"{each.name}, seed {seed}: {finding}"
        seed += 1


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


# The formats


def all_formats() -> list[Format]:
    """Return every format, with its file as `txt` makes it; torch is loaded where weights are read."""
    formats = [*_formats_of_runs(), *_formats_of_data(), *_formats_of_prepared(), _store(), _settings(), _study()]
    for each in formats:
        each.path = each.make()
        each.original = each.path.read_bytes()
    return formats


def _formats_of_runs() -> Iterator[Format]:
    def make(name: str) -> Path:
        path = Path("runs") / f"of-{name}" / name
        run = make_run_folder(path.parent.name, make_training_events(), test=0.8)
        (run.path / "notes.json").write_text('{"format": 1, "note": "kettle", "tags": ["keep", "x"]}')
        status = {"pid": 1, "host": "h", "boot_id": "b", "heartbeat": 1.5, "state": "training", "step": 4}
        (run.path / "status.json").write_text(json.dumps({"format": 1, **status}))
        return path

    def read(path: Path) -> None:
        command("runs")
        command("runs", "show", path.parent.name)

    def follow(path: Path) -> None:
        read(path)
        command("watch", path.parent.name, "--plain")

    for name in ("config.json", "notes.json", "report.json", "status.json"):
        yield Format(name, lambda name=name: make(name), read)
    yield Format("events.jsonl", lambda: make("events.jsonl"), follow)


def _formats_of_data() -> Iterator[Format]:
    rows = [(f"a text, number {number}", ("good", "bad")[number % 2]) for number in range(30)]

    def make(name: str) -> Path:
        import gzip

        import pyarrow as pa
        import pyarrow.parquet as pq

        path = Path(name)
        lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
        table = "text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows)
        match path.suffix:
            case ".csv":
                path.write_text(table)
            case ".jsonl":
                path.write_text("\n".join(lines) + "\n")
            case ".json":
                path.write_text(f"[{', '.join(lines)}]")
            case ".gz":
                path.write_bytes(gzip.compress(table.encode()))
            case _:
                pq.write_table(pa.table({"text": [row[0] for row in rows], "label": [row[1] for row in rows]}), path)
        return path

    def read(path: Path) -> None:
        from txt.config import PrepareConfig
        from txt.data.reading.table import open_table

        with open_table(path, PrepareConfig()) as table:
            for _ in table.batches():
                pass

    for name in ("fuzz.csv", "fuzz.jsonl", "fuzz.json", "fuzz.csv.gz", "fuzz.parquet"):
        yield Format(name, lambda name=name: make(name), read)


def _formats_of_prepared() -> Iterator[Format]:
    def make(name: str) -> Path:
        from txt.config import PrepareConfig
        from txt.data.prepare import prepare

        folder = Path(f"prepared-{name.replace('/', '-')}")
        data = Path("for-preparing.csv")
        data.write_text("text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(60)))
        prepare(data, PrepareConfig(vocab_size=200), folder)
        if name == "lrfind.json":
            manifest = json.loads((folder / "manifest.json").read_text())
            found = {"x": {"suggestion": 0.001, "config": {}}}
            (folder / name).write_text(
                json.dumps({"format": 1, "fingerprint": manifest["fingerprint"], "found": found})
            )
        return next(folder.glob(name))

    def read(path: Path) -> None:
        from txt.config import TrainConfig
        from txt.data.prepared import Prepared
        from txt.search.range_test_result import load_suggestion

        folder = next(parent for parent in path.parents if parent.name.startswith("prepared-"))
        manifest = folder / "manifest.json"
        if path.suffix == ".arrow" or path.parent.name == "tokenizer":
            _fit_manifest(manifest, path)
        prepared = Prepared.open(folder)
        for name in prepared.splits:
            split = prepared.split(name)
            split.texts()
            split.row_ids()
            split.gather(range(len(split)))
        prepared.tokenizer().encode("a text")
        load_suggestion(prepared, TrainConfig())

    for name in ("manifest.json", "lrfind.json", "train*.arrow", "tokenizer/tokenizer.json"):
        yield Format(name, lambda name=name: make(name), read)


def _fit_manifest(manifest: Path, path: Path) -> None:
    """Let the manifest describe the mutated file, so that it is opened."""
    from txt.data.prepared import describe_file

    value = json.loads(manifest.read_text())
    name = str(path.relative_to(manifest.parent))
    for files in (*value["splits"].values(), [value["tokenizer_file"]]):
        for file in files:
            if file["name"] == name:
                file |= vars(describe_file(manifest.parent, name, file["rows"]))
    manifest.write_text(json.dumps(value))


def _store() -> Format:
    def make() -> Path:
        from txt.labeling.store.decision import Decision, now, row_id
        from txt.labeling.store.journal import Journal, store_path

        data = Path("labels.csv")
        data.write_text("text\n" + "".join(f"text number {number}\n" for number in range(40)))
        with Journal.open(store_path(data)) as journal, journal.transaction():
            journal.set_settings(classes='["a", "b"]', text_column="text")
            for number in range(30):
                ids = row_id(f"text number {number}")
                act = journal.new_act()
                journal.append([Decision(act=act, kind="label", row_id=ids, value="a", annotator="x", time=now())])
        connection = sqlite3.connect(store_path(data))
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()
        return store_path(data)

    def read(_path: Path) -> None:
        command("label", "labels.csv", "--stats")
        command("label", "labels.csv", "--export", "exported.csv", "--overwrite")

    return Format("labels.db", make, read)


def _settings() -> Format:
    def make() -> Path:
        path = Path("settings") / "txt.toml"
        path.parent.mkdir()
        path.write_text('seed = 7\n[runs]\nsort = "name"\nreverse = true\n[train]\nepochs = 5\nlr = 0.001\n')
        return path

    def read(path: Path) -> None:
        with contextlib.chdir(path.parent):
            command("runs")
            command("config", "train")

    return Format("txt.toml", make, read)


def _study() -> Format:
    def make() -> Path:
        path = Path("studies") / "fuzz" / "study.json"
        path.parent.mkdir(parents=True)
        path.write_text('{"format": 1, "prepared": "/nowhere", "storage": "sqlite:///outside.db"}')
        return path

    def read(path: Path) -> None:
        from txt.search.study_folder import StudyFolder

        folder = StudyFolder.open(str(path.parent))
        folder.prepared_path()
        folder.storage()

    return Format("study.json", make, read)


def weights() -> Format:
    """Return the format of weights, which needs torch."""

    def make() -> Path:
        import torch

        from txt.model.classifier import TransformerClassifier, TransformerClassifierConfig

        folder = Path("weights")
        folder.mkdir()
        torch.manual_seed(0)
        config = TransformerClassifierConfig(vocab_size=50, d_model=8, nhead=2, num_layers=1, max_length=16)
        TransformerClassifier(config).save_pretrained(folder)
        return folder / "model.safetensors"

    def read(path: Path) -> None:
        import torch

        from txt.model.saved import load_model

        load_model(path.parent, torch.device("cpu"))

    return Format("model.safetensors", make, read)


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
        os.chdir(folder / "here")
        yield
    finally:
        os.chdir(before)
        os.environ.clear()
        os.environ.update(kept)
        shutil.rmtree(folder, ignore_errors=True)


def run(seconds: float, first_seed: int, *, with_weights: bool) -> int:
    """Fuzz all formats and print what is found; returns how much that is."""
    found = 0
    with workplace():
        formats = all_formats()
        if with_weights:
            each = weights()
            each.path = each.make()
            each.original = each.path.read_bytes()
            formats.append(each)
        for finding in fuzz(formats, seconds, first_seed):
            found += 1
            print(finding, file=sys.stderr, flush=True)
    print(f"{found} findings in {seconds:.0f} s")
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    sys.exit(1 if run(chosen.seconds, chosen.seed, with_weights=True) else 0)
