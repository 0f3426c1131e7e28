"""Files of other labeling tools go straight into `txt prepare` and `txt label`, and come in by `--import`."""

import io
import json

import pytest

from txt.cli import main
from txt.config import LABEL_FORMATS
from txt.data.formats.catalog import FORMATS
from txt.data.prepared import Prepared

COUNT = 60
CLASSES = ("bad", "good")


def text_of(number: int) -> str:
    return f"row {number} says, in its {['own', 'plain', 'short'][number % 3]} way, that it is number {number}"


@pytest.fixture
def prepare(tmp_path):
    """Prepare a file and return the label of each text; None where it has none."""

    def run(path, *options: str) -> dict[str, str | None]:
        command = ["prepare", str(path), "--vocab-size", "200", "-o", str(tmp_path / "out"), "--force", *options]
        assert main(command) == 0
        prepared = Prepared.open(tmp_path / "out")
        found: dict[str, str | None] = {}
        for name in ("train", "val", "test", "unlabeled"):
            split = prepared.split(name)
            labels = [None if label < 0 else prepared.labels[label] for label in split.labels.tolist()]
            found |= dict(zip(split.texts(), labels, strict=True))
        return found

    return run


def label_plainly(monkeypatch, path, keys: str, *options: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(keys))
    assert main(["label", str(path), "--plain", *options]) == 0


@pytest.mark.parametrize("name", LABEL_FORMATS)
def test_what_an_export_writes_is_prepared_with_the_same_labels(name, tmp_path, monkeypatch, prepare):
    skip_without_package(name)
    data, target = tmp_path / "data.csv", tmp_path / f"export{FORMATS[name].suffix}"
    data.write_text("text,likes\n" + "".join(f'"{text_of(number)}",{number % 5}\n' for number in range(COUNT)))
    label_plainly(monkeypatch, data, "1\n2\n" * 20 + "s\n", "--labels", ",".join(CLASSES))  # 40 labels and a skip
    assert main(["label", str(data), "--export", str(target), "--format", name]) == 0
    data.unlink()
    expected = {text_of(number): CLASSES[number % 2] if number < 40 else None for number in range(COUNT)}
    assert prepare(target) == expected


@pytest.mark.parametrize("name", LABEL_FORMATS)
def test_several_labels_of_an_export_are_prepared_as_they_were(name, tmp_path, monkeypatch):
    skip_without_package(name)
    data, target = tmp_path / "data.csv", tmp_path / f"export{FORMATS[name].suffix}"
    data.write_text("text\n" + "".join(f'"{text_of(number)}"\n' for number in range(COUNT)))
    keys = [["1"], ["2"], ["1", "2"]]
    typed = "".join("\n".join((*keys[number % 3], "", "")) for number in range(COUNT))
    label_plainly(monkeypatch, data, typed, "--labels", ",".join(CLASSES), "--multi-label")
    assert main(["label", str(data), "--export", str(target), "--format", name]) == 0
    data.unlink()
    command = ["prepare", str(target), "--vocab-size", "200", "-o", str(tmp_path / "out"), "--multi-label"]
    assert main(command) == 0
    prepared = Prepared.open(tmp_path / "out")
    found = {}
    for split in map(prepared.split, ("train", "val", "test")):
        for text, row in zip(split.texts(), split.label_sets.matrix(len(prepared.labels)), strict=True):
            found[text] = {name for name, holds in zip(prepared.labels, row, strict=True) if holds}
    assert found == {text_of(number): {CLASSES[int(key) - 1] for key in keys[number % 3]} for number in range(COUNT)}


def skip_without_package(name: str) -> None:
    if name == "spacy-docbin":
        pytest.importorskip("spacy")


def write_lines(path, records):
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


def make_label_studio(label: str | None, **data) -> dict:
    result = [{"type": "choices", "from_name": "mood", "value": {"choices": [label]}}] if label else []
    skip = {"result": [], "was_cancelled": True}
    return {"id": 1, "data": data, "annotations": [skip, {"result": result, "was_cancelled": False}]}


WRITERS = {
    "prodigy choices.jsonl": lambda text, label: (
        {"text": text, "accept": [label], "answer": "accept", "options": []}
        if label
        else {"text": text, "options": [], "answer": "ignore"}
    ),
    "prodigy one label.jsonl": lambda text, label: (
        {"text": text, "label": label or "bad"} | {"answer": "accept" if label else "reject"}
    ),
    "doccano.jsonl": lambda text, label: {"id": 1, "text": text, "label": [label] if label else [], "Comments": []},
    "spacy.jsonl": lambda text, label: (
        {"text": text, "cats": {name: float(name == label) for name in CLASSES}} if label else {"text": text}
    ),
    "argilla 2.jsonl": lambda text, label: {
        "id": "a",
        "fields": {"text": text},
        "responses": {"mood": [{"value": label, "status": "submitted"}] if label else []},
        "suggestions": {},
    },
    "argilla 1.jsonl": lambda text, label: {
        "inputs": {"text": text},
        "annotation": label,
        "status": "Validated" if label else "Default",
    },
    "label studio.json": lambda text, label: make_label_studio(label, text=text),
    "label studio, another key.json": lambda text, label: make_label_studio(label, review=text),
    "label studio, minimal.json": lambda text, label: (
        {"id": 1, "review": text, "annotator": 1, "lead_time": 2.5} | ({"sentiment": label} if label else {})
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_files_of_other_tools_are_prepared_and_imported(name, tmp_path, prepare, capsys):
    labels = [(*CLASSES, None)[number % 3] for number in range(COUNT)]
    records = [WRITERS[name](text_of(number), label) for number, label in enumerate(labels)]
    path, data = tmp_path / name.replace(" ", "-"), tmp_path / "new.csv"
    if path.suffix == ".json":
        path.write_text(json.dumps(records))
    else:
        write_lines(path, records)
    expected = {text_of(number): label for number, label in enumerate(labels)}
    assert prepare(path) == expected
    assert main(["label", str(data), "--import", str(path)]) == 0
    capsys.readouterr()
    assert main(["label", str(data), "--stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == {"bad": 20, "good": 20}


@pytest.mark.parametrize("line", ["__label__{1} {0}\n", "__label__{1}\t{0}\r\n", "{0} __label__{1}\n"])
def test_lines_of_fasttext_are_prepared_and_imported(line, tmp_path, prepare, capsys):
    path, data = tmp_path / "train.txt", tmp_path / "new.csv"
    lines = [line.format(text_of(number), CLASSES[number % 2]) for number in range(COUNT)]
    path.write_bytes("".join(lines).encode())
    if line.startswith("{0}"):
        assert main(["label", str(data), "--import", str(path), "--format", "fasttext"]) == 0
        assert '"' + text_of(0) + '"\n' in data.read_text().replace("\r\n", "\n")
        return
    assert prepare(path) == {text_of(number): CLASSES[number % 2] for number in range(COUNT)}
    assert main(["label", str(data), "--import", str(path)]) == 0
    assert data.read_text().splitlines()[1].strip('"') == text_of(0)


@pytest.mark.parametrize("task", [make_label_studio("good", text="a b"), make_label_studio(None, text="a b")])
def test_a_skip_of_one_counts_only_where_nobody_labeled(task, tmp_path, capsys):
    path, data = tmp_path / "tasks.json", tmp_path / "new.csv"
    path.write_text(json.dumps([task]))
    assert main(["label", str(data), "--import", str(path), "--labels", "bad,good"]) == 0
    capsys.readouterr()
    assert main(["label", str(data), "--stats", "--json"]) == 0
    numbers = json.loads(capsys.readouterr().out)
    assert numbers["skipped"] == 0
    assert numbers["classes"].get("good", 0) == (1 if task["annotations"][1]["result"] else 0)
    assert set(numbers["classes"]) <= {"bad", "good"}


def test_two_questions_are_settled_by_an_option_and_a_refusal_leaves_nothing_behind(tmp_path, prepare, capsys):
    choices = [("mood", "good"), ("language", "en")]
    result = [{"type": "choices", "from_name": name, "value": {"choices": [each]}} for name, each in choices]
    tasks = [{"data": {"text": text_of(number)}, "annotations": [{"result": result}]} for number in range(COUNT)]
    tasks[1]["annotations"][0]["result"] = [{**result[0], "value": {"choices": ["bad"]}}, result[1]]
    path, data = tmp_path / "tasks.json", tmp_path / "new.csv"
    path.write_text(json.dumps(tasks))
    assert main(["label", str(data), "--import", str(path)]) == 2
    assert "--control mood or --control language" in capsys.readouterr().err
    assert sorted(each.name for each in tmp_path.iterdir()) == ["tasks.json"]
    assert main(["label", str(data), "--import", str(path), "--control", "mood"]) == 0
    assert prepare(path, "--control", "mood")[text_of(1)] == "bad"


def test_several_labels_are_refused_before_anything_is_made(tmp_path, capsys):
    path, data = tmp_path / "d.jsonl", tmp_path / "new.csv"
    write_lines(path, [{"text": "a b", "label": ["x", "y"]}, {"text": "c d", "label": ["x"]}])
    assert main(["label", str(data), "--import", str(path)]) == 2
    assert "--multi-label" in capsys.readouterr().err
    assert not data.exists()
    assert main(["label", str(data), "--import", str(path), "--multi-label"]) == 0


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("text;label\r\na b;x\r\nc d;y\r\n", "utf-8-sig"),
        ("Text,Label\na b,x\nc d,y\n", "utf-8"),
        ("text\tlabel\na b\tx\nc d\ty\n", "utf-16"),
        ("review,sentiment\na b,x\nc d,y\n", "utf-8"),
    ],
)
def test_any_table_is_imported_as_prepare_reads_it(content, encoding, tmp_path, capsys):
    path, data = tmp_path / "labels.csv", tmp_path / "data.csv"
    path.write_bytes(content.encode(encoding))
    data.write_text("text\na b\nc d\ne f\n")
    assert main(["label", str(data), "--import", str(path)]) == 0
    capsys.readouterr()
    assert main(["label", str(data), "--stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["classes"] == {"x": 1, "y": 1}


def test_labels_of_a_tool_file_are_those_of_the_label_screen_too(tmp_path, monkeypatch, capsys):
    path = tmp_path / "p.jsonl"
    write_lines(
        path, [WRITERS["prodigy choices.jsonl"](text_of(number), (*CLASSES, None)[number % 3]) for number in range(9)]
    )
    label_plainly(monkeypatch, path, "1\n")
    assert "Label (1=bad, 2=good): 1\nlabeled bad" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["prodigy choices.jsonl", "label studio.json", "spacy.jsonl"])
def test_copies_of_a_tool_file_stay_copies(name, tmp_path, prepare):
    records = [WRITERS[name](text_of(number), CLASSES[number % 2]) for number in range(COUNT)]
    copies = [
        WRITERS[name](f"copied {text_of(number)}", CLASSES[number % 2])
        | {"augmented": True, "method": "swap", "source_id": str(number + 1)}
        for number in range(COUNT)
    ]
    path = tmp_path / name.replace(" ", "-")
    if path.suffix == ".json":
        path.write_text(json.dumps(records + copies))
    else:
        write_lines(path, records + copies)
    prepare(path)
    prepared = Prepared.open(tmp_path / "out")
    for split in ("val", "test"):
        assert not any(text.startswith("copied") for text in prepared.split(split).texts())
    assert any(text.startswith("copied") for text in prepared.split("train").texts())
