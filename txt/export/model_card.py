"""The model card: training data, scores, weaknesses, and how to reproduce the model."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from txt.consent import NotAllowedError
from txt.data.prepared import Manifest, Prepared
from txt.errors import InputError
from txt.evaluation.markdown import escape_markdown, render_table
from txt.evaluation.wording import describe_confidence, format_metadata_value
from txt.export.origin import find_base_model, find_text_language
from txt.export.padded_form import PaddedForm
from txt.metrics import format_label
from txt.prediction.model_source import ModelSource
from txt.sanitize import sanitize
from txt.version import __version__

_MOST_CLASSES = 100
_WEAK = 5


def model_card(form: PaddedForm, usage: str, license_name: str | None = None) -> str:
    """Return the README.md of an exported model: Hugging Face's metadata, then Markdown."""
    return "\n\n".join(_render_sections(form, usage, license_name)) + "\n"


def _render_sections(form: PaddedForm, usage: str, license_name: str | None) -> Iterator[str]:
    source, report = form.source, form.source.report()
    manifest = _load_manifest(source)
    base, language = find_base_model(form, manifest), find_text_language(form, manifest)
    known = {"base_model": base.name if base else None, "language": language, "license": license_name}
    yield f"---\n{_describe_for_hub(source.name, manifest, report, known)}\n---"
    yield f"# {escape_markdown(source.name)}"
    weights = sum(parameter.numel() for parameter in form.model.parameters())
    yield (
        f"A text classifier with {len(form.classifier.labels)} classes: {type(form.model).__name__}, "
        f"{weights / 1e6:.1f} million weights, reads {form.classifier.max_length} tokens of a text."
    )
    yield usage
    if base is not None:
        yield f"It was trained from {escape_markdown(base.name)}" + (
            f", whose licence is {base.license}." if base.license else ", whose licence its own page tells."
        )
    yield from ("## Data", _describe_data(manifest))
    yield from ("## Classes", _render_classes(form.classifier.labels, manifest, report))
    yield from ("## Evaluation", *describe_evaluation(report))
    yield from ("## Limits", _list_limits(form, manifest, report))
    yield from ("## How it was made", _describe_making(source, manifest))


def _describe_for_hub(
    name: str, manifest: Manifest | None, report: Mapping[str, Any] | None, known: Mapping[str, str | None]
) -> str:
    """Return the card's metadata as YAML: what the model is for and made of, and its scores, which the hub shows."""
    from huggingface_hub import EvalResult, ModelCardData  # takes seconds to import

    data = sanitize(" ".join(path.rsplit("/", 1)[-1] for path in manifest.sources)) if manifest else "unknown"
    results = [
        EvalResult(
            task_type="text-classification",
            dataset_type="text",
            dataset_name=data,
            dataset_split=str((report or {}).get("split")),
            metric_type=metric,
            metric_name=format_label(metric),
            metric_value=score["value"],
        )
        for metric, score in (report or {}).get("metrics", {}).items()
    ]
    card = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-classification",
        tags=["text-classification", "txt"],
        model_name=sanitize(name) if results else None,
        base_model=known["base_model"],
        language=known["language"],
        license=known["license"],
        eval_results=results or None,
    )
    return card.to_yaml()


def _load_manifest(source: ModelSource) -> Manifest | None:
    if source.run is None:
        return None
    try:
        return Prepared.open(source.run.locate_prepared()).manifest
    except NotAllowedError:
        raise
    except InputError:  # removed since
        return None


def _describe_data(manifest: Manifest | None) -> str:
    if manifest is None:
        return "The data that it was trained on is not recorded here."
    files = ", ".join(escape_markdown(name.rsplit("/", 1)[-1]) for name in manifest.sources)
    rows = ", ".join(f"{manifest.rows(name):,} {name}" for name in manifest.splits)
    text, label = (escape_markdown((manifest.columns.get(role) or {}).get("name", role)) for role in ("text", "label"))
    return f"{files}: {rows} rows. The text is column {text}, the class column {label}."


def _render_classes(labels: Sequence[str], manifest: Manifest | None, report: Mapping[str, Any] | None) -> str:
    trained = manifest.class_counts.get("train", {}) if manifest else {}
    scores = (report or {}).get("per_class", {})
    rows = [
        [
            escape_markdown(label),
            f"{trained[label]:,}" if label in trained else "–",
            *(f"{scores[label][name]:.3f}" if label in scores else "–" for name in ("precision", "recall", "f1")),
        ]
        for label in labels[:_MOST_CLASSES]
    ]
    more = f"\n\nand {len(labels) - _MOST_CLASSES} more." if len(labels) > _MOST_CLASSES else ""
    return render_table(["class", "train rows", "precision", "recall", "F1"], rows) + more


def describe_evaluation(report: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the scores of a report in its JSON form, as Markdown."""
    if report is None or "metrics" not in report:
        yield "It has not been evaluated: `txt eval` measures it beside a baseline."
        return
    baseline = report.get("baseline") or {"name": None, "metrics": {}}
    rows = []
    for name, score in report["metrics"].items():
        other, above = baseline["metrics"].get(name), report["difference"].get(name)
        scale = 1 if name == "mae" else 100
        points = {key: scale * value for key, value in above.items()} if above else None
        rows.append(
            [
                escape_markdown(format_label(name)),
                _format_span(score),
                _format_span(other),
                _format_span(points, "+.1f"),
            ]
        )
    yield f"{report['rows']:,} rows of the {escape_markdown(report['split'])} split; intervals are at 95 %."
    yield render_table(["score", "model", "baseline", "points above"], rows)
    if baseline["name"]:
        yield f"The baseline is {escape_markdown(baseline['name'])}, fitted on the same train split."
    if report.get("verdict"):
        yield f"**{escape_markdown(report['verdict'])}.**"
    yield escape_markdown(describe_confidence(report))
    if report["calibration"].get("temperature") is not None:
        yield "The temperature is part of the last layer."


def _list_limits(form: PaddedForm, manifest: Manifest | None, report: Mapping[str, Any] | None) -> str:
    limits = [
        "It always answers with one of its classes, also for texts that belong to none, and may be as sure of them."
        if form.classifier.decision is None
        else "A text may get several of its labels, or none; thresholds are in config.json and decision.json.",
        f"Of texts longer than {form.classifier.max_length} tokens only the beginning is read.",
        "The scores hold for texts like those it was tested on; others were not measured.",
    ]
    if form.classifier.usual_share is not None:
        limits.append(
            "txt itself is less sure of a text that shares few of its n-grams with those that the model learned from, "
            "as one in another language does. This folder does not: it is as sure of such a text as of any other."
        )
    if manifest is not None:
        limits[1] += f" Its tokenizer is {escape_markdown(str(manifest.tokenizer.get('kind', 'unknown')))}."
    scores = (report or {}).get("per_class", {})
    weak = sorted((entry["f1"], label) for label, entry in scores.items() if entry["f1"] < 0.6)[:_WEAK]
    if weak:
        named = ", ".join(f"{escape_markdown(label)} (F1 {score:.2f})" for score, label in weak)
        limits.append(f"Weak classes: {named}.")
    worse = [entry for entry in (report or {}).get("slices", []) if entry.get("worse")][:_WEAK]
    limits += [
        f"Clearly worse where {escape_markdown(entry['column'])} is "
        f"{escape_markdown(format_metadata_value(str(entry['value'])))}: accuracy "
        f"{entry['accuracy']['value']:.3f} on {entry['rows']:,} rows."
        for entry in worse
    ]
    return "\n".join(f"- {limit}" for limit in limits)


def _describe_making(source: ModelSource, manifest: Manifest | None) -> str:
    lines = [f"- exported by txt {__version__}"]
    if source.run is not None:
        record, changed = source.run.record(), source.run.config().changed()
        options = ", ".join(f"{name} {escape_markdown(str(value))}" for name, value in changed.items()) or "defaults"
        lines.append(f"- trained by txt, run {escape_markdown(source.run.name)} of {record['created'][:10]}: {options}")
        lines.append(f"- seed {source.run.config().seed}")
        lines.append(f"- fingerprint of the data: `{record['fingerprint']}`")
    if manifest is not None:
        lines += [
            f"- SHA-256 of {escape_markdown(name.rsplit('/', 1)[-1])}: `{value}`"
            for name, value in manifest.sources.items()
        ]
    return "\n".join(lines)


def _format_span(score: Mapping[str, float] | None, form: str = ".3f") -> str:
    if score is None:
        return "–"
    return f"{score['value']:{form}} [{score['low']:{form}}, {score['high']:{form}}]"
