import pytest

from txt.data.reading.columns import Column, find_label, find_row_id, find_text
from txt.errors import InputError

REVIEWS = [f"a long review with many different words, number {n}" for n in range(20)]
TITLES = [f"title {n}" for n in range(20)]


def test_the_text_is_found_by_its_name():
    assert find_text({"id": ["1"], "Text": ["x"], "body": ["some words here"]}) == Column("Text", "by its name")
    assert find_text({"label": ["a", "b"], "news": REVIEWS}).name == "news"
    assert find_text({"stars": ["1"] * 20, "Review Text": REVIEWS}).name == "Review Text"


def test_the_text_is_found_by_its_content():
    found = find_text({"when": ["2/24/2015 11:35"] * 20, "kind": ["a b", "c d"] * 10, "what": REVIEWS})
    assert found.name == "what"
    assert found.why == "the longest texts, 9 words a row"
    assert find_text({"a": TITLES, "b": REVIEWS}).name == "b"


def test_texts_without_spaces_are_texts():
    chinese = [f"這是一個關於第{n}部電影的很長的評論" for n in range(20)]
    assert find_text({"x": ["正面", "負面"] * 10, "y": chinese}).name == "y"


def test_addresses_ids_and_dates_are_no_texts():
    sample = {
        "link": [f"https://example.org/some/page/{n}" for n in range(9)],
        "hash": [f"{n:032x}" for n in range(9)],
        "time": [f"2020-01-0{n} 10:00:00" for n in range(1, 10)],
    }
    with pytest.raises(InputError, match=r"no column of `data\.csv` looks like text") as caught:
        find_text(sample, source="data.csv")
    assert "--text-column link or --text-column hash or --text-column time" in caught.value.hint


def test_two_columns_that_are_equally_good_texts_are_an_error_that_lists_them():
    with pytest.raises(InputError, match="2 columns that may be the text: `question`, `comment`") as caught:
        find_text({"question": REVIEWS, "comment": REVIEWS})
    assert caught.value.hint == (
        "choose one: --text-column question or --text-column comment, "
        "or read several as one text: --text-column 'question,comment'"
    )
    with pytest.raises(InputError, match="`a`, `b`"):
        find_text({"a": REVIEWS, "b": REVIEWS})


@pytest.mark.parametrize("pair", [("premise", "hypothesis"), ("question1", "question2"), ("question", "passage")])
def test_two_texts_that_are_judged_together_are_never_taken_for_one(pair):
    long = [f"the train number {n} came late again today because of the snow on the rails" for n in range(9)]
    sample = {pair[0]: long, pair[1]: [f"the train {n} was late" for n in range(9)], "label": ["0", "1", "0"] * 3}
    with pytest.raises(InputError, match=f"2 columns that may be the text: `{pair[0]}`, `{pair[1]}`"):
        find_text(sample)
    assert find_text(sample, pair[1]).name == pair[1]


@pytest.mark.parametrize("name", ["status", "Assignee", "verified_purchase", "speaker"])
def test_what_describes_a_row_is_no_label_by_its_few_values(name):
    values = [f"value {n % 2}" for n in range(40)]
    texts = [f"the train number {n} came late" for n in range(40)]
    assert find_label({"text": texts, name: values}, "text") is None
    assert find_label({"text": texts, name: values}, "text", name).name == name


OTHER_THINGS = {
    "hashes": ("b6589fc6ab0d", "356a192b7913", "da4b9237bacc"),
    "long ids": ("3f2504e0-4f89-11d3-9a0c-0305e82c3300", "3f2504e0-4f89-11d3-9a0c-0305e82c3301"),
    "numbers of accounts": ("100200300400", "100200300401", "100200300402"),
    "days": ("Mar 1, 2024", "March 2, 2024"),
    "days of a mail program": ("Mon Apr 06 22:19:45 PDT 2009", "Tue Apr 07 22:19:45 PDT 2009"),
    "days in Japanese": ("2024年3月1日", "2024年3月2日"),
    "times": ("10:30", "11:30", "9:05 PM"),
    "seconds": ("1700000000", "1700086400.5"),
    "mail addresses": ("ann@shop.example", "ben@shop.example"),
    "mentions": ("@ann", "@ben"),
    "pages": ("https://shop.example/1", "www.shop.example/2"),
    "machines": ("10.0.0.1", "10.0.0.2:80"),
    "files": ("batch1.csv", "in/batch2.csv.gz"),
    "amounts": ("$1,299.00", "12 €"),
}


@pytest.mark.parametrize("kind", OTHER_THINGS)
def test_ids_dates_addresses_and_amounts_are_no_classes_however_few_they_are(kind):
    values = OTHER_THINGS[kind]
    sample = {"text": REVIEWS, "what": [values[row % len(values)] for row in range(20)]}
    assert find_label(sample, "text") is None
    assert find_label(sample, "text", "what").name == "what"
    assert find_label({**sample, "tone": ["good", "bad"] * 10}, "text").name == "tone"


@pytest.mark.parametrize(
    "values",
    ["good,bad", "0,1", "1.0,2.0", "B-2,C-3", "v1.0,v2.0", "may,june", "decade,facade", "1999,2000", "N/A,yes"],
)
def test_classes_that_look_a_little_like_other_things_are_classes(values):
    kinds = values.split(",")
    assert find_label({"text": REVIEWS, "what": [kinds[row % 2] for row in range(20)]}, "text").name == "what"


@pytest.mark.parametrize("name", ["AuthorID", "worker_id", "Create date", "ASSIGNMENT:worker_id", "reply url", "canal"])
def test_a_name_that_ends_as_an_ids_or_a_dates_is_no_labels(name):
    assert find_label({"text": REVIEWS, name: ["a", "b"] * 10}, "text") is None


LANGUAGES = {
    "English": ("Review Text", "Sentiment"),
    "Chinese": ("评论内容", "情感标签"),
    "Hindi": ("समीक्षा पाठ", "भावना"),
    "Spanish": ("Opinión", "Calificación"),
    "French": ("Avis du client", "Catégorie"),
    "Arabic": ("نص المراجعة", "التصنيف"),
    "Bengali": ("মন্তব্য", "অনুভূতি"),
    "Portuguese": ("Texto do comentário", "Avaliação"),
    "Russian": ("Текст отзыва", "Тональность"),
    "Urdu": ("تبصرہ", "جذبات"),
    "Indonesian": ("Ulasan", "Sentimen"),
    "Japanese": ("レビュー内容", "感情ラベル"),
    "Korean": ("리뷰 내용", "감성"),
    "Thai": ("ข้อความ", "ป้ายกำกับ"),
    "Vietnamese": ("Nội dung", "Nhãn"),
    "Turkish": ("Yorum", "Duygu"),
    "Hebrew": ("טקסט", "תווית"),
    "Greek": ("Κείμενο", "Ετικέτα"),
    "Czech": ("Text recenze", "Hodnocení"),
    "Swedish": ("Kommentar", "Betyg"),
    "an invisible letter": ("text\u200b", "\ufefflabel"),
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_columns_are_found_by_their_names_in_other_languages(language):
    text, label = LANGUAGES[language]
    few = ["a", "b"] * 10
    sample = {"id": [str(row) for row in range(20)], text: REVIEWS, label: few, "one": few, "other": few}
    assert find_text(sample).name == text
    assert find_label(sample, text).why == "by its name"
    assert find_label(sample, text).name == label


@pytest.mark.parametrize("heading", ["title", "Headline", "data.title", "タイトル"])
def test_a_heading_is_not_taken_for_the_text_where_longer_texts_have_an_unknown_name(heading):
    headings = [f"the title of review {number}" for number in range(20)]
    plots = [f"{review} that goes on and on" for review in REVIEWS]
    with pytest.raises(InputError, match=f"2 columns that may be the text: `plot`, `{heading}`"):
        find_text({heading: headings, "plot": plots, "label": ["a", "b"] * 10})
    assert find_text({heading: headings, "plot": plots}, "plot").name == "plot"
    assert find_text({heading: headings, "code": ["a1", "b2"] * 10}).name == heading
    assert find_text({"review": headings, "plot": plots}).name == "review"


def test_a_named_column_is_taken_and_a_wrong_name_gets_the_nearest():
    sample = {"text": REVIEWS, "Body Text": REVIEWS, "label": ["a"]}
    assert find_text(sample, "Body Text").name == "Body Text"
    assert find_text(sample, "body text").name == "Body Text"
    with pytest.raises(InputError, match=r"column `boddy text` not found in `r\.csv`") as caught:
        find_text(sample, "boddy text", "r.csv")
    assert caught.value.hint == "it has `text`, `Body Text`, `label`; try --text-column 'Body Text'"


def test_the_label_is_found_by_its_name():
    few = ["a", "b"] * 10
    for name in ("label", "Label", "sentiment", "airline_sentiment", "Star Rating", "class"):
        assert find_label({"text": REVIEWS, "airline": few, "reason": few, name: few}, "text") == Column(
            name, "by its name"
        )


def test_the_label_is_found_by_content_only_where_one_column_may_be_it():
    few = ["a", "b"] * 10
    assert find_label({"t": REVIEWS, "kind": few}, "t") == Column("kind", "the only other column of few values")
    assert find_label({"t": REVIEWS, "kind": few}, "t", by_content=False) is None
    assert find_label({"t": REVIEWS, "source": few, "number": list("abcdefghijklmnopqrst")}, "t") is None
    with pytest.raises(InputError, match="2 columns that may be the label: `kind`, `tone`"):
        find_label({"t": REVIEWS, "kind": few, "tone": few}, "t")


@pytest.mark.parametrize("joint", ["|", "; ", ", "])
def test_a_column_of_recurring_parts_is_found_where_no_other_may_be_the_label(joint):
    kinds = ("role: program", "x", "y", "z", "w")
    tags = [joint.join(kind for bit, kind in enumerate(kinds) if row >> bit & 1) for row in range(1, 21)]
    names = [f"Miller{joint}Number {row}" for row in range(20)]
    found = find_label({"t": REVIEWS, "tags": tags, "authors": names}, "t")
    assert found == Column("tags", "the only other column of which parts recur, several in a row")
    assert find_label({"t": REVIEWS, "authors": names}, "t") is None
    assert find_label({"t": REVIEWS, "tags": tags}, "t", by_content=False) is None
    assert find_label({"t": REVIEWS, "tags": tags, "tone": ["a", "b"] * 10}, "t").name == "tone"


def test_two_columns_named_like_labels_are_an_error_unless_one_is_empty():
    few, empty = ["a", "b"] * 10, [""] * 20
    with pytest.raises(InputError, match="`topic`, `sentiment`") as caught:
        find_label({"text": REVIEWS, "topic": few, "sentiment": few}, "text")
    assert caught.value.hint == "choose one: --label-column topic or --label-column sentiment"
    assert find_label({"text": REVIEWS, "topic": empty, "sentiment": few}, "text").name == "sentiment"


def test_ids_name_rows_only_where_they_never_repeat():
    assert find_row_id({"ID": ["1", "2"]}).name == "ID"
    assert find_row_id({"id": ["1", "1"]}) is None
    assert find_row_id({"id": ["1", ""]}) is None
    assert find_row_id({"number": ["1", "2"]}) is None


def test_the_raw_exports_need_no_options(shared_data):
    from txt.config import PrepareConfig
    from txt.data.reading.table import open_table

    expected = {
        "airline/Tweets.csv": ("text", "airline_sentiment"),
        "finphrase/all-data.csv": ("news", "label"),
        "sentences3000/all.csv": ("text", "label"),
    }
    for name, columns in expected.items():
        with open_table(shared_data / name, PrepareConfig()) as table:
            sample = next(table.batches()).slice(0, 1000).to_pydict()
        text = find_text(sample)
        assert (text.name, find_label(sample, text.name).name) == columns
