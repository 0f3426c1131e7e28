"""What is found in texts: personal data by kind, odd characters, templates, key words."""

import numpy as np
import pytest

from tests.exploration.conftest import write_things
from txt.config import PrepareConfig
from txt.exploration.corpus import read_corpus
from txt.exploration.key_words import WordCounts
from txt.exploration.personal import count_personal, hide_personal
from txt.exploration.repeats import GAP, find_repeats, make_template
from txt.exploration.signs import count_odd, measure_lengths

FOUND = {
    "e-mail addresses": ["write to anna.b+c@mail.example.org please", "<a@b.de>"],
    "links": ["see https://x.org/a?b=c", "on www.example.com today"],
    "user names": ["thanks @anna_b!", "@united no"],
    "card numbers": ["4111 1111 1111 1111 is mine", "card 5500-0000-0000-0004."],
    "account numbers": ["IBAN DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"],
    "network addresses": ["from 192.168.0.254 at noon"],
    "phone numbers": ["call +49 30 1234567", "(555) 123-4567 now", "020 7946 0958", "800-555-0199"],
    "street addresses": ["at 221b Baker Street", "in der Hauptstraße 12"],
    "names of files": ["see /home/anna/taxes/2019.txt", "C:\\Users\\anna\\a.doc", "open invoice-12.pdf"],
    "long numbers": ["order 123456789 is late"],
}

NOT_FOUND = [
    "5 stars @ 3 pm, 10/10",
    "on 2015-02-24 11:35 and 24.02.2015",
    "it cost 1,234,567.89 in all",
    "4111 1111 1111 1112",
    "version 1.2.3.400 and 3.14159265",
    "and/or, 24/7, he/she",
    "the price of 1200 to 1500 for 12 of 20",
]


@pytest.mark.parametrize("kind", FOUND)
def test_personal_data_is_counted_by_kind_and_hidden(kind):
    for text in FOUND[kind]:
        counts = {name: each.rows for name, each in count_personal([text]).items() if each.rows}
        assert counts == {kind: 1}, text
        assert hide_personal(text) != text
        assert hide_personal(hide_personal(text)) == hide_personal(text)


@pytest.mark.parametrize("text", NOT_FOUND)
def test_what_only_looks_like_personal_data_is_left_alone(text):
    assert hide_personal(text) == text


def test_rows_and_times_are_counted_apart():
    counted = count_personal(["a@b.de and c@d.org", "none", "e@f.com"])["e-mail addresses"]
    assert (counted.rows, counted.found) == (2, 3)


def test_long_unbroken_strings_take_no_time():
    for letter in "a1@./- ":
        hide_personal(letter * 20_000)
        count_odd([letter * 20_000])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("a\x07b", "control characters"),
        ("caf\ufffd", "replacement characters"),
        ("schÃ¶n", "letters decoded wrongly"),
        ("zero\u200bwidth", "invisible characters"),
        ("a\u00a0b", "unusual spaces"),
        ("you &amp; me", "HTML entities"),
        ("a <b class='x'>b</b>", "HTML tags"),
        ("good 😀", "emoji"),
        ("pаypal", "words of two alphabets"),
        ("x" * 80, "unbroken strings of 80 characters or more"),
        ("two\nlines", "line breaks"),
    ],
)
def test_each_oddity_is_found_alone(text, name):
    assert count_odd([text, "a plain text, 3 < 4 & 5 > 2"]) == {name: 1}


def test_lengths_are_of_texts_that_exist():
    found = measure_lengths(range(1, 101))
    assert (found.median, found.most, found.longest) == (50, 95, 100)


def test_a_template_has_gaps_where_texts_differ():
    texts = [
        "Your code is 1234 , do not share it",
        "Your code is 99 and 3 , do not share it",
        "Your code is A , do not share it",
    ]
    assert make_template(texts) == f"Your code is {GAP} , do not share it"
    assert make_template(["all the same"] * 3) == "all the same"
    assert make_template(["one two three", "four five six"]) == "one two three"


def test_repeats_are_counted_and_templates_hide_personal_data(tmp_path):
    same = "The courier came twice and left no note for anybody here"
    texts = [f"Hello @user{n}, your parcel {1000 + n} waits for you at the counter of our shop today" for n in range(5)]
    path = tmp_path / "data.csv"
    path.write_text("text\n" + "\n".join(f'"{text}"' for text in [same, *texts, same, same, "something else entirely"]))
    found = find_repeats(read_corpus(str(path), PrepareConfig(), None, lambda _done: None), 100)
    assert found.copies == 2
    assert [(group.rows.tolist(), group.different) for group in found.groups] == [([1, 2, 3, 4, 5], 5), ([0, 6, 7], 1)]
    assert found.near == 4
    assert "@user" not in found.groups[0].template
    assert "waits for you at the counter" in found.groups[0].template
    assert found.groups[1].template == same


def test_key_words_stand_for_a_cluster_and_common_words_do_not():
    texts = [
        "the kettle is hot",
        "the kettle is loud",
        "the parcel is late",
        "the parcel is lost",
        "my number is 55512345",
    ]
    counts = WordCounts(texts, np.array([0, 0, 1, 1, -1]), 2, frozenset({"the", "is"}))
    assert counts.find_key_words(0, 1) in (["kettle"], ["the kettle"], ["kettle is"])
    assert "kettle" not in " ".join(counts.find_key_words(1, 3))
    assert "parcel" in " ".join(counts.find_setting_apart(1, 0, 1))
    assert not any("555" in term for term in counts.terms)


def test_labels_of_a_file_are_read_and_several_are_told_apart(tmp_path):
    corpus = read_corpus(str(write_things(tmp_path / "a.csv", 6)), PrepareConfig(), None, lambda _done: None)
    assert [corpus.label_names[code] for code in corpus.label_codes] == ["kettle", "letter", "refund"] * 2
    (tmp_path / "b.csv").write_text("text,label\nso good,joy|love\nso bad,anger\nso so,joy\nhm hm,love\n")
    corpus = read_corpus(str(tmp_path / "b.csv"), PrepareConfig(), None, lambda _done: None)
    assert corpus.label_sets[0] == ("joy", "love")
