"""Vectors: what is alike is near, the file is whole or absent, and searching is what a plain product finds."""

import os

import numpy as np
import pytest

from tests.exploration.conftest import THINGS
from txt.errors import InputError
from txt.exploration import vector_file
from txt.exploration.encoders import WORDS, clean_text, fit_encoder, load_encoder
from txt.exploration.nearest import find_nearest
from txt.exploration.token_table import check_installed, reduce_width
from txt.exploration.vector_file import find_place, make_vectors, open_vectors, remove_unused, take_spread
from txt.model.encoders import installed_encoders

TEXTS = [f"{one} {two}" for words in THINGS.values() for one in words for two in words if one != two]
ENCODERS = [name for name in (WORDS, "minilm") if name in (WORDS, *installed_encoders())]


def finish(making):
    """Return what a generator returns, and what it yielded."""
    told = []
    while True:
        try:
            told.append(next(making))
        except StopIteration as ended:
            return ended.value, told


@pytest.mark.parametrize("name", ENCODERS)
def test_texts_about_one_thing_are_nearer_than_others(name):
    vectors = fit_encoder(name, TEXTS).encode(TEXTS)
    about = np.repeat(np.arange(3), len(TEXTS) // 3)
    alike = vectors @ vectors.T
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-4)
    assert alike[about[:, None] == about].mean() > alike[about[:, None] != about].mean() + 0.1


@pytest.mark.skipif("multilingual" not in installed_encoders(), reason="the encoder is not installed")
def test_translations_are_near_to_each_other_with_the_multilingual_encoder():
    one = ["I want my money back", "the water is hot", "a letter arrived today"]
    other = ["ich will mein Geld zurück", "das Wasser ist heiß", "heute kam ein Brief an"]
    encoder = fit_encoder("multilingual", [*one, *other])
    alike = encoder.encode(one) @ encoder.encode(other).T
    assert alike.argmax(1).tolist() == [0, 1, 2]


@pytest.mark.parametrize("name", ENCODERS)
def test_a_text_of_which_nothing_is_known_is_zero_and_near_to_nothing(name):
    vectors = fit_encoder(name, TEXTS).encode(["", "kettle"])
    assert not vectors[0].any()
    assert find_nearest(vectors, vectors[1], 5)[0].tolist() == [1]


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_that_was_kept_encodes_to_the_same_bits(name, tmp_path):
    encoder = fit_encoder(name, TEXTS)
    encoder.save(tmp_path)
    assert (load_encoder(tmp_path).encode(TEXTS) == encoder.encode(TEXTS)).all()


def test_a_vector_of_words_is_that_of_latent_semantic_analysis(monkeypatch):
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    monkeypatch.setattr("txt.exploration.encoders.WIDTH", 5)
    rng = np.random.default_rng(1)
    words = np.array([[f"word{topic}{place}" for place in range(8)] for topic in range(5)])
    texts = [" ".join([*rng.choice(words[topic % 5], 6), rng.choice(words.ravel())]) for topic in range(200)]
    weighed = TfidfVectorizer(min_df=2, sublinear_tf=True, norm=None).fit_transform(texts)
    wanted = TruncatedSVD(5, algorithm="arpack", random_state=0).fit_transform(weighed)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    wanted -= wanted.mean(0)
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    found = fit_encoder(WORDS, texts).encode(texts)
    assert np.abs(found @ found.T - wanted @ wanted.T).max() < 0.05


def test_the_reduced_table_keeps_the_largest_variance():
    rng = np.random.default_rng(3)
    table = (rng.standard_normal((500, 12)) * np.arange(12, 0, -1)).astype(np.float32)
    reduced = reduce_width(table, 4)
    _, sizes, _ = np.linalg.svd(table - table.mean(0), full_matrices=False)
    assert np.allclose(np.linalg.norm(reduced, axis=0), sizes[:4], rtol=1e-3)


def test_links_and_names_of_users_say_nothing_unless_there_is_nothing_else():
    assert clean_text("@anna see https://x.org/y now").split() == ["see", "now"]
    assert clean_text("@anna https://x.org") == "@anna https://x.org"


def test_vectors_are_made_once_and_told_about_as_they_are_made(own_cache, monkeypatch):
    monkeypatch.setattr(vector_file, "_BATCH", 20)
    hashes = np.arange(len(TEXTS), dtype=np.uint64)
    made, told = finish(make_vectors(lambda: iter([TEXTS]), hashes, WORDS))
    assert told == [*range(20, len(TEXTS), 20), len(TEXTS)]
    again, told = finish(make_vectors(lambda: iter([]), hashes, WORDS))  # reads no text
    assert told == []
    assert (again.vectors == made.vectors).all()
    assert isinstance(again.vectors, np.memmap)
    assert find_place(hashes[::-1], WORDS) != find_place(hashes, WORDS)


def test_vectors_that_were_stopped_in_the_middle_leave_nothing(own_cache, monkeypatch):
    monkeypatch.setattr(vector_file, "_BATCH", 20)
    hashes = np.arange(len(TEXTS), dtype=np.uint64)
    making = make_vectors(lambda: iter([TEXTS]), hashes, WORDS)
    next(making)
    making.close()
    assert open_vectors(find_place(hashes, WORDS), len(TEXTS)) is None
    assert not list(find_place(hashes, WORDS).parent.glob("*"))


@pytest.mark.parametrize("damaged", ["vectors.npy", "encoder.npz", "encoder.json"])
def test_damaged_vectors_are_made_again(own_cache, damaged):
    hashes = np.arange(len(TEXTS), dtype=np.uint64)
    made, _ = finish(make_vectors(lambda: iter([TEXTS]), hashes, WORDS))
    wanted = np.array(made.vectors)
    (find_place(hashes, WORDS) / damaged).write_bytes(b"{}")
    again, _ = finish(make_vectors(lambda: iter([TEXTS]), hashes, WORDS))
    assert (again.vectors == wanted).all()


def test_vectors_are_made_without_a_cache_that_can_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(vector_file, "cache_folder", lambda: tmp_path / "file")
    made, _ = finish(make_vectors(lambda: iter([TEXTS]), np.arange(len(TEXTS), dtype=np.uint64), WORDS))
    assert len(made) == len(TEXTS)


def test_the_nearest_are_those_of_a_plain_product(monkeypatch):
    monkeypatch.setattr("txt.exploration.nearest._STRETCH", 7)
    rng = np.random.default_rng(5)
    vectors = rng.standard_normal((100, 8)).astype(np.float32)
    among = rng.random(100) < 0.5
    rows, likeness = find_nearest(vectors, vectors[3], 10, among)
    product = vectors @ vectors[3]
    wanted = [row for row in np.argsort(-product) if among[row] and product[row] > 0][:10]
    assert rows.tolist() == wanted
    assert np.allclose(likeness, product[rows])


def test_equally_near_rows_come_in_the_order_of_the_file():
    vectors = np.tile(np.array([[1, 0], [0, 1]], np.float32), (50, 1))
    assert find_nearest(vectors, vectors[0], 5)[0].tolist() == [0, 2, 4, 6, 8]


def test_a_sample_is_spread_over_all_texts():
    batches = [[str(place) for place in range(start, start + 10)] for start in range(0, 100, 10)]
    assert take_spread(lambda: iter(batches), 100, 7) == ["0", "15", "30", "45", "60", "75", "90"]
    assert take_spread(lambda: iter(batches), 100, 1000) == [str(place) for place in range(100)]


def test_an_encoder_that_is_not_installed_is_refused_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.setattr("txt.exploration.token_table.installed_encoders", tuple)
    with pytest.raises(InputError) as refused:
        check_installed("minilm")
    assert "install" in refused.value.hint
    check_installed(WORDS)


def test_vectors_that_were_not_used_for_longest_are_removed_where_all_take_too_much(own_cache):
    def make(seed):
        texts = [f"kettle number {seed} {word}" for word in ("water", "boil", "lid", "steam")]
        hashes = np.arange(len(texts), dtype=np.uint64) + np.uint64(10 * seed)
        for _ in make_vectors(lambda: iter([texts]), hashes, WORDS):
            pass
        return find_place(hashes, WORDS), len(texts)

    (oldest, count), (second, _), (latest, _) = (make(seed) for seed in (1, 2, 3))
    for moment, folder in enumerate((oldest, second, latest)):
        os.utime(folder, (moment, moment))
    other = own_cache / "explore" / "notes"  # not a folder of ours
    other.mkdir()
    (other / "a.txt").write_text("x" * 10_000)
    assert open_vectors(oldest, count) is not None  # used again, so the second is now the oldest
    size = sum(file.stat().st_size for file in latest.iterdir())
    assert remove_unused(oldest.parent, keep=latest, most=3 * size) == []
    assert remove_unused(oldest.parent, keep=latest, most=2 * size + 10) == [second]
    assert remove_unused(oldest.parent, keep=latest, most=1) == [oldest]
    assert latest.is_dir()
    assert other.is_dir()
