import json
import shutil
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from txt.config import PrepareConfig
from txt.data.encode_splits import SplitWriter
from txt.data.prepare import prepare
from txt.data.prepared import MANIFEST, Prepared, PreparedFile, Split
from txt.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A prepared folder of 600 labeled and 50 unlabeled rows, with metadata."""
    path = tmp_path_factory.mktemp("prepared")
    rows = [
        {"id": f"r{n}", "text": f"word{n % 37} of text {n}, {'x ' * (n % 9)}", "label": "ab"[n % 2], "n": n}
        for n in range(600)
    ]
    rows += [{"id": f"u{n}", "text": f"another {n}", "label": None, "n": None} for n in range(50)]
    (path / "data.jsonl").write_text("\n".join(map(json.dumps, rows)))
    prepare(path / "data.jsonl", PrepareConfig(vocab_size=300, max_length=12), path / "out")
    return path / "out"


def test_gathered_token_ids_are_those_of_the_tokenizer(folder):
    prepared = Prepared.open(folder)
    tokenizer = prepared.tokenizer()
    rng = np.random.default_rng(0)
    for name in prepared.splits:
        split = prepared.split(name)
        rows = rng.integers(0, len(split), 32)
        token_ids, lengths = split.gather(rows)
        expected = [tokenizer.encode(text).ids for text in split.texts(rows)]
        assert token_ids.tolist() == [token for ids in expected for token in ids]
        assert lengths.tolist() == [len(ids) for ids in expected] == split.lengths[rows].tolist()
        assert (token_ids.dtype, lengths.dtype) == (np.int64, np.int64)
        assert lengths.max() <= 12


def test_rows_keep_their_label_id_and_metadata(folder):
    prepared = Prepared.open(folder)
    assert prepared.labels == ("a", "b")
    assert prepared.splits == ("train", "val", "test", "unlabeled")
    seen = []
    for name in ("train", "val", "test"):
        split = prepared.split(name)
        numbers = [int(n) for n in split.metadata().column("n").to_pylist()]
        assert split.row_ids() == [f"r{n}" for n in numbers]
        assert split.labels.tolist() == [n % 2 for n in numbers]
        assert split.texts() == [f"word{n % 37} of text {n}, {'x ' * (n % 9)}" for n in numbers]
        assert numbers == sorted(numbers)  # a split keeps the order of the source
        seen += numbers
    assert sorted(seen) == list(range(600))
    unlabeled = prepared.split("unlabeled")
    assert unlabeled.row_ids([0, 49]) == ["u0", "u49"]
    assert set(unlabeled.labels.tolist()) == {-1}
    assert unlabeled.metadata().column("n").null_count == 50


def test_gathering_nothing_and_empty_splits_work(folder):
    token_ids, lengths = Prepared.open(folder).split("train").gather([])
    assert (len(token_ids), len(lengths)) == (0, 0)
    empty = Split("val", [])
    assert (len(empty), empty.texts(), empty.labels.tolist(), empty.lengths.tolist()) == (0, [], [], [])
    assert empty.metadata().num_rows == 0


def test_a_split_of_several_files_and_batches_is_one(tmp_path, monkeypatch):
    monkeypatch.setattr("txt.data.encode_splits.BATCH_ROWS", 7)
    schema = pa.schema(
        [("token_ids", pa.list_(pa.int32())), ("label", pa.int64()), ("text", pa.string()), ("row_id", pa.int64())]
    )
    rng = np.random.default_rng(0)
    rows = [
        {"token_ids": list(range(n, n + int(rng.integers(1, 6)))), "label": n % 3, "text": str(n), "row_id": n}
        for n in range(100)
    ]
    writer = SplitWriter(tmp_path, "train", schema, file_rows=30)
    for start in range(0, 100, 5):
        writer.write(pa.RecordBatch.from_pylist(rows[start : start + 5], schema))
    files = writer.close()
    assert [file.name for file in files] == ["train.arrow", "train-2.arrow", "train-3.arrow", "train-4.arrow"]
    assert sum(file.rows for file in files) == 100
    split = Split("train", [tmp_path / file.name for file in files])
    wanted = rng.permutation(100)
    token_ids, lengths = split.gather(wanted)
    assert token_ids.tolist() == [token for row in wanted for token in rows[row]["token_ids"]]
    assert lengths.tolist() == [len(rows[row]["token_ids"]) for row in wanted]
    assert split.texts(wanted) == [str(row) for row in wanted]
    assert split.labels.tolist() == [row["label"] for row in rows]
    assert pa.ipc.open_file(tmp_path / "train.arrow").read_all().num_rows == files[0].rows  # readable elsewhere


def test_a_fresh_process_reads_the_same(folder):
    program = (
        "import sys; from pathlib import Path; from txt.data.prepared import Prepared\n"
        "prepared = Prepared.open(Path(sys.argv[1]), verify=True); split = prepared.split('train')\n"
        "print(prepared.fingerprint, split.gather(range(len(split)))[0].sum(), 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(folder)], capture_output=True, text=True, check=True)
    prepared = Prepared.open(folder)
    split = prepared.split("train")
    assert done.stdout.split() == [prepared.fingerprint, str(split.gather(range(len(split)))[0].sum()), "False"]


def test_auto_tokenizer_gives_the_token_ids_of_the_folder(folder):
    from transformers import AutoTokenizer

    split = Prepared.open(folder).split("train")
    loaded = AutoTokenizer.from_pretrained(folder / "tokenizer")
    ids = loaded(split.texts(), truncation=True)["input_ids"]
    assert [token for row in ids for token in row] == split.gather(range(len(split)))[0].tolist()


@pytest.fixture
def copy(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    return tmp_path / "copy"


def test_truncated_changed_and_missing_files_are_refused(copy):
    file = copy / "train.arrow"
    whole = file.read_bytes()
    file.write_bytes(whole[:-100])
    with pytest.raises(InputError, match=r"train\.arrow` was truncated: "):
        Prepared.open(copy)
    file.write_bytes(whole + b"more")
    with pytest.raises(InputError, match="was changed"):
        Prepared.open(copy)
    place = len(whole) // 2
    file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(InputError, match="was changed: its checksum is not the manifest's"):
        Prepared.open(copy)
    file.unlink()
    with pytest.raises(InputError, match="is missing"):
        Prepared.open(copy)


def test_a_changed_tokenizer_is_refused(copy):
    file = copy / "tokenizer" / "tokenizer.json"
    file.write_text(file.read_text().replace("word", "drow"))
    with pytest.raises(InputError, match=r"tokenizer\.json` was changed"):
        Prepared.open(copy)


def test_a_large_changed_file_is_found_with_verify(copy, monkeypatch):
    monkeypatch.setattr("txt.data.prepared._ALWAYS_VERIFIED", 10)
    file = copy / "train.arrow"
    whole = bytearray(file.read_bytes())
    whole[len(whole) // 2] ^= 1
    file.write_bytes(whole)
    Prepared.open(copy)
    with pytest.raises(InputError, match="its checksum"):
        Prepared.open(copy, verify=True)


def test_what_is_not_a_prepared_folder_is_told(tmp_path, copy):
    with pytest.raises(InputError, match="is not a prepared folder") as caught:
        Prepared.open(tmp_path / "nothing")
    assert "txt prepare DATA -o" in caught.value.hint
    manifest = json.loads((copy / MANIFEST).read_text())
    (copy / MANIFEST).write_text(json.dumps({**manifest, "format": 2}))
    with pytest.raises(InputError, match="has format 2, and this txt reads up to 1"):
        Prepared.open(copy)
    (copy / MANIFEST).write_text(json.dumps({"format": 1}))
    with pytest.raises(InputError, match="is not a manifest"):
        Prepared.open(copy)


def test_a_split_that_does_not_exist_is_told(folder):
    with pytest.raises(InputError, match="there is no split `dev`"):
        Prepared.open(folder).split("dev")


def test_the_manifest_survives_json(folder):
    manifest = Prepared.open(folder).manifest
    assert type(manifest).from_json(json.loads(json.dumps(manifest.to_json()))) == manifest
    assert isinstance(manifest.splits["train"][0], PreparedFile)
