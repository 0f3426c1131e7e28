"""Damaged files, fifty of the thousand that `make stress` reads."""

import random

import pytest

pytest.importorskip("openpyxl", reason="the package openpyxl is not installed")
pytest.importorskip("python_calamine", reason="the package python-calamine is not installed")

from stress.mutated_files import MUTATIONS, WRITERS, compare, judge, make_table, run


def test_fifty_damaged_files_are_read_as_by_pandas_or_refused_in_one_line(tmp_path):
    outcome = run(50, 1, tmp_path, seconds=120)
    assert outcome.wrong == []
    ends = {ended for _, ended in outcome.counts}
    assert ends == {"read", "refused"}


@pytest.mark.parametrize("kind", WRITERS)
def test_each_kind_is_read_before_it_is_damaged(tmp_path, kind):
    ending, write = WRITERS[kind]
    rng = random.Random(5)
    for number in range(3):
        path = tmp_path / f"{number}{ending}"
        write(path, make_table(rng), rng)
        assert judge(path, 120) == ("read", "")


def test_each_damage_changes_a_file(tmp_path):
    rng = random.Random(0)
    WRITERS["csv"][1](tmp_path / "a.csv", make_table(rng), rng)
    data = (tmp_path / "a.csv").read_bytes()
    for name, damage in MUTATIONS.items():
        assert any(damage(data, random.Random(seed)) != data for seed in range(5)), name


def test_a_wrong_reading_is_noticed(tmp_path):
    from txt.config import PrepareConfig
    from txt.data.reading.table import open_table

    (tmp_path / "a.csv").write_text("text,label\none text,a\nanother text,b\n")
    with open_table(tmp_path / "a.csv", PrepareConfig()) as table:
        rows = list(table.rows())
        assert compare(table, rows) is None
        assert compare(table, rows[1:]) is not None
        assert "row 2" in (compare(table, [rows[0], {"text": "other", "label": "b"}]) or "")
