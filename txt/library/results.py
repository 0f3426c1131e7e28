"""What the functions return: values that notebooks show as tables, and everything else as text."""

import html
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from txt.data.report import DataReport
from txt.evaluation.compare import Difference
from txt.evaluation.differences import format_points_with_span
from txt.evaluation.report import Report
from txt.evaluation.wording import format_with_span
from txt.metrics import format_label
from txt.prediction.explain import Explanation as Explained
from txt.runs.events import Rung
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.library.text_classifier import TextClassifier

_MOST_WORDS = 12


class _Shown:
    """Draws `_lines` and `_tables` as HTML in a notebook, and as text elsewhere."""

    def _lines(self) -> Iterable[str]:
        raise NotImplementedError

    def _tables(self) -> Iterable[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        return ()

    def __str__(self) -> str:
        blocks = ["\n".join(map(sanitize, self._lines()))]
        blocks += [render_text(header, rows) for header, rows in self._tables()]
        return "\n\n".join(block for block in blocks if block)

    def _repr_html_(self) -> str:
        lines = "".join(f"<p>{_escape(line)}</p>" for line in self._lines())
        return f"<div>{lines}{''.join(render_html(header, rows) for header, rows in self._tables())}</div>"


@dataclass(frozen=True, repr=False)
class PreparedData(_Shown):
    """A prepared folder, and the report on its data."""

    path: Path
    report: DataReport

    def __repr__(self) -> str:
        return f"PreparedData({str(self.path)!r}, rows={self.report.rows})"

    def _lines(self) -> Iterator[str]:
        report = self.report
        yield f"{self.path}: {sum(report.rows.values()):,} rows of {report.rows_read:,} read; splits {report.split_by}"
        yield from (f"warning: {each}" for each in report.warnings)

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        splits = [name for name, rows in self.report.rows.items() if rows]
        classes = dict.fromkeys(label for counts in self.report.class_counts.values() for label in counts)
        rows = [
            [label, *(f"{self.report.class_counts.get(split, {}).get(label, 0):,}" for split in splits)]
            for label in classes
        ]
        yield ["class", *splits], [*rows, ["all", *(f"{self.report.rows[split]:,}" for split in splits)]]


@dataclass(frozen=True, repr=False)
class Evaluation(_Shown):
    """Scores of a run's model with 95 % intervals, beside the baseline; `report` has all of them."""

    report: Report

    @property
    def scores(self) -> dict[str, float]:
        """Every score by its name: `accuracy`, `macro_f1` …"""
        return {name: score.value for name, score in self.report.metrics.items()}

    def to_json(self) -> dict[str, Any]:
        """Return the report as a JSON object, as `txt eval --json` prints it."""
        return self.report.to_json()

    def __repr__(self) -> str:
        scores = ", ".join(f"{name}={value:.3f}" for name, value in self.scores.items())
        return f"Evaluation({self.report.run!r}, {scores})"

    def _lines(self) -> Iterator[str]:
        yield f"{self.report.run} on {self.report.where}: {self.report.rows:,} rows; intervals are at 95 %"
        if self.report.verdict:
            yield f"{self.report.verdict}."

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        rows, baseline = [], self.report.baseline
        for name, score in self.report.metrics.items():
            other, above = (baseline.metrics.get(name) if baseline else None), self.report.difference.get(name)
            rows.append(
                [
                    format_label(name),
                    format_with_span(score),
                    format_with_span(other) if other else "–",
                    format_points_with_span(above) if above else "–",
                ]
            )
        yield ["score", "model", "baseline", "difference in points"], rows
        yield (
            ["class", "precision", "recall", "F1", "rows"],
            [
                [name, f"{each.precision:.3f}", f"{each.recall:.3f}", f"{each.f1:.3f}", f"{each.support:,}"]
                for name, each in self.report.per_class.items()
            ],
        )


@dataclass(frozen=True, repr=False)
class TrainedRun(_Shown):
    """A run: its folder, what its model scores, and the rungs of the ladder, where one was climbed."""

    path: Path
    evaluation: Evaluation
    rungs: tuple[Rung, ...] = ()

    @property
    def name(self) -> str:
        """The run's name, by which the commands take it."""
        return self.path.name

    def classifier(self, **options: Any) -> "TextClassifier":
        """Return its model, ready; options as in `txt.load`."""
        from txt.library.text_classifier import load

        return load(self.path, **options)

    def __repr__(self) -> str:
        return f"TrainedRun({str(self.path)!r}, accuracy={self.evaluation.scores['accuracy']:.3f})"

    def _lines(self) -> Iterator[str]:
        yield f"run {self.name} in {self.path}"
        yield from self.evaluation._lines()

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        if self.rungs:
            yield ["model", "log loss", "accuracy", "", ""], [_describe_rung(each) for each in self.rungs]
        yield from self.evaluation._tables()


@dataclass(frozen=True, repr=False)
class Comparison(_Shown):
    """How much better runs are than the first one on the same rows."""

    differences: tuple[Difference, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """Return the differences as JSON objects."""
        return [each.to_json() for each in self.differences]

    def __repr__(self) -> str:
        told = ", ".join(f"{each.run} against {each.base}: {each.answer}" for each in self.differences)
        return f"Comparison({told})"

    def _lines(self) -> Iterator[str]:
        for each in self.differences:
            yield f"Is {each.run} better than {each.base} on {each.rows:,} rows? {each.answer}."

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        for each in self.differences:
            yield (
                ["score", f"points of {each.run} above {each.base}"],
                [[format_label(name), format_points_with_span(found)] for name, found in each.metrics.items()],
            )


@dataclass(frozen=True, repr=False)
class Explanation(_Shown):
    """An answer, and the words for it and against it."""

    explained: Explained

    @property
    def label(self) -> str:
        """The likeliest label."""
        return self.explained.prediction.label

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.explained.prediction.confidence

    @property
    def words(self) -> list[tuple[str, float]]:
        """Each word with its weight: what leaving it out takes from the log odds of the label."""
        text = self.explained.text
        return [(text[part.start : part.end], part.weight) for part in self.explained.parts]

    def __repr__(self) -> str:
        return f"Explanation({self.label!r}, confidence={self.confidence:.3f})"

    def _lines(self) -> Iterator[str]:
        yield f"{self.label}, {self.confidence:.1%}"

    def _tables(self) -> Iterator[tuple[Sequence[str], Sequence[Sequence[str]]]]:
        strongest = sorted(self.words, key=lambda word: -abs(word[1]))[:_MOST_WORDS]
        yield ["word", "weight"], [[word, f"{weight:+.2f}"] for word, weight in strongest]

    def _repr_html_(self) -> str:
        most = max((abs(weight) for _, weight in self.words), default=0.0) or 1.0
        text, at, parts = self.explained.text, 0, []
        for part in self.explained.parts:
            share = abs(part.weight) / most
            colour = f"rgba({'46,125,50' if part.weight > 0 else '198,40,40'},{0.5 * share:.2f})"
            word = _escape(text[part.start : part.end])
            shown = f'<span style="background:{colour}" title="{part.weight:+.2f}">{word}</span>'
            parts += [_escape(text[at : part.start]), shown]
            at = part.end
        answer = f"<p><b>{_escape(self.label)}</b> {self.confidence:.1%}</p>"
        return f"<div>{answer}<p>{''.join(parts)}{_escape(text[at:])}</p></div>"


def render_html(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts as HTML."""
    head = "".join(f"<th>{_escape(cell)}</th>" for cell in header)
    body = "".join(f"<tr>{''.join(f'<td>{_escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def render_text(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table of texts as lines, columns aligned."""
    table = [[sanitize(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(header))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table
    )


def _describe_rung(rung: Rung) -> list[str]:
    if rung.log_loss is None or rung.accuracy is None:
        return [rung.name, "–", "–", "left out", rung.reason or ""]
    loss, accuracy = rung.log_loss, rung.accuracy
    return [
        rung.name,
        f"{loss[0]:.3f} [{loss[1]:.3f}, {loss[2]:.3f}]",
        f"{accuracy[0]:.3f} [{accuracy[1]:.3f}, {accuracy[2]:.3f}]",
        "kept" if rung.kept else "",
        f"{rung.seconds:.0f} s",
    ]


def _escape(text: str) -> str:
    return html.escape(sanitize(text))
