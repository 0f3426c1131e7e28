from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from txt.screens.label.wrapping import WrappedText

TEXTS = st.text(st.sampled_from("ab  \n\t,語👋🏽é\u200d\u0301🇩x") | st.characters(categories=["L", "P"]), max_size=120)


def lines_of(wrapped: WrappedText) -> list[str]:
    return [wrapped.text[slice(*wrapped.line(number))] for number in range(wrapped.count())]


@given(text=TEXTS, width=st.integers(4, 40))
def test_lines_fit_and_no_letter_is_lost(text, width):
    wrapped = WrappedText(text, width)
    lines = lines_of(wrapped)
    assert all(cell_len(line.rstrip()) <= width + 2 for line in lines)  # a letter with its joined marks is not cut
    assert "".join("".join(lines).split()) == "".join(wrapped.text.split())


def test_words_stay_whole_where_they_fit():
    assert lines_of(WrappedText("the quick brown fox", 10)) == ["the quick", "brown fox"]
    assert lines_of(WrappedText("a verylongword b", 6)) == ["a", "verylo", "ngword", "b"]


def test_newlines_empty_lines_and_indents_are_kept():
    assert lines_of(WrappedText("one\n\n  two\tx", 20)) == ["one", "", "  two   x"]
    assert lines_of(WrappedText("", 20)) == [""]


def test_wide_letters_take_two_cells():
    assert lines_of(WrappedText("日本語日本語", 6)) == ["日本語", "日本語"]


def test_a_very_long_text_is_only_broken_as_far_as_somebody_looks():
    wrapped = WrappedText("word " * 1_000_000, 70)
    assert wrapped.line(10) is not None
    assert len(wrapped._ranges) == 11
