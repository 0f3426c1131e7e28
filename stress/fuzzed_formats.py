"""The file formats that the fuzzer damages: each is made as `txt` or another program makes it, and read by `txt`.

A format that is not among them is not fuzzed: whoever adds one to what `txt` reads adds it here.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from stress.fuzz import Format, command
from stress.fuzzed_data import ROWS, WRITERS, make_csv, write_stream
from tests.runs.made_runs import make_run_folder, make_training_events

_SMALL = ("--recipe", "guide", "--d-model", "16", "--nhead", "2", "--num-layers", "1", "--threads", "1", "--plain")


def list_formats(
    *, models: bool, only: str | None = None, tell: Callable[..., None] = lambda **_: None
) -> list[Format]:
    """Return every format, with its file as it is made; those of `models` load torch or onnxruntime."""
    formats = [
        *_formats_of_runs(),
        *_formats_of_data(),
        *_formats_of_labels(),
        *_formats_of_prepared(),
        _store(),
        _index(),
        _rules(),
        _options(),
        _settings(),
        _allowance(),
        _study(),
        _journal(),
        _control(),
        *(_formats_of_models() if models else ()),
    ]
    formats = [each for each in formats if only is None or only in each.name]
    for each in formats:
        tell(makes=each.name)
        each.path = each.make().absolute()
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

    def make_index() -> Path:
        from txt.runs.event_index import index_path
        from txt.runs.folder import EventLog, Run

        run = Run(make("events.index").parent)
        with EventLog(run) as log:
            for event in make_training_events():
                log.write(event)
        return index_path(run.events_path)

    yield Format("events.index", make_index, follow)


def _formats_of_data() -> Iterator[Format]:
    def read(path: Path) -> None:
        command("prepare", str(path), "--dry-run")
        command("prepare", str(path), "-o", "made", "--vocab-size", "200", "--force")
        shutil.rmtree("made", ignore_errors=True)

    for name, write in WRITERS.items():

        def make(name: str = name, write: Callable[[Path], None] = write) -> Path:
            path = Path("data") / name
            path.parent.mkdir(parents=True, exist_ok=True)
            write(path)
            return path

        yield Format(name, make, read)

    def read_folder(path: Path) -> None:
        read(next(parent for parent in path.parents if parent.parent.name == "folders"))

    def make_texts() -> Path:
        for number, (text, label) in enumerate(ROWS):
            path = Path("folders") / "texts" / label / f"{number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return path

    def make_dataset(name: str) -> Path:
        folder = Path("folders") / name
        (folder / "train").mkdir(parents=True)
        (folder / "dataset_dict.json").write_text('{"splits": ["train"]}')
        (folder / "train" / "dataset_info.json").write_text("{}")
        (folder / "train" / "state.json").write_text('{"_data_files": [{"filename": "data-0.arrow"}], "_split": null}')
        write_stream(folder / "train" / "data-0.arrow")
        return next(folder.rglob(name))

    yield Format("a text in a folder", make_texts, read_folder)
    for name in ("dataset_dict.json", "state.json", "data-0.arrow"):
        yield Format(name, lambda name=name: make_dataset(name), read_folder)


def _formats_of_labels() -> Iterator[Format]:
    """Yield the formats of labels of other programs, as `txt label --export` writes them."""
    from txt.data.formats.catalog import FORMATS

    def make(name: str) -> Path:
        data = Path("exchanged.csv")
        data.write_text(make_csv())
        path = Path(f"labels-{name}{FORMATS[name].suffix}")
        _make_store(data, dict(ROWS))
        command("label", str(data), "--export", str(path), "--format", name, "--overwrite")
        return path

    def read(path: Path) -> None:
        name = path.stem.removeprefix("labels-")
        for form in (("--format", name), ()):
            command("label", "exchanged.csv", "--store", "fresh.db", "--import", str(path), *form)
            for left in Path().glob("fresh.db*"):
                left.unlink()

    for name in FORMATS:
        yield Format(f"labels as {name}", lambda name=name: make(name), read)


def _make_store(data: Path, labels: dict[str, str]) -> Path:
    from txt.labeling.store.decision import Decision, now, row_id
    from txt.labeling.store.journal import Journal, store_path

    store = store_path(data)
    if store.exists():
        return store
    with Journal.open(store) as journal, journal.transaction():
        journal.set_settings(classes=json.dumps(sorted(set(labels.values()))), text_column="text")
        for text, label in labels.items():
            act = journal.new_act()
            journal.append(
                [Decision(act=act, kind="label", row_id=row_id(text), value=label, annotator="x", time=now())]
            )
    connection = sqlite3.connect(store)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.execute("PRAGMA journal_mode = DELETE")
    connection.close()
    return store


def _formats_of_prepared() -> Iterator[Format]:
    def make(name: str) -> Path:
        from txt.config import PrepareConfig
        from txt.data.prepare import prepare

        folder = Path(f"prepared-{name.replace('/', '-').replace('*', '-')}")
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
        command()

    names = ("manifest.json", "lrfind.json", "train*.arrow", "tokenizer/tokenizer.json", "tokenizer/*_config.json")
    for name in names:
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
        data = Path("labels.csv")
        data.write_text("text\n" + "".join(f"text number {number}\n" for number in range(40)))
        return _make_store(data, {f"text number {number}": "ab"[number % 2] for number in range(30)})

    def read(path: Path) -> None:
        command("label", "labels.csv", "--stats")
        command("label", "labels.csv", "--export", "exported.csv", "--overwrite")
        shutil.copyfile(path, "copy.db")
        command("label", "labels.csv", "--store", "copy.db", "--recover")
        for left in Path().glob("copy.db*"):
            left.unlink()

    return Format("labels.db", make, read)


def _index() -> Format:
    """Return the index of a data file that the labeling screen keeps beside a store."""

    def options():  # type: ignore[no-untyped-def]
        from txt.data.reading.rows import ReadingOptions

        return ReadingOptions()

    def make() -> Path:
        from txt.data.reading.open_rows import open_rows
        from txt.data.reading.row_index import scan_file, write_index

        data = Path("indexed.csv")
        data.write_text(make_csv())
        form = open_rows(data, options(), None).form
        *_, last = scan_file(data, form)
        assert last.index is not None
        write_index(Path("indexed.index"), data, options(), form, last.index)
        return Path("indexed.index")

    def read(path: Path) -> None:
        from txt.data.reading.row_index import read_index

        found = read_index(path, Path("indexed.csv"), options())
        if found is not None:
            form, index = found
            assert 0 <= index.offsets.min() <= index.offsets.max() <= Path("indexed.csv").stat().st_size
            [index.label_names[code] for code in index.label_codes if code >= 0]
            del form

    return Format("labels.index", make, read)


def _rules() -> Format:
    def make() -> Path:
        Path("ruled.csv").write_text(make_csv())
        _make_store(Path("ruled.csv"), dict(ROWS[:20]))
        path = Path("rules.toml")
        path.write_text(
            'labels = ["good", "bad"]\n[[rule]]\nlabel = "good"\nwords = ["text"]\n'
            '[[rule]]\nlabel = "bad"\nregex = \'num+ber\'\n[[rule]]\nlabel = "good"\ncharacters = ">= 3"\n'
        )
        return path

    def read(path: Path) -> None:
        command("label", "ruled.csv", "--rules", str(path), "--stats")

    return Format("rules.toml", make, read)


def _options() -> Format:
    def make() -> Path:
        path = Path("options.toml")
        path.write_text('epochs = 3\nlr = 0.001\nseed = 7\nrecipe = "guide"\nd_model = 16\nvocab_size = 200\n')
        return path

    def read(path: Path) -> None:
        for typed in (["train"], ["prepare"], ["grid"]):
            command(*typed, "nowhere.csv", "--config", str(path))
        command("grid", "nowhere.csv", "--space", str(path))

    return Format("options.toml", make, read)


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


def _allowance() -> Format:
    """Return what is kept of what was allowed, which is of the user's own cache."""

    def make() -> Path:
        from txt.consent import allow
        from txt.files import cache_folder

        allow("model", "someone/model")
        os.environ.pop("TXT_ALLOWED", None)
        return next((cache_folder() / "allowed").glob("*.json"))

    def read(_path: Path) -> None:
        from txt.consent import is_allowed

        is_allowed("model", "someone/model")

    return Format("what was allowed", make, read)


def _study() -> Format:
    def make() -> Path:
        path = Path("studies") / "fuzz" / "study.json"
        path.parent.mkdir(parents=True)
        path.write_text(
            json.dumps({"format": 1, "prepared": str(Path("prepared").resolve()), "storage": "sqlite:///outside.db"})
        )
        return path

    def read(path: Path) -> None:
        from txt.search.study_folder import StudyFolder

        folder = StudyFolder.open(str(path.parent))
        folder.prepared_path()
        command("grid", "--resume", str(path.parent), "--plain")
        command("train", "--from-study", str(path.parent), "--plain")
        command()
        folder.storage()

    return Format("study.json", make, read)


def _journal() -> Format:
    """Return the journal of a study, as Optuna writes it."""

    def make() -> Path:
        from txt.config import PrepareConfig, TrainConfig
        from txt.data.prepare import prepare
        from txt.data.prepared import Prepared
        from txt.search.description import describe
        from txt.search.space import Choices
        from txt.search.study import Study
        from txt.search.study_folder import StudyFolder

        data = Path("for-a-study.csv")
        data.write_text(make_csv())
        prepare(data, PrepareConfig(vocab_size=200), Path("prepared"))
        prepared = Prepared.open(Path("prepared"))
        folder = StudyFolder.new("journal")
        folder.describe(prepared.path, None)
        about = {
            "fingerprint": prepared.fingerprint,
            "labels": list(prepared.labels),
            "rows": {split: prepared.manifest.rows(split) for split in prepared.splits},
        }
        space = {"learning_rate": Choices((0.1, 0.01))}
        description = describe(about, TrainConfig(), space, "grid", "none", 1, 2, str(prepared.path))
        study = Study.begin("journal", folder.storage(), description)
        study.replenish()
        taken = study.take(seed=0)
        assert taken is not None
        study.optuna.tell(taken.trial, 0.5)
        return folder.path / "journal.log"

    def read(path: Path) -> None:
        from txt.search.board import build_board
        from txt.search.study import Study
        from txt.search.study_folder import StudyFolder

        folder = StudyFolder.open(str(path.parent))
        board = build_board(Study.open(folder.name, folder.storage()))
        assert board.total >= 0
        command("train", "--from-study", str(path.parent), "--plain", "--name", "never", "--epochs", "-1")

    return Format("journal.log", make, read)


def _control() -> Format:
    """Return a command of the dashboard to a training."""

    def make() -> Path:
        path = Path("runs") / "controlled" / "control" / "1.json"
        make_run_folder("controlled", make_training_events())
        path.parent.mkdir()
        path.write_text('{"command": "rate", "value": 0.5}')
        return path

    def read(path: Path) -> None:
        from types import SimpleNamespace

        from txt.files import encode_line
        from txt.runs.folder import Run
        from txt.training.control import Controls

        alone = SimpleNamespace(writes=True, gather_lists=lambda things: things)
        progress = SimpleNamespace(step=1, rate_factor=1.0)
        for event in Controls(Run(path.parents[1]), alone).carry_out(progress, list, lambda: False):  # type: ignore[arg-type]
            encode_line(event.to_json())
        path.unlink(missing_ok=True)

    return Format("a command", make, read)


def _formats_of_models() -> Iterator[Format]:
    """Yield the files of a run that was really trained, of its model, of a checkpoint, and of an ONNX export."""
    data = Path("for-training.csv")

    def make(name: str) -> Path:
        if not Path("runs/born").exists():
            data.write_text("text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(80)))
            command("prepare", str(data), "-o", "for-models", "--vocab-size", "200")
            command("train", "for-models", "--name", "born", "--epochs", "1", *_SMALL)
            command("train", "for-models", "--name", "other", "--epochs", "1", "--seed", "2", *_SMALL)
            command("runs", "compare", "born", "other")
            command("export", "born", "--format", "onnx", "-o", "exported-onnx")
            assert Path("runs/born/model/model.safetensors").exists()
        target = Path("models") / name.replace("/", "-").replace("*", "-")
        if name.startswith("exported-onnx"):
            shutil.copytree("exported-onnx", target)
            return next(target.rglob(Path(name).name))
        shutil.copytree("runs", target / "runs")
        shutil.copytree("for-models", target / "for-models")
        return next((target / "runs" / "born").glob(name))

    def in_project(path: Path) -> contextlib.chdir:  # type: ignore[type-arg]
        return contextlib.chdir(next(parent for parent in path.parents if parent.parent.name == "models"))

    def read(path: Path) -> None:
        with in_project(path):
            command("predict", "born", "a text")
            command("predict", "runs/born/model", "a text")
            command("eval", "born", "--no-embeddings", "--force")

    def fit_checksum(path: Path) -> None:
        from txt.files import sha256

        state = path.parent / "state.json"
        state.write_text(json.dumps(json.loads(state.read_text()) | {"sha256": sha256(path)}))

    def resume(path: Path) -> None:
        if path.suffix == ".safetensors":
            fit_checksum(path)
        with in_project(path):
            events = Path("runs/born/events.jsonl")
            before = events.read_bytes()
            command("train", "--resume", "born", "--plain")
            events.write_bytes(before)

    def compare(path: Path) -> None:
        with in_project(path):
            command("runs", "compare", "born", "other")

    def make_out_of_fold() -> Path:
        import numpy as np

        from txt.training.ladder.out_of_fold import OutOfFold, write_out_of_fold

        folder = make("config.json").parent
        kept = folder.parents[1].rename(folder.parents[2] / "out-of-fold") / "runs" / "born"
        places = np.arange(60)
        write_out_of_fold(kept, OutOfFold(places, places % 2, np.stack([places / 60, 1 - places / 60], 1)))
        return kept / "out_of_fold.npz"

    def run_onnx(path: Path) -> None:
        import runpy

        before = sys.argv
        sys.argv = ["predict_onnx.py", "a text"]
        try:
            with contextlib.redirect_stdout(None), contextlib.redirect_stderr(None):
                script = next(each / "predict_onnx.py" for each in path.parents if (each / "predict_onnx.py").exists())
                runpy.run_path(str(script), run_name="__main__")
        except SystemExit:
            pass
        finally:
            sys.argv = before

    for name in ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"):
        yield Format(f"a model's {name}", lambda name=name: make(f"model/{name}"), read)
    for name in ("state.json", "state.safetensors"):
        yield Format(f"a checkpoint's {name}", lambda name=name: make(f"checkpoints/step-*/{name}"), resume)
    yield Format("test.arrow", lambda: make("predictions/test.arrow"), compare)
    yield Format("out_of_fold.npz", make_out_of_fold, read)
    for name in ("*.onnx", "tokenizer.json", "labels.json"):
        yield Format(f"exported {name}", lambda name=name: make(f"exported-onnx/{name}"), run_onnx)
