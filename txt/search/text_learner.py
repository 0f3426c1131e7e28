"""Trains a transformer on labeled texts in memory and predicts others; no files are left behind."""

import csv
import tempfile
from collections.abc import Sequence
from pathlib import Path

import torch

from txt.augmentation.label_form import write_set
from txt.config import PrepareConfig, TrainConfig
from txt.data.label_kinds import LabelSets
from txt.data.prepare import prepare
from txt.data.prepared import Prepared
from txt.data.token_encoder import make_encoder
from txt.model.predict import predict_logits
from txt.recipes import RECIPE
from txt.search.trainer import StepTrainer
from txt.training.machine import choose_machine
from txt.training.start import ensure_epochs

_WHOLE = PrepareConfig(text_column="text", label_column="label", train_split=1.0, val_split=0.0, use_labels=False)


def learn_and_predict(train: Sequence[tuple[str, str]], texts: Sequence[str]) -> list[str]:
    """Train as `txt train` does by default, but keep the last weights rather than the best, and label some texts.

    Args:
        train: texts with their labels, of two classes at least; or with several, as `write_set` writes them.
        texts: what is to be labeled.
    """
    with tempfile.TemporaryDirectory(prefix="txt-") as folder:
        data, out = Path(folder, "train.csv"), Path(folder, "prepared")
        with data.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("text", "label"), *train])
        prepare(data, _WHOLE, out)
        prepared = Prepared.open(out)
        trainer = _train(prepared, ensure_epochs(TrainConfig.from_json(RECIPE), prepared))
        rows = make_encoder(prepared.tokenizer(), prepared.manifest.max_length)(texts)
        model = trainer.optimizer.working
        model.eval()
        logits = predict_logits(model, rows, trainer.machine.device)  # (N, C)
        if prepared.manifest.has_several:
            held = LabelSets.of_matrix(logits > 0)
            return [write_set(held.names(row, prepared.labels)) for row in range(len(held))]
        return [prepared.labels[number] for number in logits.argmax(1)]


def _train(prepared: Prepared, config: TrainConfig) -> StepTrainer:
    threads = torch.get_num_threads()
    try:
        trainer = StepTrainer(prepared, config, choose_machine(config))
        for step in range(trainer.plan.total_steps):
            trainer.step(trainer.plan.learning_rate(step))
        return trainer
    finally:
        torch.set_num_threads(threads)
