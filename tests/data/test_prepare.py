import csv
import errno
import gzip
import json
import os
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from txt.config import PrepareConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.progress import RowProgress
from txt.errors import InputError, TxtError

SMALL = {"vocab_size": 200, "max_length": 32}


def rows(count=60, labels=("good", "bad"), start=0):
    return [{"text": f"text number {start + n} of many words", "label": labels[n % len(labels)]} for n in range(count)]


def write_csv(path: Path, content, columns=None) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, columns or list(content[0]))
        writer.writeheader()
        writer.writerows(content)
    return path


@pytest.fixture
def make(tmp_path, monkeypatch):
    """Return a function that prepares rows, or a file as it is, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def run(content, name="data.csv", **options):
        path = content if isinstance(content, str | Path) else write_csv(tmp_path / name, content)
        report = prepare(path, PrepareConfig(**(SMALL | options)), tmp_path / "prepared")
        return report, Prepared.open(tmp_path / "prepared", verify=True)

    return run


def are_disjoint(*sets):
    return sum(map(len, sets)) == len(set().union(*sets))


def texts_of(prepared, *names):
    return {name: set(prepared.split(name).texts()) for name in names or prepared.splits}


def test_a_file_becomes_a_folder_with_everything_in_it(make, tmp_path):
    report, prepared = make(rows(200))
    assert report.rows == {"train": 160, "val": 20, "test": 20, "unlabeled": 0}
    assert prepared.labels == ("bad", "good")
    assert sorted(path.name for path in (tmp_path / "prepared").iterdir()) == [
        "manifest.json",
        "report.json",
        "test.arrow",
        "tokenizer",
        "train.arrow",
        "val.arrow",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data.csv", "prepared"]
    assert json.loads((tmp_path / "prepared" / "report.json").read_text()) == json.loads(json.dumps(report.to_json()))
    assert report.class_counts["train"] == {"bad": 80, "good": 80}


def test_the_same_file_gives_the_same_folder_byte_for_byte(make, tmp_path):
    _, first = make(rows(200))
    before = {file.name: file.sha256 for files in first.manifest.splits.values() for file in files}
    _, second = make(rows(200))
    assert {file.name: file.sha256 for files in second.manifest.splits.values() for file in files} == before
    assert first.fingerprint == second.fingerprint
    _, other = make(rows(200), seed=1)
    assert other.fingerprint != first.fingerprint


def test_every_format_gives_the_same_split(make, tmp_path):
    content = rows(100)
    expected = texts_of(make(content)[1])
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, content)))
    (tmp_path / "d.json.gz").write_bytes(gzip.compress(json.dumps(content).encode()))
    assert texts_of(make(tmp_path / "d.jsonl")[1]) == texts_of(make(tmp_path / "d.json.gz")[1]) == expected


def test_the_tokenizer_sees_the_train_split_only(make):
    content = [
        {"text": f"{'αβγδε'[n % 5]}{n} same words", "label": "ab"[n % 2], "split": ["train", "val", "test"][n % 3]}
        for n in range(300)
    ]
    for row in content:
        row["text"] += {"train": "", "val": " ж", "test": " ц"}[row["split"]]
    report, prepared = make(content)
    vocabulary = prepared.tokenizer().get_vocab()
    assert "α" in vocabulary
    assert not {"ж", "ц"} & set(vocabulary)
    assert report.unknown_on_val > 0.1


def test_a_large_train_split_is_sampled_for_the_tokenizer(make, monkeypatch):
    monkeypatch.setattr("txt.data.prepare.CHARACTERS_PER_ENTRY", 10)
    report, _ = make(rows(2000))
    assert 30 < report.tokenizer["texts"] < 130  # 200 entries × 10 characters are about 70 texts


def test_the_split_column_is_kept_as_given_under_any_of_its_names(make):
    content = rows(90)
    for n, row in enumerate(content):
        row["split"] = ["Train", "dev", "TEST"][n % 3]
    report, prepared = make(content)
    assert texts_of(prepared) == {
        name: {row["text"] for row in content if row["split"] == written}
        for name, written in (("train", "Train"), ("val", "dev"), ("test", "TEST"))
    }
    assert report.split_by == "column `split`"
    assert prepared.split("val").metadata().column_names == ["split"]


def test_what_a_split_column_lacks_is_cut_off_train(make):
    content = rows(120)
    for n, row in enumerate(content):
        row["split"] = "test" if n >= 100 else "train"
    report, prepared = make(content)
    assert report.rows == {"train": 90, "val": 10, "test": 20, "unlabeled": 0}
    assert texts_of(prepared)["test"] == {row["text"] for row in content[100:]}
    assert report.split_by == "column `split`; val is 0.1 of the train rows, seed 42"


def test_val_and_test_files_are_kept_as_given_and_overlaps_are_told(make, tmp_path):
    val, test = rows(20, start=1000), [*rows(20, start=2000), *rows(3)]
    report, prepared = make(rows(100), val=write_csv(tmp_path / "v.csv", val), test=write_csv(tmp_path / "t.csv", test))
    assert report.rows == {"train": 100, "val": 20, "test": 23, "unlabeled": 0}
    assert prepared.split("test").texts() == [row["text"] for row in test]
    assert "3 of 23 test rows have a text that is also in train" in report.warnings


def test_a_val_file_with_other_columns_is_refused(make, tmp_path):
    other = write_csv(tmp_path / "v.csv", [{"body": "some text", "label": "good"}])
    with pytest.raises(InputError, match=r"column `text` not found in `.*v\.csv`"):
        make(rows(), val=other)


def test_groups_never_cross_a_split(make):
    content = rows(600)
    for n, row in enumerate(content):
        row["author"] = str(n % 97)
    _, prepared = make(content, group_column="author")
    authors = [set(prepared.split(name).metadata().column("author").to_pylist()) for name in ("train", "val", "test")]
    assert all(authors)
    assert are_disjoint(*authors)


def test_duplicates_never_cross_a_split_and_are_reported(make):
    rng = random.Random(1)
    content = [rng.choice(rows(80)) for _ in range(500)]
    content += [{**content[0], "label": "neither"}] * 2
    report, prepared = make(content)
    assert are_disjoint(*texts_of(prepared).values())
    assert report.duplicates == 502 - len({row["text"] for row in content})
    assert report.conflicting_texts == 1
    assert report.conflicts[0].text == content[0]["text"]
    assert report.conflicts[0].labels["neither"] == 2


def test_augmented_copies_stay_with_their_original(make):
    originals = [{**row, "augmented": "false", "method": "", "source_id": str(n)} for n, row in enumerate(rows(200))]
    copies = [
        {
            "text": f"{row['text']} again",
            "label": row["label"],
            "augmented": "true",
            "method": "swap",
            "source_id": row["source_id"],
        }
        for row in originals
    ]
    report, prepared = make(originals + copies)
    assert report.rows == {"train": 320, "val": 20, "test": 20, "unlabeled": 0}
    assert report.dropped == {"copies of val or test rows": 40}
    for name in ("val", "test"):
        assert set(prepared.split(name).metadata().column("augmented").to_pylist()) == {"false"}
    train = prepared.split("train").metadata()
    assert sorted(train.column("source_id").to_pylist())[::2] == sorted(set(train.column("source_id").to_pylist()))


def test_copies_are_tied_to_originals_by_id_where_those_have_no_source_id(make, tmp_path):
    originals = [{"id": f"r{n}", **row} for n, row in enumerate(rows(100))]
    copies = [
        {"id": f"c{n}", "text": f"copy {n}", "label": row["label"], "source_id": f"r{n}"}
        for n, row in enumerate(originals)
    ]
    (tmp_path / "d.jsonl").write_text("\n".join(map(json.dumps, originals + copies)))
    report, prepared = make(tmp_path / "d.jsonl")
    assert report.rows == {"train": 160, "val": 10, "test": 10, "unlabeled": 0}
    train = prepared.split("train")
    pairs = dict(zip(train.row_ids(), train.metadata().column("source_id").to_pylist(), strict=True))
    assert all(source in pairs for source in pairs.values() if source)


def test_rows_without_text_are_dropped_and_counted_and_those_without_label_are_kept_apart(make):
    content = [*rows(60), *({"text": text, "label": "good"} for text in ("", "  ", "\t\n"))]
    content += [{"text": f"no label {n}", "label": label} for n, label in enumerate(("", " ", ""))]
    report, prepared = make(content)
    assert report.rows_read == 66
    assert report.dropped == {"no text": 3}
    assert prepared.split("unlabeled").texts() == ["no label 0", "no label 1", "no label 2"]


def test_numeric_labels_keep_their_names_and_whole_ones_lose_the_point(make):
    report, prepared = make(rows(60, labels=("1.0", "0.0", "10.0")))
    assert prepared.labels == ("0", "1", "10")
    assert any("`0.0` as `0`" in warning for warning in report.warnings)
    assert make(rows(60, labels=("2", "10")))[1].labels == ("2", "10")


def test_labels_that_differ_by_case_or_spaces_are_warned_about_and_listed(make):
    report, prepared = make(rows(80, labels=("good", "Good", "very  good", "very good", "good ", "bad")))
    assert prepared.labels == ("Good", "bad", "good", "very  good", "very good")
    assert [set(group) for group in report.lookalike_labels] == [{"good", "Good"}, {"very  good", "very good"}]
    assert any("differ only by case or spaces" in warning for warning in report.warnings)


def test_a_class_with_one_row_is_warned_about_by_name(make):
    report, prepared = make([*rows(60), {"text": "alone", "label": "rare"}])
    assert prepared.labels == ("bad", "good", "rare")
    assert report.class_counts["train"]["rare"] == 1
    assert "some classes are not in every split: `rare` (not in val and test)" in report.warnings


def test_lengths_truncation_and_unknown_tokens_are_counted(make):
    content = [{"text": "word " * (n % 50 + 1) + str(n), "label": "ab"[n % 2]} for n in range(500)]
    report, prepared = make(content, max_length=20)
    tokenizer = prepared.tokenizer()
    tokenizer.no_truncation()
    whole = sorted(len(tokenizer.encode(text).ids) for text in prepared.split("train").texts())
    assert report.lengths[100] == whole[-1]
    assert report.lengths[50] == whole[(len(whole) + 1) // 2 - 1]
    every = [len(tokenizer.encode(text).ids) for name in prepared.splits for text in prepared.split(name).texts()]
    assert report.truncated == pytest.approx(sum(length > 20 for length in every) / len(every))
    assert report.tokens["train"] == prepared.split("train").lengths.sum()
    assert prepared.split("train").lengths.max() == 20


def test_ids_name_rows_unless_they_repeat(make):
    content = [{"id": f"x{n}", **row} for n, row in enumerate(rows(1500))]
    assert make(content)[1].split("train").row_ids([0])[0].startswith("x")
    content[1400]["id"] = "x3"
    report, prepared = make(content)
    assert any("column `id` has the same value in several rows" in warning for warning in report.warnings)
    assert isinstance(prepared.split("train").row_ids([0])[0], int)
    assert "id" in prepared.split("train").metadata().column_names


def test_progress_is_told_from_the_first_row_to_the_last(tmp_path):
    told: list[RowProgress] = []
    prepare(write_csv(tmp_path / "d.csv", rows(100)), PrepareConfig(**SMALL), tmp_path / "out", told.append)
    assert [progress.stage for progress in told] == ["reading", "training the tokenizer", "encoding"]
    assert (told[0].done, told[-1]) == (100, RowProgress("encoding", 100, 100))


def test_a_very_long_text_and_one_of_one_letter_are_both_encoded(make):
    report, _ = make([*rows(40), {"text": "long words " * 100_000, "label": "good"}, {"text": "x", "label": "bad"}])
    assert report.truncated == pytest.approx(1 / 42)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"text": "a b", "label": "x"}] * 3, "every labeled row of .* has the label `x`"),
        ([{"text": "a b", "label": ""}] * 3, "no row of .* has a label: column `label` is empty"),
        ([{"text": "", "label": "x"}] * 3, "column `text` of .* is empty in every row"),
        ([{"text": "a b", "other": "x y"}] * 3, "no column of .* looks like a label"),
        ([{"text": f"a {n}", "label": f"class {n}"} for n in range(11_000)], "more than 10,000 different values"),
        (
            [{"text": f"a {n}", "label": f"class {n}"} for n in range(60)],
            "has 60 different values in 60 rows, not classes",
        ),
        (
            [{"text": "a b", "label": "x", "split": "train"}, {"text": "a c", "label": "y", "split": ""}],
            "is empty in row 2",
        ),
    ],
)
def test_data_that_cannot_make_a_classifier_is_refused_and_nothing_is_written(make, tmp_path, content, message):
    with pytest.raises(InputError, match=message) as caught:
        make(content)
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_a_header_alone_is_refused(make, write):
    with pytest.raises(InputError, match="has no rows, only a header"):
        make(write("text,label\n"))
    with pytest.raises(InputError, match="has no rows"):
        make(write("[]", "d.json"))


def test_an_unknown_value_far_down_a_split_column_is_refused(make):
    content = [{**row, "split": "train"} for row in rows(2000)]
    content[-1]["split"] = "holdout"
    with pytest.raises(InputError, match="has the value `holdout`, which names no split"):
        make(content)


def test_split_column_and_files_contradict_each_other(make, tmp_path):
    with pytest.raises(InputError, match="--split-column cannot be combined with --val or --test"):
        make(rows(), split_column="label", test=write_csv(tmp_path / "t.csv", rows(4)))


def test_a_mistake_late_in_the_file_leaves_the_old_folder_as_it_was(make, tmp_path):
    _, before = make(rows(60))
    broken = tmp_path / "broken.csv"
    broken.write_text("text,label\n" + "some words,a\nother words,b\n" * 20_000 + "one,two,three\n")
    with pytest.raises(InputError, match="line 40002"):
        make(broken)
    assert Prepared.open(tmp_path / "prepared", verify=True).fingerprint == before.fingerprint
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_folder_that_prepare_did_not_make_is_kept(make, tmp_path):
    (tmp_path / "prepared").mkdir()
    make(rows())  # an empty folder is nobody's
    other = tmp_path / "mine"
    other.mkdir()
    (other / "thesis.txt").write_text("years of work")
    path = write_csv(tmp_path / "d.csv", rows())
    with pytest.raises(InputError, match="was not made by txt prepare") as caught:
        prepare(path, PrepareConfig(**SMALL), other)
    assert "--force" in caught.value.hint
    with pytest.raises(InputError, match="is a file"):
        prepare(path, PrepareConfig(**SMALL), path)
    with pytest.raises(InputError, match="and would be replaced"):
        prepare(path, PrepareConfig(**SMALL), tmp_path, force=True)
    prepare(path, PrepareConfig(**SMALL), other, force=True)
    assert not (other / "thesis.txt").exists()


def test_a_folder_that_runs_were_trained_on_is_kept(make, tmp_path):
    _, prepared = make(rows())
    run = tmp_path / "runs" / "first"
    run.mkdir(parents=True)
    (run / "config.json").write_text(json.dumps({"format": 1, "prepared": "../../prepared", "config": {}}))
    with pytest.raises(InputError, match="is what 1 run trained on: first"):
        make(rows(80))
    prepare(write_csv(tmp_path / "d.csv", rows(80)), PrepareConfig(**SMALL), tmp_path / "prepared", force=True)
    assert Prepared.open(tmp_path / "prepared").fingerprint != prepared.fingerprint


def test_a_read_only_folder_is_told(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    path = write_csv(tmp_path / "d.csv", rows())
    (tmp_path / "locked").mkdir(mode=0o555)
    with pytest.raises(TxtError, match="permission denied"):
        prepare(path, PrepareConfig(**SMALL), tmp_path / "locked" / "out")


def test_a_full_disk_is_told_and_leaves_nothing(tmp_path):
    """A limit on the size of files stands for the full disk: the same writes fail, with another number."""
    path = write_csv(tmp_path / "d.csv", rows(20_000))
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from txt.config import PrepareConfig; from txt.data.prepare import prepare; from txt.errors import TxtError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"
        "try: prepare(Path(sys.argv[1]), PrepareConfig(vocab_size=200), Path(sys.argv[2]))\n"
        "except TxtError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), str(tmp_path / "out")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"writing `{tmp_path / 'out'}`: {os.strerror(errno.EFBIG).lower()}"
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.csv"]


def test_an_interrupted_preparation_leaves_nothing(tmp_path):
    path = write_csv(tmp_path / "d.csv", rows(20_000))

    def interrupt(progress):
        if progress.stage == "encoding":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(path, PrepareConfig(**SMALL), tmp_path / "out", interrupt)
    assert [entry.name for entry in tmp_path.iterdir()] == ["d.csv"]


def test_the_real_data_sets_prepare_without_any_option(shared_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected = {
        "airline/Tweets.csv": ({"train": 11714, "val": 1463, "test": 1463, "unlabeled": 0}, 3),
        "finphrase/all-data.csv": ({"train": 3878, "val": 484, "test": 484, "unlabeled": 0}, 3),
        "sentences3000/all.csv": ({"train": 2400, "val": 300, "test": 300, "unlabeled": 0}, 2),
    }
    for number, (name, (sizes, classes)) in enumerate(expected.items()):
        report = prepare(shared_data / name, PrepareConfig(vocab_size=1000), tmp_path / str(number))
        assert report.rows == sizes
        prepared = Prepared.open(tmp_path / str(number))
        assert len(prepared.labels) == classes
        assert are_disjoint(*texts_of(prepared).values())


def test_official_splits_are_kept_to_the_row(shared_data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = shared_data / "sst2"
    config = PrepareConfig(val=folder / "val.csv", test=folder / "test.csv", vocab_size=1000)
    report = prepare(folder / "train.csv", config, tmp_path / "out")
    assert report.rows == {"train": 6920, "val": 872, "test": 1821, "unlabeled": 0}
    with (folder / "test.csv").open(newline="") as file:
        assert Prepared.open(tmp_path / "out").split("test").texts() == [row["text"] for row in csv.DictReader(file)]


def test_strings_without_a_space_are_left_out_of_the_tokenizers_training_and_told(tmp_path):
    rng = random.Random(0)
    letters = string.ascii_letters + string.digits
    lines = ["text,label"]
    for number in range(60):
        blob = "".join(rng.choices(letters, k=400)) if number % 2 else "plain words"
        lines.append(f"the film was good {number} {blob},{'ab'[number % 2]}")
    (tmp_path / "data.csv").write_text("\n".join(lines))
    report = prepare(tmp_path / "data.csv", PrepareConfig(vocab_size=300), tmp_path / "prepared")
    assert any("without a space" in warning for warning in report.warnings)
    vocabulary = Prepared.open(tmp_path / "prepared").tokenizer().get_vocab()
    assert {"film", "plain", "words"} <= set(vocabulary)
    pieces = [piece.removeprefix("##") for piece in vocabulary if not piece.startswith("[")]
    assert max(map(len, pieces)) <= len("words") + 3
