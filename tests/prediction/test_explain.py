import numpy as np
import pytest

from txt.errors import InputError
from txt.prediction.classifier import Predictor
from txt.prediction.explain import explain, word_spans


def test_a_words_weight_is_what_leaving_it_out_takes_from_the_log_odds(classifier: Predictor):
    text = "the film was awful, and great"
    explanation = explain(classifier, text)
    label = explanation.prediction.label

    def log_odds(text: str) -> float:
        probability = classifier.predict([text])[0].probabilities[label]
        return float(np.log(probability / (1 - probability)))

    weights = {text[part.start : part.end]: part.weight for part in explanation.parts}
    assert list(weights) == ["the", "film", "was", "awful,", "and", "great"]
    assert weights["great"] == pytest.approx(log_odds(text) - log_odds("the film was awful, and "), abs=1e-4)
    assert len({round(weight, 3) for weight in weights.values()}) > 1


def test_words_may_be_weighed_for_another_label_than_the_answer(classifier: Predictor):
    text = "the film was awful"
    answer = classifier.predict([text])[0].label
    other = next(label for label in classifier.labels if label != answer)
    odds = [
        np.log(each.probabilities[other] / (1 - each.probabilities[other]))
        for each in classifier.predict([text, "the film was "])
    ]
    assert explain(classifier, text, label=other).parts[-1].weight == pytest.approx(odds[0] - odds[1], abs=1e-4)
    assert explain(classifier, text).parts == explain(classifier, text, label=answer).parts
    with pytest.raises(InputError, match="does not know the label `nobody`"):
        explain(classifier, text, label="nobody")


def test_the_strongest_words_come_first(classifier: Predictor):
    strongest = explain(classifier, "the film was awful, and great").strongest(3)
    sizes = [abs(part.weight) for part in strongest]
    assert len(sizes) == 3
    assert sizes == sorted(sizes, reverse=True)


def test_of_long_texts_groups_of_words_are_left_out():
    text = " ".join(f"word{number}" for number in range(1000))
    spans = word_spans(text, most=256)
    assert len(spans) == 250
    assert text[slice(*spans[0])] == "word0 word1 word2 word3"
    assert spans[-1][1] == len(text)


def test_letters_of_unspaced_scripts_are_words():
    text = "很好 film"
    assert [text[slice(*span)] for span in word_spans(text)] == ["很", "好", "film"]


def test_a_text_without_words_has_no_parts(classifier: Predictor):
    assert explain(classifier, "  ").parts == ()
