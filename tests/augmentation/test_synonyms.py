"""WordNet's files become a table of replacements, and words are replaced in their form, role and case."""

import os
import zipfile

import pytest

from tests.augmentation.conftest import write_wordnet
from txt.augmentation import synonyms, wordnet
from txt.augmentation.methods import AUGMENTERS, Setup
from txt.augmentation.rng import RowRng
from txt.augmentation.spans import Splitter
from txt.errors import InputError
from txt.files import cache_folder


def replaced(table, text, seed=1, rate=1.0):
    return synonyms.make_replace(synonyms.make_finder(table))(Splitter().split(text), RowRng(seed), rate)


def outcomes(table, text, rate=0.1):
    return {replaced(table, text, seed, rate) for seed in range(40)}


@pytest.fixture
def table(wordnet_folder):
    return wordnet.load_wordnet(wordnet_folder).synonyms


def test_forms_are_replaced_by_the_same_form(table):
    assert outcomes(table, "the films") == {"the movies", "the pictures"}
    assert outcomes(table, "she ended it") == {"she finished it"}
    assert outcomes(table, "the big car", rate=1.0) == {"the large auto"}
    assert replaced(table, "truly") == "really"


def test_case_is_kept_and_names_are_left_alone(table):
    assert replaced(table, "Really") == "Truly"
    assert replaced(table, "REALLY") == "TRULY"
    assert replaced(table, "we saw Doctor Film") is None


def test_a_stays_right_before_what_follows(table):
    assert replaced(table, "a car") is None  # "a auto" would be wrong
    assert replaced(table, "the car") == "the auto"
    assert replaced(table, "an auto") is None


def test_the_role_goes_by_the_word_before(table):
    assert replaced(table, "to purchase") == "to buy"
    assert replaced(table, "the purchase") is None


def test_irregular_forms_and_unknown_words_are_left_alone(table):
    for text in ("she bought it", "the children", "the fox", "grumblefizz"):
        assert replaced(table, text) is None


def test_antonyms_come_from_a_table_of_their_own(wordnet_folder):
    table = wordnet.load_wordnet(wordnet_folder).antonyms
    assert replaced(table, "a hot film") == "a cold film"


def test_insertion_adds_a_synonym_and_changes_nothing_else(table):
    text = "we went to the cinema and watched the film"
    changed = synonyms.make_insert(synonyms.make_finder(table))(Splitter().split(text), RowRng(1), 0.1)
    added = [word for word in changed.split() if word not in text.split()]
    assert len(added) == 1
    assert [word for word in changed.split() if word not in added] == text.split()


def test_all_forms_of_the_files_give_the_same_table(tmp_path, wordnet_folder, monkeypatch):
    plain = wordnet.load_wordnet(wordnet_folder)
    assert wordnet.load_wordnet(write_wordnet(tmp_path / "crlf", line_end="\r\n")) == plain
    archive = tmp_path / "nltk" / "corpora" / "wordnet.zip"
    archive.parent.mkdir(parents=True)
    with zipfile.ZipFile(archive, "w") as file:
        for path in wordnet_folder.iterdir():
            file.write(path, f"wordnet/{path.name}")
    monkeypatch.setenv("NLTK_DATA", str(tmp_path / "nltk"))
    assert wordnet.find_wordnet() == archive
    assert wordnet.load_wordnet() == plain


def test_the_table_is_kept_and_made_again_when_the_files_change(wordnet_folder, monkeypatch):
    first = wordnet.load_wordnet(wordnet_folder)
    kept = next(cache_folder().iterdir())
    with monkeypatch.context() as patch:
        patch.setattr(wordnet, "_make_lines", lambda _: pytest.fail("the kept table was not used"))
        assert wordnet.load_wordnet(wordnet_folder) == first
    kept.write_text("damaged")
    assert wordnet.load_wordnet(wordnet_folder) == first
    os.utime(wordnet_folder / "data.noun", ns=(1, 1))
    assert wordnet.load_wordnet(wordnet_folder) == first
    assert len(list(cache_folder().iterdir())) == 2


def test_a_cache_that_cannot_be_written_does_no_harm(wordnet_folder, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert wordnet.load_wordnet(wordnet_folder).synonyms


def test_missing_wordnet_is_told_with_three_ways_out(no_wordnet, tmp_path):
    with pytest.raises(wordnet.MissingWordNetError) as told:
        wordnet.load_wordnet()
    assert all(way in told.value.hint for way in ("--wordnet", "wordnet-base", "nltk"))
    with pytest.raises(InputError, match="holds no WordNet"):
        wordnet.load_wordnet(tmp_path)
    with pytest.raises(InputError, match="WordNet is English"):
        AUGMENTERS["synonym"](Setup(language="de"))


def test_eda_mixes_four_edits_and_insertion_does_without_wordnet(wordnet_folder, no_wordnet):
    eda = AUGMENTERS["eda"](Setup(wordnet=wordnet_folder))
    text = "really we saw that the film was long and the car was big"
    found = {eda(Splitter().split(text), RowRng(seed), 0.9) for seed in range(60)}
    lengths = {len(each.split()) for each in found}
    assert min(lengths) < len(text.split()) < max(lengths)
    assert any("truly" in each for each in found)
    assert AUGMENTERS["insert"](Setup())(Splitter().split(text), RowRng(1), 0.1) is not None
