"""The model card: what a model was made of, what it reaches, where it fails, and how to make it again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from txt import __version__
from txt.data.prepared import Manifest, Prepared
from txt.errors import InputError
from txt.evaluation.markdown import plain, table
from txt.export.padded_form import PaddedForm
from txt.metrics import METRIC_NAMES
from txt.prediction.source import ModelSource

_MOST_CLASSES = 100
_WEAK = 5


def model_card(form: PaddedForm, usage: str) -> str:
    """Return the README.md of an exported model: Hugging Face's metadata, then Markdown."""
    return "\n\n".join(_sections(form, usage)) + "\n"


def _sections(form: PaddedForm, usage: str) -> Iterator[str]:
    source, report = form.source, form.source.report()
    manifest = _manifest(source)
    yield "---\nlibrary_name: transformers\npipeline_tag: text-classification\ntags:\n- text-classification\n- txt\n---"
    yield f"# {plain(source.name)}"
    weights = sum(parameter.numel() for parameter in form.model.parameters())
    yield (
        f"A text classifier with {len(form.classifier.labels)} classes: {type(form.model).__name__}, "
        f"{weights / 1e6:.1f} million weights, reads {form.classifier.max_length} tokens of a text."
    )
    yield usage
    yield from ("## Data", _data(manifest))
    yield from ("## Classes", _classes(form.classifier.labels, manifest, report))
    yield from ("## Evaluation", *_evaluation(report))
    yield from ("## Limits", _limits(form, manifest, report))
    yield from ("## How it was made", _making(source, manifest))


def _manifest(source: ModelSource) -> Manifest | None:
    if source.run is None:
        return None
    try:
        return Prepared.open(source.run.prepared_path()).manifest
    except InputError:  # removed since
        return None


def _data(manifest: Manifest | None) -> str:
    if manifest is None:
        return "The data that it was trained on is not recorded here."
    files = ", ".join(plain(name.rsplit("/", 1)[-1]) for name in manifest.sources)
    rows = ", ".join(f"{manifest.rows(name):,} {name}" for name in manifest.splits)
    text, label = (plain((manifest.columns.get(role) or {}).get("name", role)) for role in ("text", "label"))
    return f"{files}: {rows} rows. The text is column {text}, the class column {label}."


def _classes(labels: Sequence[str], manifest: Manifest | None, report: Mapping[str, Any] | None) -> str:
    trained = manifest.class_counts.get("train", {}) if manifest else {}
    scores = (report or {}).get("per_class", {})
    rows = [
        [
            plain(label),
            f"{trained[label]:,}" if label in trained else "–",
            *(f"{scores[label][name]:.3f}" if label in scores else "–" for name in ("precision", "recall", "f1")),
        ]
        for label in labels[:_MOST_CLASSES]
    ]
    more = f"\n\nand {len(labels) - _MOST_CLASSES} more." if len(labels) > _MOST_CLASSES else ""
    return table(["class", "train rows", "precision", "recall", "F1"], rows) + more


def _evaluation(report: Mapping[str, Any] | None) -> Iterator[str]:
    if report is None or "metrics" not in report:
        yield "It has not been evaluated: `txt eval` measures it beside a baseline."
        return
    baseline = report.get("baseline") or {"name": None, "metrics": {}}
    rows = []
    for name, score in report["metrics"].items():
        other, above = baseline["metrics"].get(name), report["difference"].get(name)
        points = {key: 100 * value for key, value in above.items()} if above else None
        rows.append([METRIC_NAMES.get(name, name), _span(score), _span(other), _span(points, "+.1f")])
    yield f"{report['rows']:,} rows of the {plain(report['split'])} split; intervals are at 95 %."
    yield table(["score", "model", "baseline", "points above"], rows)
    if baseline["name"]:
        yield f"The baseline is {plain(baseline['name'])}, fitted on the same train split."
    if report.get("verdict"):
        yield f"**{plain(report['verdict'])}.**"
    calibration = report["calibration"]
    if calibration.get("temperature") is not None:
        yield (
            f"Confidence is calibrated: the temperature {calibration['temperature']:.2f}, fitted on the val split, is "
            f"part of the last layer. Expected calibration error {calibration['expected_calibration_error']:.3f} "
            f"without it, {calibration['scaled_expected_calibration_error']:.3f} with it."
        )


def _limits(form: PaddedForm, manifest: Manifest | None, report: Mapping[str, Any] | None) -> str:
    limits = [
        "It always answers with one of its classes, also for texts that belong to none.",
        f"Of texts longer than {form.classifier.max_length} tokens only the beginning is read.",
        "The scores hold for texts like those it was tested on; others were not measured.",
    ]
    if manifest is not None:
        limits[1] += f" Its tokenizer is {plain(str(manifest.tokenizer.get('kind', 'unknown')))}."
    scores = (report or {}).get("per_class", {})
    weak = sorted((entry["f1"], label) for label, entry in scores.items() if entry["f1"] < 0.6)[:_WEAK]
    if weak:
        named = ", ".join(f"{plain(label)} (F1 {score:.2f})" for score, label in weak)
        limits.append(f"Weak classes: {named}.")
    worse = [entry for entry in (report or {}).get("slices", []) if entry.get("worse")][:_WEAK]
    limits += [
        f"Clearly worse where {plain(entry['column'])} is {plain(str(entry['value']))}: accuracy "
        f"{entry['accuracy']['value']:.3f} on {entry['rows']:,} rows."
        for entry in worse
    ]
    return "\n".join(f"- {limit}" for limit in limits)


def _making(source: ModelSource, manifest: Manifest | None) -> str:
    lines = [f"- exported by txt {__version__}"]
    if source.run is not None:
        record, changed = source.run.record(), source.run.config().changed()
        options = ", ".join(f"{name} {plain(str(value))}" for name, value in changed.items()) or "defaults"
        lines.append(f"- trained by txt, run {plain(source.run.name)} of {record['created'][:10]}: {options}")
        lines.append(f"- seed {source.run.config().seed}")
        lines.append(f"- fingerprint of the data: `{record['fingerprint']}`")
    if manifest is not None:
        lines += [
            f"- SHA-256 of {plain(name.rsplit('/', 1)[-1])}: `{value}`" for name, value in manifest.sources.items()
        ]
    return "\n".join(lines)


def _span(score: Mapping[str, float] | None, form: str = ".3f") -> str:
    if score is None:
        return "–"
    return f"{score['value']:{form}} [{score['low']:{form}}, {score['high']:{form}}]"
