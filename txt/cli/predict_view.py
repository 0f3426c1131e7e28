"""Prints predictions: probabilities as bars, the words that led to an answer, the summary of a file."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from txt.cli.console import make_literal, out, say
from txt.config import PredictConfig
from txt.sanitize import clip, escape_controls, sanitize, sanitize_lines

if TYPE_CHECKING:
    from txt.evaluation.drift import Drift
    from txt.evaluation.prediction_sets import LabelSetRule, SetRule
    from txt.prediction.classifier import Prediction, Predictor
    from txt.prediction.explain import Explanation
    from txt.prediction.predict_file import PredictSummary

_SHOWN_CLASSES = 10
_BAR = 30
_PARTS = " ▏▎▍▌▋▊▉█"  # eighths of a cell
_STRONG_WORDS = 8
_LEAST_SHARE = 0.2  # of the strongest word's weight; weaker ones are not marked


@dataclass(frozen=True)
class Explain:
    """Words are to be weighed: for `label`, or for what is answered."""

    label: str | None = None


def show_answer(classifier: "Predictor", text: str, config: PredictConfig, explain: Explain | None) -> None:
    """Print the label of a text, the probabilities as bars, and with `explain` the words that carried it."""
    prediction, long, explanation = _predict_one(classifier, text, config, explain)
    if explanation is not None:
        out.print(highlight_words(explanation))
        out.print()
    for line in draw_prediction(prediction, config.threshold, classifier.decision is not None):
        out.print(line)
    if prediction.label_set is not None:
        named = ", ".join(prediction.label_set) or "none of the labels"
        title, often = (
            ("one of: ", "of the time") if classifier.decision is None else ("at most: ", "of each label's rows")
        )
        out.print(Text(title, style="bold").append(make_literal(named)).append(f" ({config.coverage:.0%} {often})"))
    if explanation is not None:
        out.print(format_weights(explanation, explain.label if explain else None))
    if prediction.trust < 1:
        say(f"Unlike what it learned from: it knows {prediction.trust:.0%} as much of this text as usual, and doubts.")
    if long:
        say(_describe_long_texts(1, classifier, config))
    for said in classifier.about_speed:
        say(said)


def encode_answer(classifier: "Predictor", text: str, config: PredictConfig, explain: Explain | None) -> dict[str, Any]:
    """Return the answer for a text as a JSON object."""
    prediction, long, explanation = _predict_one(classifier, text, config, explain)
    value = {"text": text, **_encode_prediction(classifier, prediction, config.threshold), "long": long}
    if explanation is not None:
        value["words"] = [
            {"word": text[part.start : part.end], "start": part.start, "weight": round(part.weight, 4)}
            for part in explanation.parts
        ]
    return value


def format_answers(
    classifier: "Predictor", lines: Sequence[str], config: PredictConfig, explain: Explain | None, as_json: bool
) -> Iterator[str]:
    """Yield one line for each text: label, confidence and text with tabs between, or JSON; empty for an empty one."""
    kept = [line for line in lines if line.strip()]
    predictions = iter(classifier.predict(kept, stride=config.stride))
    for line in lines:
        if not line.strip():
            key = "label" if classifier.decision is None else "labels"
            yield json.dumps({"text": line, key: None, "confidence": None}) if as_json else "\t\t"
            continue
        prediction = next(predictions)
        if as_json and explain is not None:
            yield _encode_line(encode_answer(classifier, line, config, explain))
        elif as_json:
            yield _encode_line({"text": line, **_encode_prediction(classifier, prediction, config.threshold)})
        else:
            sure = classifier.decision is not None or _is_sure(prediction, config.threshold)
            label = prediction.label if sure else ""
            yield f"{sanitize(label)}\t{prediction.confidence:.4f}\t{sanitize(line)}"


def _encode_line(value: object) -> str:
    return escape_controls(json.dumps(value, ensure_ascii=False))


def draw_prediction(prediction: "Prediction", threshold: float | None, several: bool = False) -> Iterator[Text]:
    """Yield the label in bold and a bar for each of the likeliest classes."""
    if several:
        names = ", ".join(prediction.labels)
        yield make_literal(names, "bold") if names else Text("none of the labels", style="bold")
    elif _is_sure(prediction, threshold):
        yield make_literal(prediction.label, "bold")
    else:
        yield Text("unsure", style="bold yellow").append(
            make_literal(
                f": {prediction.label} has {prediction.confidence:.3f}, under {threshold:g}", "not bold default"
            )
        )
    ordered = sorted(prediction.probabilities.items(), key=lambda pair: -pair[1])
    width = min(28, max(cell_len(sanitize(label)) for label, _ in ordered[:_SHOWN_CLASSES]))
    for label, probability in ordered[:_SHOWN_CLASSES]:
        name = set_cell_size(clip(label, width), width)
        yield Text(f"  {name} ").append(_draw_bar(probability), style="blue").append(f" {probability:.3f}")
    if len(ordered) > _SHOWN_CLASSES and several:
        yield Text(f"  and {len(ordered) - _SHOWN_CLASSES} more labels", style="dim")
    elif len(ordered) > _SHOWN_CLASSES:
        rest = sum(probability for _, probability in ordered[_SHOWN_CLASSES:])
        yield Text(f"  and {len(ordered) - _SHOWN_CLASSES} more classes with {rest:.3f} together", style="dim")


def highlight_words(explanation: "Explanation") -> Text:
    """Return the text with the words for the answer underlined in bold, and those against it struck through."""
    text = explanation.text
    strongest = max((abs(part.weight) for part in explanation.parts), default=0.0)
    drawing, place = Text(), 0
    for part in explanation.parts:
        drawing.append(sanitize_lines(text[place : part.start]))
        style = "" if abs(part.weight) < _LEAST_SHARE * strongest else _choose_style(part.weight)
        drawing.append(sanitize_lines(text[part.start : part.end]), style=style)
        place = part.end
    return drawing.append(sanitize_lines(text[place:]))


def format_weights(explanation: "Explanation", label: str | None = None) -> Text:
    """Name the strongest words with their weights, those for the answer, or for `label`, and those against it."""
    strong = explanation.strongest(_STRONG_WORDS)
    line = Text()
    for title, sign, style in (("for", 1, _choose_style(1)), ("against", -1, _choose_style(-1))):
        words = [part for part in strong if part.weight * sign > 0]
        if words:
            line.append(f"{'' if not line else chr(10)}{title:>7}:")
        for part in words:
            word = clip(explanation.text[part.start : part.end], 30)
            line.append("  ").append(word, style=style).append(f" {part.weight:+.2f}")
    what = "the label" if label is None else f"`{clip(label, 40)}`"
    return line.append(f"\nlog odds of {what} that each word adds, by leaving it out", style="dim")


def show_summary(summary: "PredictSummary", config: PredictConfig, classifier: "Predictor") -> None:
    """Print the number of rows of each label, and everything unusual."""
    for note in summary.notes:
        say(f"note: {note}")
    predicted = max(summary.rows - summary.without_text, 1)
    width = max((cell_len(sanitize(label)) for label in summary.labels), default=0)
    for label, count in summary.labels.most_common(_SHOWN_CLASSES):
        name = set_cell_size(clip(label, 28), min(width, 28))
        out.print(Text(f"  {name} ").append(_draw_bar(count / predicted), style="blue").append(f" {count:,}"))
    if len(summary.labels) > _SHOWN_CLASSES:
        noun = "classes" if classifier.decision is None else "labels"
        out.print(Text(f"  and {len(summary.labels) - _SHOWN_CLASSES} more {noun}", style="dim"))
    if config.threshold is not None and classifier.decision is None:
        say(f"{summary.unsure:,} rows are below {config.threshold:g} and have no label.")
    if classifier.set_rule is not None and summary.set_sizes:
        say(describe_set_sizes(summary.set_sizes, classifier.set_rule, classifier.labels))
    if summary.without_text:
        say(f"{summary.without_text:,} rows have no text, and so no label.")
    if summary.long:
        say(_describe_long_texts(summary.long, classifier, config))
    if summary.resumed_at:
        say(f"Went on from row {summary.resumed_at:,}.")
    say(classifier.about_confidence)
    for said in classifier.about_speed:
        say(said)
    rate = (summary.rows - summary.resumed_at) / max(summary.seconds, 1e-9)
    out.print(
        Text(f"{summary.rows:,} rows of column `{sanitize(summary.column)}` in {summary.seconds:.1f} s ")
        .append(f"({rate:,.0f} rows/s): ")
        .append(make_literal(summary.path, "bold"))
    )


def show_drift(drift: "Drift", texts: Sequence[str]) -> None:
    """Say how texts differ from those that the model learned from, and show those that differ most."""
    from txt.evaluation.drift import describe_drift

    said = describe_drift(drift) or ""
    say(f"{said[:1].upper()}{said[1:]}. The most different:")
    for place in drift.most_different:
        out.print(make_literal(f"  {clip(texts[place], 70)}"))


def describe_set_sizes(sizes: Mapping[int, int], rule: "SetRule | LabelSetRule", labels: Sequence[str]) -> str:
    """Say how large the sets are that were asked for, and of several labels which are in all of them."""
    from txt.evaluation.prediction_sets import LabelSetRule

    rows = sum(sizes.values())
    mean = sum(size * count for size, count in sizes.items()) / rows
    if isinstance(rule, LabelSetRule):
        said = (
            f"Sets hold each label in {rule.coverage:.0%} of the rows that have it, by rows that the model did not "
            f"learn from: {mean:.2f} labels on average."
        )
        always = [sanitize(labels[number]) for number in rule.unsettled()]
        if not always:
            return said
        named = ", ".join(always[:_SHOWN_CLASSES]) + (" …" if always[_SHOWN_CLASSES:] else "")
        return f"{said} Too few rows have {named}: in every set."
    return (
        f"Sets that hold the right class {rule.coverage:.0%} of the time, by {rule.rows:,} rows that the model did not "
        f"learn from: {mean:.2f} classes on average, {sizes.get(1, 0):,} of {rows:,} have one."
    )


def _predict_one(
    classifier: "Predictor", text: str, config: PredictConfig, explain: Explain | None
) -> tuple["Prediction", bool, "Explanation | None"]:
    """Return the answer for a text, whether it is longer than the model reads, and the explanation if wanted."""
    answers = classifier.predict_probabilities([text], stride=config.stride)
    explanation = None
    if explain is not None:
        from txt.prediction.explain import explain as weigh

        explanation = weigh(classifier, text, stride=config.stride, label=explain.label)
    return classifier.prediction(answers.probabilities[0], float(answers.trust[0])), bool(answers.long[0]), explanation


def _is_sure(prediction: "Prediction", threshold: float | None) -> bool:
    return threshold is None or prediction.confidence >= threshold


def _encode_prediction(classifier: "Predictor", prediction: "Prediction", threshold: float | None) -> dict[str, Any]:
    answer: dict[str, Any] = {"label": prediction.label if _is_sure(prediction, threshold) else None}
    if classifier.decision is not None:
        answer = {"labels": list(prediction.labels)}
    if classifier.tree is not None:
        answer["parents"] = {name: round(value, 4) for name, value in prediction.parents.items()}
    value = {
        **answer,
        "confidence": round(prediction.confidence, 4),
        "probabilities": {label: round(value, 4) for label, value in prediction.probabilities.items()},
    }
    if prediction.trust < 1:
        value["trust"] = round(prediction.trust, 4)
    return value if prediction.label_set is None else {**value, "label_set": prediction.label_set}


def _describe_long_texts(count: int, classifier: "Predictor", config: PredictConfig) -> str:
    texts = "1 text is" if count == 1 else f"{count:,} texts are"
    if config.stride is not None:
        return f"{texts} longer than {classifier.max_length} tokens and were averaged over windows."
    return (
        f"{texts} longer than the {classifier.max_length} tokens that the model reads, and cut: "
        f"--stride {classifier.max_length // 2} averages over windows."
    )


def _draw_bar(share: float) -> str:
    eighths = round(share * _BAR * 8)
    drawn = "█" * (eighths // 8) + (_PARTS[eighths % 8] if eighths % 8 else "")
    return drawn.ljust(_BAR)


def _choose_style(weight: float) -> str:
    return "bold underline green" if weight > 0 else "strike yellow"
