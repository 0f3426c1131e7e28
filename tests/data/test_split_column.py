import pytest

from txt.cli import main
from txt.data.prepared import Prepared
from txt.data.reading.split_column import find_split, is_held_out, parse_split, parse_split_values
from txt.errors import InputError

ROWS = ["train", "train", "eval"] * 30


def write_rows(path, splits, name="split"):
    rows = [f"text number {number} is here,{'ab'[number % 2]},{split}" for number, split in enumerate(splits)]
    path.write_text("\n".join([f"text,label,{name}", *rows]) + "\n")
    return path


@pytest.mark.parametrize(
    ("cell", "split"),
    [
        ("train", "train"),
        ("Train set", "train"),
        ("training_data", "train"),
        ("TEST-SET", "test"),
        ("testset", "test"),
        ("validation split", "val"),
        ("Dev", "val"),
        ("eval", None),
        ("set", None),
        ("train test", None),
        ("", None),
        (None, None),
    ],
)
def test_common_names_of_splits_are_known(cell, split):
    assert parse_split(cell) == split


def test_a_split_column_is_one_whose_values_name_splits():
    assert find_split({"split": ["train"] * 5}).name == "split"
    assert find_split({"part": ["train", "Dev", "TEST"]}).why == "its values are dev, test, train"
    assert find_split({"kind": ["test"] * 5}) is None
    assert find_split({"environment": ["dev", "test"]}) is None  # machines, not splits


@pytest.mark.parametrize("name", ["split", "Set", "partition", "data_split"])
@pytest.mark.parametrize("values", [["train", "eval"], ["front", "back"], ["1", "2", "3"]])
def test_a_value_that_names_no_split_is_refused_under_a_name_of_splits(name, values):
    with pytest.raises(InputError) as error:
        find_split({name: values})
    assert f"`{values[-1]}`" in error.value.message
    assert "--split-values" in (error.value.hint or "")
    assert "--split-column none" in (error.value.hint or "")
    assert find_split({name: values}, "none") is None


def test_two_columns_that_may_name_the_splits_are_refused():
    with pytest.raises(InputError, match="`one` and `two`"):
        find_split({"one": ["train", "test"], "two": ["train", "dev"]})
    assert find_split({"one": ["train", "test"], "split": ["train", "dev"]}).name == "split"


def test_the_users_names_are_taken():
    split = find_split({"split": ["train", "eval", "x y"]}, values=parse_split_values("eval=val, x y=test"))
    assert [split.parse(cell) for cell in ("eval", "x y", "Train", "other")] == ["val", "test", "train", None]


@pytest.mark.parametrize("written", ["eval", "eval=", "=val", "eval=sometimes"])
def test_names_of_splits_that_make_no_sense_are_refused(written):
    with pytest.raises(InputError, match="VALUE=SPLIT"):
        parse_split_values(written)


def test_names_without_a_column_are_refused():
    with pytest.raises(InputError, match="no column"):
        find_split({"kind": ["a", "b"]}, values={"eval": "val"})
    with pytest.raises(InputError, match="no effect"):
        find_split({"split": ["train"]}, "none", values={"eval": "val"})


def test_labeling_learns_from_no_row_of_an_unknown_split():
    assert find_split({"split": ["train", "eval"]}, strict=False).name == "split"
    assert find_split({"fold": ["1", "2"]}, strict=False) is None
    assert [is_held_out(cell) for cell in ("train", "", "dev", "test", "eval")] == [False, False, False, True, True]


def test_prepare_never_trains_on_rows_of_an_unknown_split(tmp_path, capsys):
    data, out = write_rows(tmp_path / "data.csv", ROWS), str(tmp_path / "out")
    command = ["prepare", str(data), "--vocab-size", "200", "-o", out]
    assert main(command) == 2
    assert "--split-values eval=val" in capsys.readouterr().err
    assert main([*command, "--split-values", "eval=val"]) == 0
    prepared = Prepared.open(tmp_path / "out")
    assert set(prepared.split("val").texts()) == {
        f"text number {number} is here" for number, split in enumerate(ROWS) if split == "eval"
    }
    assert prepared.manifest.columns["split"]["values"] == {"eval": "val"}
    assert main([*command, "--split-column", "none", "--force"]) == 0
    assert Prepared.open(tmp_path / "out").manifest.columns["split"] is None


def test_an_unknown_value_far_down_is_refused_too(tmp_path, capsys):
    data = write_rows(tmp_path / "data.csv", [*["train", "test"] * 1200, "eval"])
    assert main(["prepare", str(data), "--vocab-size", "200", "-o", str(tmp_path / "out")]) == 2
    assert "`eval`" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "values", "pairs"),
    [
        ("is_test", "01", "0=train,1=test"),
        ("is_train", ["False", "True"], "False=test,True=train"),
        ("isValidation", ["no", "yes"], "no=train,yes=val"),
    ],
)
def test_a_column_that_says_yes_or_no_to_a_split_is_refused_until_that_is_settled(name, values, pairs):
    sample = {"text": ["a", "b"], name: list(values)}
    with pytest.raises(InputError, match=f"column `{name}` of") as raised:
        find_split(sample)
    assert f"--split-column {name} --split-values {pairs}" in raised.value.hint
    found = find_split(sample, name, values=parse_split_values(pairs))
    assert [found.parse(value) for value in values] == [pair.split("=")[1] for pair in pairs.split(",")]
    assert find_split(sample, "none") is None
    assert find_split({"text": ["a", "b"], name: ["maybe", "maybe"]}) is None


@pytest.mark.parametrize("values", [["train", "held-out"], ["Training", "PublicTest"], ["train", "evaluation"]])
def test_values_that_sound_like_splits_beside_train_are_refused_under_any_name(values):
    with pytest.raises(InputError, match="which names no split"):
        find_split({"text": ["a", "b"], "usage": values})


def test_trains_among_other_vehicles_are_no_split():
    assert find_split({"text": ["a", "b", "c"], "vehicle": ["train", "bus", "car"]}) is None
