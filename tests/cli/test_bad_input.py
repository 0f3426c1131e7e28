"""Whatever is wrong with the input: one line that names it, a hint, exit code 2, and nothing written."""

import gzip
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.evaluation.conftest import born_run, write_reviews  # noqa: F401
from txt.cli import main
from txt.runs.folder import Run

# What is typed, and what the error line must name.
CASES: list[tuple[str, str]] = [
    # no such command, no such option, no such value
    ("trian", "trian"),
    ("--colour", "--colour"),
    ("prepare", "DATA"),
    ("prepare reviews.csv more.csv", "more.csv"),
    ("train reviews.csv --epoch-count 3", "--epoch-count"),
    ("train reviews.csv --epochs three", "--epochs"),
    ("train reviews.csv --epochs 0", "--epochs"),
    ("train reviews.csv --epochs", "--epochs"),
    ("train reviews.csv --lr -1", "--learning-rate"),
    ("train reviews.csv --lr nan", "--learning-rate"),
    ("train reviews.csv --dropout 2", "--dropout"),
    ("train reviews.csv --d-model 100 --nhead 7", "--nhead 7"),
    ("train reviews.csv --preset tinny", "tinny"),
    ("train reviews.csv --recipe gide", "gide"),
    ("train reviews.csv --metric acuracy", "acuracy"),
    ("train reviews.csv --device gpu", "gpu"),
    ("train reviews.csv --lora 8", "--lora"),
    ("train reviews.csv --from minilm --freeze some", "some"),
    ("train reviews.csv --from minilm --d-model 64", "--d-model"),
    # files that are not there, or are something else
    ("prepare revews.csv -o new", "revews.csv"),
    ("prepare folder -o new", "folder"),
    ("prepare empty.csv -o new", "empty.csv"),
    ("prepare header.csv -o new", "header.csv"),
    ("prepare binary.csv -o new", "binary.csv"),
    ("prepare numbers.csv -o new", "numbers.csv"),
    ("prepare two-texts.csv -o new", "two-texts.csv"),
    ("prepare one-class.csv -o new", "one-class.csv"),
    ("prepare broken.jsonl -o new", "broken.jsonl"),
    ("prepare broken.json -o new", "broken.json"),
    ("prepare broken.csv.gz -o new", "broken.csv.gz"),
    ("prepare broken.parquet -o new", "broken.parquet"),
    ("prepare reviews.csv --text-column txet -o new", "txet"),
    ("prepare reviews.csv --label-column lable -o new", "lable"),
    ("prepare reviews.csv --split-column splitt -o new", "splitt"),
    ("prepare reviews.csv --encoding utf-88 -o new", "utf-88"),
    ("prepare reviews.csv --delimiter abc -o new", "abc"),
    ("prepare reviews.csv --vocab-size 1", "--vocab-size"),
    ("prepare reviews.csv --max-length 1", "--max-length"),
    ("prepare reviews.csv --tokenizer nowhere/at-all -o new", "nowhere/at-all"),
    ("prepare reviews.csv --val missing.csv --test reviews.csv -o new", "missing.csv"),
    ("prepare reviews.csv", "prepared"),
    ("prepare reviews.csv -o reviews.csv", "reviews.csv"),
    ("prepare reviews.csv -o folder", "folder"),
    ("prepare reviews.csv --config missing.toml -o new", "missing.toml"),
    ("prepare reviews.csv --config broken.toml -o new", "broken.toml"),
    ("prepare reviews.csv --config unknown.toml -o new", "max_lenght"),
    ("prepare reviews.csv --config wrong-type.toml -o new", "max_length"),
    ("train missing.csv", "missing.csv"),
    ("train folder", "folder"),
    ("train future", "future"),
    ("train torn", "torn"),
    ("train prepared --max-length 9", "--max-length"),
    ("train prepared --from nowhere/at-all", "nowhere/at-all"),
    ("train prepared --from folder", "folder"),
    ("train prepared --name ../elsewhere", "../elsewhere"),
    ("train prepared --name born", "born"),
    ("train prepared --from-study none", "none"),
    ("train --resume bron", "bron"),
    ("train --resume born --epochs 2", "num_epochs"),
    ("train --resume born --name other", "--name"),
    ("train --resume born --preset tiny", "--preset"),
    ("lrfind folder", "folder"),
    ("lrfind prepared --start-lr 1 --end-lr 0.1", "--start-lr"),
    ("lrfind prepared --steps 3", "--steps"),
    ("lrfind prepared --rule steep", "steep"),
    ("grid folder", "folder"),
    ("grid prepared --d-model 128,x", "--d-model"),
    ("grid prepared --lr 1..0.1", "--learning-rate"),
    ("grid prepared --dropout 0.1..0.5 --sampler grid", "--dropout"),
    ("grid prepared --pruner halve", "halve"),
    ("grid prepared --space missing.toml", "missing.toml"),
    ("grid prepared --timeout soon", "soon"),
    ("grid prepared --storage nowhere://x --name s", "nowhere"),
    ("grid prepared --seed 1,2", "--seed"),
    ("grid --resume none", "none"),
    ("label missing.csv", "missing.csv"),
    ("label folder --stats", "folder"),
    ("label empty.csv --stats", "empty.csv"),
    ("label reviews.csv --plain --labels good,good", "good"),
    ("label reviews.csv --plain --keys mnemonics", "mnemonics"),
    ("label reviews.csv --plain --store damaged.db", "damaged.db"),
    ("label reviews.csv --stats --store none.db", "none.db"),
    ("label reviews.csv --export reviews.csv", "reviews.csv"),
    ("label reviews.csv --rules missing.toml --check", "missing.toml"),
    ("label reviews.csv --rules broken.toml --check", "broken.toml"),
    ("label reviews.csv --check", "--check"),
    ("label reviews.csv --merge missing.db", "missing.db"),
    ("label reviews.csv --import missing.jsonl", "missing.jsonl"),
    ("label reviews.csv --import numbers.csv --format prodgy", "prodgy"),
    ("label reviews.csv --recover --store none.db", "none.db"),
    ("label reviews.csv --plain --highlight [", "["),
    ("label reviews.csv --plain --active --strategy margins", "margins"),
    ("label reviews.csv --plain --text-column txet", "txet"),
    ("augment missing.csv", "missing.csv"),
    ("augment numbers.csv", "numbers.csv"),
    ("augment reviews.csv --method swapp", "swapp"),
    ("augment reviews.csv --method swap:-1", "swap:-1"),
    ("augment reviews.csv --rate 2", "--rate"),
    ("augment reviews.csv --factor 0", "--factor"),
    ("augment reviews.csv --balance --per-class 9", "--balance"),
    ("augment reviews.csv -o reviews.csv", "reviews.csv"),
    ("augment reviews.csv --keep (", "("),
    ("augment reviews.csv --wordnet folder --method synonym", "folder"),
    ("augment reviews.csv --check nowhere", "nowhere"),
    ("augment reviews.csv --method antonym", "antonym"),
    ("eval bron", "bron"),
    ("eval folder", "folder"),
    ("eval born --split tests", "tests"),
    ("eval born --data missing.csv", "missing.csv"),
    ("eval born --data numbers.csv", "numbers.csv"),
    ("eval born --encoding utf-8", "--encoding"),
    ("eval untrained", "untrained"),
    ("eval ahead", "ahead"),
    ("eval garbled", "garbled"),
    ("predict bron text", "bron"),
    ("predict born missing.csv", "missing.csv"),
    ("predict born empty.csv", "empty.csv"),
    ("predict born numbers.csv", "numbers.csv"),
    ("predict born text --threshold 2", "--threshold"),
    ("predict born text -o out.csv", "-o"),
    ("predict born reviews.csv -o reviews.csv", "reviews.csv"),
    ("predict born reviews.csv --explain", "--explain"),
    ("predict born reviews.csv --to-label unsure.db", "--to-label"),
    ("predict born reviews.csv --text-column txet", "txet"),
    ("predict pickled text", "pickled"),
    ("export bron", "bron"),
    ("export born --format onxx", "onxx"),
    ("export born --quantize", "--quantize"),
    ("export born -o folder", "folder"),
    ("export untrained", "untrained"),
    ("watch bron", "bron"),
    ("watch born --speed 3", "--speed"),
    ("watch born --replay --plain", "--replay"),
    ("runs shwo", "shwo"),
    ("runs show bron", "bron"),
    ("runs compare born", "compare"),
    ("runs compare born bron", "bron"),
    ("runs export born --csv -o folder", "folder"),
    ("runs plot bron", "bron"),
    ("runs rename born ../up", "../up"),
    ("runs rename born untrained", "untrained"),
    ("runs tag bron keep", "bron"),
    ("runs rm bron --yes", "bron"),
    ("runs prune --keep-best -1", "--keep-best"),
    ("runs prune --keep-best some", "--keep-best"),
    ("runs --sort bset", "bset"),
    ("runs --filter lr>>1", "lr>>1"),
    ("runs -i", "-i"),
    ("demo --name ../up", "../up"),
    ("demo --name born", "born"),
    ("doctor now", "now"),
]


@pytest.fixture(scope="module")
def folder(born_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Return a folder with a good file and a good run in it, and with many bad ones."""
    folder = tmp_path_factory.mktemp("here")
    shutil.copytree(born_run.path.parents[1], folder, dirs_exist_ok=True)
    write_bad_data(folder)
    write_bad_settings(folder)
    write_bad_folders(folder)
    return folder


def write_bad_data(folder: Path) -> None:
    rows = [f"a text of some words, number {number}" for number in range(40)]
    files = {
        "empty.csv": b"",
        "header.csv": b"text,label\n",
        "binary.csv": bytes(range(256)) * 40,
        "numbers.csv": b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(40)),
        "two-texts.csv": "".join(
            ["first,second,label\n", *(f'"{row}","{row} too",{"ab"[n % 2]}\n' for n, row in enumerate(rows))]
        ).encode(),
        "one-class.csv": "".join(["text,label\n", *(f'"{row}",good\n' for row in rows)]).encode(),
        "broken.jsonl": b'{"text": "a", "label": "b"}\n{"text": "c", "lab\n{"text": "d", "label": "b"}\n',
        "broken.json": b'[{"text": "a", "label": "b"}, {"text"',
        "broken.csv.gz": gzip.compress(b"text,label\n" + b"some words,good\n" * 2000)[:-30],
        "broken.parquet": b"PAR1" + bytes(100) + b"PAR1",
        "damaged.db": b"SQLite format 3\0" + bytes(range(256)) * 32,
        "folder/note.txt": b"not a folder of txt",
    }
    (folder / "folder").mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


def write_bad_settings(folder: Path) -> None:
    (folder / "broken.toml").write_text("max_length = = 3\n")
    (folder / "unknown.toml").write_text("max_lenght = 3\n")
    (folder / "wrong-type.toml").write_text('max_length = "three"\n')


def write_bad_folders(folder: Path) -> None:
    for name, change in (("future", {"format": 99}), ("torn", {"labels": None})):
        shutil.copytree(folder / "prepared", folder / name)
        manifest = json.loads((folder / name / "manifest.json").read_text())
        (folder / name / "manifest.json").write_text(json.dumps(manifest | change))
    runs = folder / "runs"
    for name in ("untrained", "ahead", "garbled", "pickled"):
        shutil.copytree(runs / "born", runs / name)
    shutil.rmtree(runs / "untrained" / "model")
    record = json.loads((runs / "ahead" / "config.json").read_text())
    (runs / "ahead" / "config.json").write_text(json.dumps(record | {"format": 99}))
    (runs / "garbled" / "config.json").write_text('{"created": ')
    weights = runs / "pickled" / "model" / "model.safetensors"
    weights.unlink()
    weights.with_name("pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch executed'\ntR.")


@pytest.mark.parametrize(("typed", "named"), CASES, ids=[typed for typed, _ in CASES])
def test_bad_input_is_told_in_one_line_with_a_hint_and_nothing_is_written(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], typed: str, named: str
):
    monkeypatch.chdir(folder)
    before = everything_in(folder)
    code = main(typed.split())
    told = capsys.readouterr()
    *_, error = [line for line in told.err.splitlines() if line.startswith("error: ")] or ["nothing"]
    assert named in error, told.err
    assert told.err.count("error: ") == 1
    assert "\nhint: " in told.err, told.err
    assert "Traceback" not in told.err
    assert code == 2
    assert sorted(set(everything_in(folder).items()) ^ set(before.items())) == []


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Return the size and time of every file, and a place for every folder."""
    found = {}
    for parent, folders, files in os.walk(folder):
        found |= {os.path.join(parent, name): (0, 0) for name in folders}
        for name in files:
            facts = os.stat(os.path.join(parent, name))
            found[os.path.join(parent, name)] = (facts.st_size, facts.st_mtime_ns)
    return found
