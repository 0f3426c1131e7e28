"""An option without effect is an error: every option, in every way to train, changes the run or is refused."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from txt.config import PrepareConfig, TrainConfig
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.soft_labels import write_soft_labels
from txt.errors import InputError
from txt.idle_options import find_idle_in_range_test, refuse_idle_options
from txt.option_schema import list_options
from txt.runs.folder import Run
from txt.training import checkpoint, gradients, loop
from txt.training.loop import train
from txt.training.options import build_training_options
from txt.training.start import start_on_prepared

from .conftest import write_topics
from .tiny_encoder import save_tiny_encoder


@dataclass(frozen=True)
class Try:
    """A value for an option, and what else a training needs for it to matter."""

    value: object
    beside: dict = field(default_factory=dict)


TRIES = {
    "rungs": Try(2),
    "budget": Try("0.0001s"),
    "d_model": Try(24),
    "nhead": Try(4),
    "num_layers": Try(2),
    "dim_feedforward": Try(20),
    "dropout": Try(0.4),
    "norm_first": Try(True),
    "ngrams": Try(True),
    "pretrained": Try("ENCODER"),
    "freeze": Try("1"),
    "lora": Try(2),
    "few_shot": Try(True),
    "fitted_head": Try(False),
    "layer_decay": Try(0.5),
    "num_epochs": Try(3),
    "min_steps": Try(60),
    "batch_size": Try(16),
    "learning_rate": Try(1e-3),
    "warmup_steps": Try(3),
    "max_grad_norm": Try(0.01),
    "weight_decay": Try(0.5),
    "label_smoothing": Try(0.2),
    "class_weights": Try("balanced"),
    "accumulate": Try(2),
    "gradient_checkpointing": Try(True),
    "on_divergence": Try(
        "rollback", {"learning_rate": 50.0, "max_grad_norm": 0.0, "warmup_steps": 4, "save_interval": 1}
    ),
    "soft_labels": Try(True),
    "augment": Try("swap"),
    "augment_rate": Try(0.5, {"augment": "swap"}),
    "language": Try("de", {"augment": "keyboard"}),
    "metric": Try("macro_f1"),
    "patience": Try(1, {"learning_rate": 1e-9, "num_epochs": 4}),
    "log_interval": Try(1),
    "eval_interval": Try(2),
    "save_interval": Try(2),
    "keep_checkpoints": Try(1, {"save_interval": 1}),
    "seed": Try(7),
    "precision": Try("bf16"),
    "threads": Try(2),
}

ELSEWHERE = {
    "wordnet": "needs WordNet's files; its refusal is tested below",
    "device": "this machine has one",
    "log_to": "it tells a tracker of the finished run",
}

WAYS = {
    "new": {"d_model": 16, "nhead": 2, "num_layers": 1},
    "from": {"pretrained": "ENCODER"},
    "freeze all": {"pretrained": "ENCODER", "freeze": "all"},
    "few-shot": {"pretrained": "ENCODER", "few_shot": True, "num_epochs": 1},
    "linear": {"rungs": 1},
    "ladder": {"rungs": 2},
}
"""What is given for each way to train. `grid` and `lrfind` ask the same function; see below."""

NOT_SEEN_HERE = {("freeze all", "seed"), ("ladder", "pretrained"), ("ladder", "budget")}
"""With a data file the seed splits it, so it is taken; the ladder has this encoder already, by its tokenizer, and its
vectors from the training before, which take no time."""


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return save_tiny_encoder(tmp_path_factory.mktemp("encoder"), hidden_size=16)


@pytest.fixture(scope="module")
def data(encoder, tmp_path_factory) -> Prepared:
    folder = tmp_path_factory.mktemp("data")
    prepare(
        write_topics(folder / "data.csv", rows=100),
        PrepareConfig(tokenizer=str(encoder), max_length=64),
        folder / "prepared",
    )
    made = Prepared.open(folder / "prepared")
    rng, shares = np.random.default_rng(3), {}
    for name in ("train", "val"):
        some = rng.dirichlet(np.ones(len(made.labels)), len(made.split(name)))
        shares[name] = np.asarray(some, np.float32)
    write_soft_labels(made.path, shares)
    return Prepared.open(folder / "prepared")


def test_every_option_is_tried():
    assert set(TRIES) | set(ELSEWHERE) == set(list_options(TrainConfig))


@pytest.mark.parametrize("way", WAYS)
def test_an_option_changes_the_run_or_is_refused(way, encoder, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spied = _spy(monkeypatch)
    fast = {"threads": 1, "precision": "float32"}
    known: dict[str, object] = {}
    silent = []
    for name, each in TRIES.items():
        base = {**WAYS[way], **each.beside}
        if name in WAYS[way] or (way, name) in NOT_SEEN_HERE:
            continue
        try:
            changed = _options({**base, name: each.value}, encoder)
            refuse_idle_options(changed, {**base, name: each.value})
        except InputError:
            continue
        quick = {key: value for key, value in fast.items() if key != name}
        try:
            plain = repr(base)
            if plain not in known:
                known[plain] = _train(_options({**fast, **base}, encoder), data, spied)
            options = _options({**fast, **quick, **base, name: each.value}, encoder)
            after = _train(options, data, spied, names_metric=name == "metric")
        except InputError:  # such as the package for adapters that is not there
            continue
        if after == known[plain]:
            silent.append(name)
    assert silent == []


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"pretrained": "minilm", "ngrams": True}, "--ngrams"),
        ({"pretrained": "minilm", "norm_first": True}, "--norm-first"),
        ({"pretrained": "minilm", "freeze": "all", "class_weights": "balanced"}, "--class-weights"),
        ({"pretrained": "minilm", "freeze": "all", "label_smoothing": 0.1}, "--label-smoothing"),
        ({"pretrained": "minilm", "freeze": "all", "num_epochs": 10}, "--epochs"),
        ({"pretrained": "minilm", "few_shot": True, "class_weights": "balanced"}, "--class-weights"),
        ({"pretrained": "minilm", "few_shot": True, "patience": 2}, "--patience"),
        ({"fitted_head": False}, "--fitted-head"),
        ({"augment_rate": 0.3}, "--augment-rate"),
        ({"augment": "swap", "wordnet": "words"}, "--wordnet"),
        ({"rungs": 1, "budget": "2m"}, "--budget"),
    ],
)
def test_what_does_nothing_is_refused_by_its_flag_with_a_reason(given, flag):
    with pytest.raises(InputError, match=f"^{flag} "):
        refuse_idle_options(build_training_options(None, None, {}, given), given)


def test_a_value_that_asks_for_nothing_is_no_mistake():
    for given in ({"pretrained": "minilm", "ngrams": False}, {"pretrained": "minilm", "freeze": "all", "patience": 0}):
        refuse_idle_options(build_training_options(None, None, {}, given), given)


@pytest.mark.parametrize("way", [{"freeze": "all"}, {"few_shot": True}])
def test_a_range_test_of_what_has_no_rate_is_refused(way):
    training = TrainConfig(pretrained="minilm", **way)
    with pytest.raises(InputError):
        refuse_idle_options(training, way, find_idle_in_range_test(training))


def _options(given: dict, encoder) -> TrainConfig:
    said = {name: str(encoder) if value == "ENCODER" else value for name, value in given.items()}
    if said.get("rungs") == 2:
        said["pretrained"] = str(encoder)
    return build_training_options(None, None, {}, said).with_options(
        **({} if "num_epochs" in said or said.get("rungs") else {"num_epochs": 2}),
        **({} if "min_steps" in said or said.get("rungs") else {"min_steps": 0}),
    )


def _train(config: TrainConfig, data: Prepared, spied: list, names_metric: bool = False) -> tuple:
    """Train, and return all that can be seen of it except for times."""
    spied.clear()
    start = start_on_prepared(data.path, config, None, names_metric=names_metric)
    events = []
    for event in train(start.run, start.prepared, built=start.built):
        told = event.to_json()
        events.append({key: value for key, value in told.items() if key not in _TIMES})
    run = Run(start.run.path)
    weights = (run.model / "model.safetensors").read_bytes() if run.model.exists() else None
    kept = sorted(path.name for path in run.checkpoints.glob("*"))
    return events, weights, kept, list(spied)


_TIMES = ("time", "seconds", "rows_per_second", "tokens_per_second", "memory_bytes", "pid")


def _spy(monkeypatch) -> list:
    """Note what changes memory alone: pieces of a batch, and activations that are computed twice."""
    noted: list = []
    compute = gradients.BatchGradients.compute

    def watched(self, rows, step, epoch):
        noted.append((self.pieces, self.optimizer.working.gradient_checkpointing))
        return compute(self, rows, step, epoch)

    monkeypatch.setattr(gradients.BatchGradients, "compute", watched)
    save = checkpoint.save_checkpoint
    monkeypatch.setattr(loop, "save_checkpoint", lambda *given: noted.append("saved") or save(*given))
    return noted
