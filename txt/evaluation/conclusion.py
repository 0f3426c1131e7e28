"""The conclusion of a finished training: scores on val and test beside the baseline, and what to try next."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from txt.data.prepared import Prepared
from txt.evaluation.evaluate_run import evaluate_run
from txt.evaluation.report import Report
from txt.evaluation.write_report import write
from txt.processes import count_cores
from txt.runs.diagnosis import Advice, TrainingFacts, diagnose
from txt.runs.events import Evaluation, Event, Finished, Rung
from txt.runs.folder import Run


@dataclass(frozen=True)
class Conclusion:
    """How a training ended, its best evaluation, the report on a split, and advice.

    `frozen` is the evaluation of a head on vectors of the encoder as it came, beside which `--few-shot` was tried.
    """

    run: Run
    finished: Finished
    best: Evaluation
    report: Report
    advice: list[Advice]
    rungs: tuple[Rung, ...] = ()
    frozen: Evaluation | None = None

    @property
    def verdict(self) -> str | None:
        """A sentence that compares the model with the baseline."""
        return self.report.verdict


def conclude(run: Run, prepared: Prepared) -> Conclusion:
    """Evaluate a finished run on its test split (on val or train where it has none) and write its report.

    Raises:
        InputError: the run has no model.
    """
    split = next(name for name in ("test", "val", "train") if len(prepared.split(name)))
    report = evaluate_run(run, split)
    write(report, run.path)
    events = list(run.events())
    evaluations = [event for event in events if isinstance(event, Evaluation)]
    finished = events[-1]
    assert isinstance(finished, Finished)
    train = prepared.split("train")
    given = train.label_sets.ids if prepared.manifest.has_several else train.labels
    facts = TrainingFacts(
        labels=prepared.labels,
        train_lengths=train.lengths.astype("int64"),
        cores=count_cores(),
        train_counts=np.bincount(given, minlength=len(prepared.labels)),
        difference=report.difference.get("accuracy"),
    )
    best = next(event for event in reversed(evaluations) if event.step == finished.best_step)
    config = run.config()
    frozen = evaluations[0] if config.few_shot else None
    return Conclusion(run, finished, best, report, diagnose(events, config, facts), list_rungs(events), frozen)


def list_rungs(events: Sequence[Event]) -> tuple[Rung, ...]:
    """Return the rungs of a ladder that was climbed, as the last climb left them; only the best one is kept."""
    found = {event.name: event for event in events if isinstance(event, Rung)}
    last = [event.name for event in found.values() if event.kept][-1:]
    return tuple(replace(event, kept=event.name in last) for event in found.values())
