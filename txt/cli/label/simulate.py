"""`txt label --simulate`: would active learning have helped on this file? A chart, and the numbers behind it."""

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from txt.cli.console import out, print_json, say
from txt.cli.label.active import find_split_column, find_vectorizer
from txt.config import LabelConfig
from txt.errors import InputError
from txt.processes import count_cores

if TYPE_CHECKING:
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.simulate import Comparison, LabelsNeeded, SimulationTask
    from txt.proportions import Interval

_LEAST_ROWS = 50
_CHART_WIDTH, _CHART_HEIGHT = 90, 16


def simulate(opened: "OpenLabels", wanted_split: str | None, as_json: bool) -> None:
    """Simulate labeling with the existing labels, and print the comparison.

    Raises:
        InputError: there are too few labels, or only one class.
    """
    from tqdm import tqdm

    from txt.labeling.simulate import RANDOM, compare, simulate_runs

    config = opened.config
    strategies = list(dict.fromkeys([config.strategy, RANDOM]))
    task = _build_task(opened, wanted_split)
    say(f"{len(task.labels):,} labeled rows, {len(task.names)} classes; a fifth of them measures, unseen")
    workers = min(count_cores(), config.seeds)
    found = []
    replaying = simulate_runs(task, strategies, config.seeds, config.most_labels, config.noise, workers)
    with tqdm(
        replaying, total=config.seeds * len(strategies), desc="replaying", leave=False, delay=0.5, disable=None
    ) as bar:
        found += bar
    comparison = compare(found, config.strategy)
    if as_json:
        print_json(comparison.to_json())
    else:
        _show_comparison(comparison, config)


def _build_task(opened: "OpenLabels", wanted_split: str | None) -> "SimulationTask":
    """Return the labeled rows of the file as vectors; rows of a test split are left out."""
    import numpy as np

    from txt.labeling.active.log import QueryPlan
    from txt.labeling.active.models import MODELS, make_model
    from txt.labeling.active.rank_server import read_pool
    from txt.labeling.active.ranker import Pool
    from txt.labeling.simulate import SimulationTask

    config, rows = opened.config, opened.rows
    states, _ = opened.states()
    labeled = np.flatnonzero(states.labeled)
    plan = QueryPlan(config.model, config.strategy, config.seed)
    pool, texts = read_pool(Pool(rows.path, rows.form, find_split_column(rows, wanted_split), plan, labeled))
    known = np.isin(pool, labeled)
    codes, names = states.labels_of(pool[known])
    if len(codes) < _LEAST_ROWS or len(names) < 2:
        hint = f"--simulate needs {_LEAST_ROWS} rows and two classes; --label-column names the column with the labels"
        if opened.leaves_file_labels:
            hint = "--no-relabel counts the file's own labels, too, which --relabel leaves aside"
        raise InputError(
            f"`{rows.path}` has {len(codes):,} labeled rows of {len(names)} classes, too few to replay", hint
        )
    vectorize = find_vectorizer(config.model, opened.multi_label)
    model = MODELS[config.model] if vectorize is None else make_model(config.model, vectorize)
    say("reading the texts …")
    vectors = model.vectorize(
        [text for text, is_known in zip(texts, known.tolist(), strict=True) if is_known], _ignore_progress
    )
    return SimulationTask(vectors, codes, names, model, several=opened.multi_label)


def _ignore_progress(_share: float) -> None:
    return None


def _show_comparison(comparison: "Comparison", config: LabelConfig) -> None:
    from txt.charts.plot import Series, draw_line_chart
    from txt.labeling.simulate import RANDOM

    colors = dict(zip(comparison.curves, ("bright_cyan", "bright_yellow"), strict=False))
    lines = []
    for name, curve in comparison.curves.items():
        labels, means = [point[0] for point in curve], [100 * point[1] for point in curve]
        lines.append(Series(labels, means, name, colors[name]))
    out.print(
        draw_line_chart(lines, min(out.width, _CHART_WIDTH), _CHART_HEIGHT, x_label="labels", y_label="accuracy, %")
    )
    out.print(_build_table(comparison))
    noise = f", {config.noise:.0%} of the answers wrong" if config.noise else ""
    out.print(
        f"{config.model}, means over {config.seeds} seeds with 95 % intervals{noise}."
        f" All labels give {_format_accuracy(comparison.full)}; the labels are those to 90 and 95 % of that."
    )
    if comparison.strategy != RANDOM:
        out.print(Text(_describe_gain(comparison), style="bold"))


def _build_table(comparison: "Comparison") -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("mean accuracy", justify="right", no_wrap=True)
    for share in comparison.labels_to:
        table.add_column(f"labels to {share:.0%}", justify="right", no_wrap=True)
    for name, area in comparison.area.items():
        needed = [_format_needed_labels(of_each[name]) for of_each in comparison.labels_to.values()]
        table.add_row(name, _format_accuracy(area), *needed)
    return table


def _describe_gain(comparison: "Comparison") -> str:
    gain = comparison.gain
    told = f"{comparison.strategy} {gain.value:+.1%} [{gain.low:+.1%}, {gain.high:+.1%}] beside random order"
    if gain.low > 0:
        return f"{told}: it helps here."
    return f"{told}: it hurts here." if gain.high < 0 else f"{told}: no difference that could be told from chance."


def _format_accuracy(interval: "Interval") -> str:
    return f"{interval.value:.1%} [{100 * interval.low:.1f}, {100 * interval.high:.1f}]"


def _format_needed_labels(reached: "LabelsNeeded") -> str:
    labels = reached.labels
    if reached.reached < reached.seeds:
        return f"over {labels.value:,.0f} ({reached.reached} of {reached.seeds})"
    return f"{labels.value:,.0f} [{labels.low:,.0f}, {labels.high:,.0f}]"
