"""Finds or makes what training starts from: a data file, a prepared folder or a run, as the user names it.

torch is imported where it is needed, which is after all that can be refused without it: where the training is a process
of its own, this one can do without.
"""

import math
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from txt.config import PrepareConfig, TrainConfig
from txt.consent import MODEL, is_allowed
from txt.data.encode_anew import encode_anew
from txt.data.hub import locate_model
from txt.data.label_kinds import ORDERED as ORDERED_KIND
from txt.data.label_kinds import SEVERAL, SINGLE
from txt.data.language_sample import sample_texts
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.progress import ProgressWatcher, RowProgress
from txt.data.reading.source import check_file
from txt.data.report import DataReport
from txt.data.soft_labels import FindShares, Shares, spread_labels, write_soft_labels
from txt.errors import InputError, TxtError
from txt.idle_options import refuse_idle_options
from txt.labeling.store.stored_labels import open_stored_labels
from txt.metrics import LOSS, METRICS, ORDERED, SEVERAL_CHOICES
from txt.model import encoders
from txt.model.pretrained_check import check_pretrained, find_most_tokens
from txt.runs.folder import RUNS, Run
from txt.runs.state import STARTING, make_own_status, write_status
from txt.training.batches import steps_per_epoch
from txt.training.changes import HARMLESS, refuse_changes
from txt.training.checkpoint import Checkpoint, check_checkpoint, list_checkpoints, load_checkpoint, parse_step
from txt.training.fresh_edits import FreshEdits, check_edits, make_fresh_edits
from txt.training.options import ChooseTokenizer
from txt.training.trainable import check_trainable

if TYPE_CHECKING:
    from txt.model.pretrained import Model

PREPARED = Path("prepared")
"""The prepared folder that is used by default; in a run that was started from a data file, the one inside the run."""

Settle = Callable[[TrainConfig, Prepared], TrainConfig]
"""Sets the options that depend on the data, before the run is described."""


class Built(NamedTuple):
    """What was made of the options to see whether it can be, for the training to go on with."""

    model: "Model | None" = None
    edits: FreshEdits | None = None


class Start(NamedTuple):
    """What a training begins with; a new one has nothing to resume."""

    run: Run
    prepared: Prepared
    resume: Checkpoint | None = None
    built: Built = Built()


def start_on_prepared(
    folder: Path,
    config: TrainConfig,
    name: str | None,
    settle: Settle = lambda config, _: config,
    here: bool = True,
    runs: Path = RUNS,
    names_metric: bool = False,
    choose_tokenizer: ChooseTokenizer | None = None,
    progress: ProgressWatcher = lambda _: None,
    tell: Callable[[str], None] = lambda _: None,
) -> Start:
    """Make a new run on a prepared folder, with the options that `settle` makes of `config`.

    `here` says that this process will train; otherwise nothing is built that a check does not need. The run's folder is
    made in `runs`. `names_metric` says that the user named the score, which is then not replaced by a usual one.

    Where the folder's tokenizer was trained on its own texts and the training has a pretrained encoder, the one that
    `config` names or `choose_tokenizer` finds, the texts are encoded again into the run, as `progress` hears and `tell`
    is told.

    Raises:
        InputError: there is no such folder, device or pretrained model, the data was prepared for another one, the
            run's name is taken, or rows cannot be edited as asked.
    """
    if not folder.is_dir() and folder == PREPARED:
        raise InputError(
            "there is nothing to train on: no `prepared` folder here", "txt train DATA, or txt prepare DATA"
        )
    _check_device(config)
    check_edits(config)
    prepared = Prepared.open(folder)
    check_trainable(prepared, config)
    encoder = _find_other_encoder(config, prepared, choose_tokenizer)
    model = _build_pretrained(config, prepared, here) if encoder is None else None
    with Run.new(name, runs) as run:
        _say_starting(run)
        if encoder is not None:
            folder = run.path / PREPARED
            prepared = _encode_for(encoder, prepared, folder, progress, tell)
            model = _build_pretrained(config, prepared, here)
        edits = make_fresh_edits(config, prepared)  # refuses methods that cannot work on these texts
        config = fit_metric(ensure_epochs(config, prepared), prepared, names_metric)
        run.describe(settle(config, prepared), folder, prepared.fingerprint)
    return Start(run, prepared, built=Built(model, edits))


def start_on_file(
    file: Path | str,
    config: TrainConfig,
    preparing: PrepareConfig,
    name: str | None,
    progress: ProgressWatcher,
    told: Callable[[DataReport], None],
    settle: Settle = lambda config, _: config,
    choose_tokenizer: ChooseTokenizer | None = None,
    here: bool = True,
    runs: Path = RUNS,
    names_metric: bool = False,
) -> Start:
    """Prepare a data file into the folder of a new run; `progress` hears how far it is, `told` gets the data report.

    `choose_tokenizer` names a tokenizer that suits some of the texts, or None for the one that `preparing` says;
    `here`, `runs` and `names_metric` are as in `start_on_prepared`.

    Raises:
        InputError: the file cannot be prepared, no such device or pretrained model, the run's name is taken, or rows
            cannot be edited as asked; nothing is left.
    """
    check_file(file)
    _check_device(config)
    check_edits(config)
    with Run.new(name, runs) as run:
        _say_starting(run)
        folder = run.path / PREPARED
        decided = open_stored_labels(file, preparing, config.soft_labels)
        told(prepare(file, preparing, folder, progress, decided=decided, choose_tokenizer=choose_tokenizer))
        if decided is not None and decided.probable is not None:
            _write_soft_labels(Prepared.open(folder), decided.probable.find)
        prepared = Prepared.open(folder)
        check_trainable(prepared, config)
        model = _build_pretrained(config, prepared, here)
        edits = make_fresh_edits(config, prepared)  # refuses methods that cannot work on these texts
        config = fit_metric(ensure_epochs(config, prepared), prepared, names_metric)
        run.describe(settle(config, prepared), folder, prepared.fingerprint)
    return Start(run, prepared, built=Built(model, edits))


def _find_other_encoder(config: TrainConfig, prepared: Prepared, choose: ChooseTokenizer | None) -> str | None:
    """Return the encoder of a training for which the texts have to be encoded again; None where they are as it takes
    them, or there is none. Texts that were prepared with a pretrained tokenizer stay so: somebody named it.
    """
    if not prepared.manifest.tokenizer.get("trained"):
        return None
    if config.pretrained is None:
        train = prepared.split("train")
        return choose(sample_texts(len(train), train.texts)) if choose is not None else None
    return config.pretrained if config.pretrained in encoders.NAMES else None


def _encode_for(
    encoder: str, prepared: Prepared, out: Path, progress: ProgressWatcher, tell: Callable[[str], None]
) -> Prepared:
    """Encode the rows of a prepared folder as an encoder takes them, into `out`, and say so."""
    asked = prepared.manifest.max_length
    most = min(asked, find_most_tokens(encoder) or asked)
    rows = sum(prepared.manifest.rows(name) for name in prepared.splits)
    cut = f", cut at the {most} tokens that it takes" if most < asked else ""
    tell(f"`{prepared.path}` has a tokenizer of its own: its texts are encoded for {encoder} into {out}{cut}")
    return encode_anew(
        prepared, encoder, most, out, lambda done: progress(RowProgress("encoding for the encoder", done, rows))
    )


def _write_soft_labels(prepared: Prepared, find: FindShares) -> None:
    """Write how probable each class is in each row into a prepared folder."""
    if prepared.manifest.kind != SINGLE:
        return  # which check_trainable refuses
    shares: dict[str, Shares] = {}
    found = 0
    for name in ("train", "val"):
        split = prepared.split(name)
        shares[name], soft = spread_labels(split.texts(), split.labels, prepared.labels, find)
        found += soft
    if not found:
        raise InputError("no row to learn from has labels of several people that differ", "leave --soft-labels out")
    write_soft_labels(prepared.path, shares)


def _check_device(config: TrainConfig) -> None:
    """Refuse a device that is not there; a processor always is."""
    if config.device not in ("auto", "cpu"):
        from txt.training.machine import find_device

        find_device(config.device)


def _build_pretrained(config: TrainConfig, prepared: Prepared, here: bool) -> "Model | None":
    """Refuse pretrained weights that cannot be trained, before a run is made that would be left behind.

    Returns the model where it had to be built. In another process than the one that trains nothing is built: that one
    builds it, and a refusal of its ends the run (`cli.watch`).
    """
    if config.pretrained is None:
        return None
    is_checked = check_pretrained(config, prepared)
    if not here or (is_checked and config.rungs):  # the ladder makes of an encoder what it needs
        return None
    import torch

    from txt.model.build import build_model
    from txt.model.pretrained import PretrainedClassifier

    model = build_model(config, prepared, torch.device("cpu"))
    if isinstance(model, PretrainedClassifier) and not model.takes_dropout and config.dropout != TrainConfig.dropout:
        raise InputError(
            f"--dropout does nothing here: a {type(model.model).__name__} has the dropout that its config.json says",
            "leave it out, or change it there",
        )
    return model


def ensure_epochs(config: TrainConfig, prepared: Prepared) -> TrainConfig:
    """Return the options with as many epochs as `min_steps` takes, where there are few rows."""
    epochs = math.ceil(config.min_steps / max(1, steps_per_epoch(prepared.manifest.rows("train"), config.batch_size)))
    return config if epochs <= config.num_epochs else config.with_options(num_epochs=epochs)


def fit_metric(config: TrainConfig, prepared: Prepared, named: bool) -> TrainConfig:
    """Return the options with a score that the kind of the labels has: micro-F1 in the place of the usual accuracy,
    or quadratic weighted kappa for classes in an order. A score that the user `named` stays, or is refused.

    Raises:
        InputError: the score is about another kind, or does nothing: on the ladder, answers to classes without an order
            follow from no score.
    """
    several, metric = prepared.manifest.has_several, config.metric
    usual = {SEVERAL: "micro_f1", ORDERED_KIND: "qwk"}.get(prepared.manifest.kind)
    if named and usual is None and config.rungs and metric != LOSS and metric in METRICS:
        raise InputError(
            "--metric does nothing here: the ladder keeps the rung with the lowest log loss", "leave it out"
        )
    if usual is not None and metric == TrainConfig().metric and not named:
        return config.with_options(metric=usual)
    if prepared.manifest.kind == ORDERED_KIND and metric in ORDERED:
        return config
    if several and metric not in (LOSS, *SEVERAL_CHOICES):
        raise InputError(
            f"--metric {metric} is for one label a row, and `{prepared.path}` has several",
            f"with several: {', '.join((*SEVERAL_CHOICES, LOSS))}",
        )
    if not several and metric not in (LOSS, *METRICS):
        raise InputError(
            f"--metric {metric} is for {'classes in an order' if metric in ORDERED else 'several labels a row'}, and "
            f"`{prepared.path}` has {'none' if metric in ORDERED else 'one'}",
            "txt prepare --ordered says that there is one"
            if metric in ORDERED
            else f"with one: {', '.join((*METRICS, LOSS))}",
        )
    return config


def start_together(make: Callable[[], Start]) -> Start:
    """Let the first of the processes that torchrun started `make` the run, and open it in the others.

    Processes that were started again, after one of them was lost, go on with the run that those before them made.

    Raises:
        TxtError: the first process could not make it.
    """
    from txt.training.distributed import join_group

    group = join_group()
    start, problem = None, None
    if group.writes:
        name = group.recall_run()
        start, problem = _try_start(make if name is None else partial(resume, name, {}))
        if start is not None:
            group.remember_run(start.run.name)
    step = start.resume.progress.step if start and start.resume else None
    path, step, problem = group.tell((start.run.path if start else None, step, problem))
    if problem is not None:
        raise problem
    if start is not None:
        return start
    assert path is not None
    run = Run(path)
    return Start(run, Prepared.open(run.prepared_path()), None if step is None else _load_checkpoint_at(run, step))


def _try_start(make: Callable[[], Start]) -> tuple[Start | None, TxtError | None]:
    try:
        return make(), None
    except TxtError as error:
        return None, error


def resume(name: str, changes: dict[str, Any], at_step: int | None = None, here: bool = True) -> Start:
    """Find what a stopped run needs to go on, from its newest checkpoint or the one at a step.

    Args:
        name: the run's name or path.
        changes: options given anew; only those of HARMLESS may differ from what the run was started with.
        at_step: the step of the checkpoint to go on from.
        here: this process will train; otherwise the checkpoint is checked, and not loaded.

    Raises:
        InputError: no such run, nothing to resume, a damaged checkpoint, other options or other data.
    """
    run = Run.open(name)
    config = run.config()
    refuse_changes(run, changes)
    refuse_idle_options(config, {name: value for name, value in changes.items() if name in HARMLESS})
    if "pretrained" not in changes and find_unknown_model(run):
        raise InputError(describe_unknown_model(run), f"--from {config.pretrained} fetches it")
    prepared = Prepared.open(run.locate_prepared())
    if prepared.fingerprint != run.record().get("fingerprint"):
        raise InputError(
            f"`{prepared.path}` holds other data than run `{run.name}` was started on",
            "start a new run, or prepare the data as it was",
        )
    if changes:
        run.describe(config.with_options(**changes), prepared.path, prepared.fingerprint)
    checkpoint = _load_checkpoint_at(run, at_step, here)
    model = _rebuild_from_run(run, prepared) if here and checkpoint is not None else None
    _say_starting(run)
    return Start(run, prepared, checkpoint, Built(model))


def holds_all(run: Run) -> bool:
    """Return whether a run goes on without the model that it began from: its own has the same architecture.

    The checkpoint has every weight that learns; those that do not are in the run's model as they were, except where
    adapters were merged into them.
    """
    config = run.config()
    own = (run.model / "model.safetensors").is_file() and bool(list_checkpoints(run.checkpoints))
    return own and config.pretrained is not None and not (config.rungs or config.few_shot or config.lora)


def _rebuild_from_run(run: Run, prepared: Prepared) -> "Model | None":
    """Build the model from the run's own where what it began from is not here any more."""
    config = run.config()
    if not holds_all(run) or config.pretrained is None or is_here(config.pretrained):
        return None
    import torch

    from txt.model.build import build_model

    return build_model(config.with_options(pretrained=str(run.model)), prepared, torch.device("cpu"))


def find_unknown_model(run: Run) -> str | None:
    """Return the model of a hub that a run names and that nobody named here before: to open it is to ask the hub."""
    name = run.config().pretrained
    known = name is None or is_here(name) or holds_all(run) or is_allowed(MODEL, name)
    return None if known else name


def is_here(name: str) -> bool:
    """Return whether a model is an installed one, a run or a folder, and not a hub's."""
    return name in encoders.NAMES or Path(locate_model(name)).exists()


def describe_unknown_model(run: Run) -> str:
    """Say which model a run from elsewhere names."""
    return f"run `{run.name}` goes on from the model `{run.config().pretrained}`, which was not named here before"


def _say_starting(run: Run) -> None:
    """Claim the run from the moment its folder is there: until training takes the lock, seconds may pass."""
    write_status(run, make_own_status(os.getpid(), STARTING))


def _load_checkpoint_at(run: Run, at_step: int | None, here: bool = True) -> Checkpoint | None:
    """Read the checkpoint to go on from; None for a run that was stopped before its first, and begins anew."""
    found = list_checkpoints(run.checkpoints)
    if at_step is not None:
        found = [path for path in found if parse_step(path) == at_step]
        if not found:
            have = ", ".join(str(parse_step(path)) for path in list_checkpoints(run.checkpoints)) or "none"
            raise InputError(f"run `{run.name}` has no checkpoint at step {at_step}", f"it has: {have}")
    if found and not here:
        check_checkpoint(found[0])
    return load_checkpoint(found[0]) if found and here else None
