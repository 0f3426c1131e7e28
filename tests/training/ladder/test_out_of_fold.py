"""What is kept of the rows that a model learned from comes back as it was, or is refused."""

import io
import random
import resource
import zipfile

import numpy as np
import pytest

from stress.fuzz import mutate
from txt.errors import InputError
from txt.training.ladder.out_of_fold import FILE, OutOfFold, read_out_of_fold, write_out_of_fold

PLACES = np.arange(60)
LOGITS = np.stack([PLACES / 60, 1 - PLACES / 60], 1)


@pytest.mark.parametrize("labels", [PLACES % 2, np.stack([PLACES % 2 == 0, PLACES % 3 == 0], 1)])
def test_what_was_written_comes_back(tmp_path, labels):
    assert read_out_of_fold(tmp_path) is None
    write_out_of_fold(tmp_path, OutOfFold(PLACES, labels, LOGITS))
    found = read_out_of_fold(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.places, PLACES)
    np.testing.assert_array_equal(found.labels, labels)
    np.testing.assert_allclose(found.logits, LOGITS, atol=1e-7)


def test_a_changed_file_is_as_it_was_or_refused_and_never_none(tmp_path):
    write_out_of_fold(tmp_path, OutOfFold(PLACES, PLACES % 2, LOGITS))
    written = (tmp_path / FILE).read_bytes()
    refused = 0
    for seed in range(400):
        (tmp_path / FILE).write_bytes(mutate(written, random.Random(seed)))
        try:
            found = read_out_of_fold(tmp_path)
        except InputError:
            refused += 1
        else:
            assert found is not None
            assert len(found.places) == len(found.labels) == len(found.logits)
    assert 200 < refused < 400


WRONG = {
    "other lengths": {"labels": PLACES[:9] % 2},
    "a label without a class": {"labels": PLACES},
    "one axis": {"logits": LOGITS[:, 0]},
    "not a number": {"logits": LOGITS * np.nan},
    "a place below the first": {"places": PLACES - 1},
    "objects": {"labels": np.array([None] * 60)},
    "no rows": {"places": PLACES[:0], "labels": PLACES[:0], "logits": LOGITS[:0]},
}


@pytest.mark.parametrize("kind", WRONG)
def test_arrays_that_do_not_fit_are_refused(tmp_path, kind):
    arrays = {"places": PLACES, "labels": PLACES % 2, "logits": LOGITS, **WRONG[kind]}
    np.savez(tmp_path / FILE, **arrays)
    with pytest.raises(InputError, match="is damaged"):
        read_out_of_fold(tmp_path)


def test_neither_a_bomb_nor_a_claimed_size_takes_memory(tmp_path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    np.savez_compressed(tmp_path / FILE, places=PLACES, labels=PLACES % 2, logits=np.zeros((60, 1_000_000), np.int8))
    with pytest.raises(InputError, match="is compressed"):
        read_out_of_fold(tmp_path)
    claimed = io.BytesIO()
    np.lib.format.write_array_header_1_0(claimed, {"descr": "<f8", "fortran_order": False, "shape": (10**12,)})
    with zipfile.ZipFile(tmp_path / FILE, "w") as archive:
        for name in ("places", "labels", "logits"):
            archive.writestr(f"{name}.npy", claimed.getvalue())
    with pytest.raises(InputError, match="is damaged"):
        read_out_of_fold(tmp_path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10  # kilobytes
