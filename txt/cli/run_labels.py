"""Labels predicted by a run's model for any texts, as `--check RUN` compares them."""

from collections.abc import Callable, Sequence

from txt.data.prepared import Prepared
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.model.texts import EncodedTexts
from txt.runs import Run
from txt.training.machine import choose_machine, in_precision


def classifier_of(run: Run, device: str) -> Callable[[Sequence[str]], Sequence[object]]:
    """Return a function from texts to the class that the run's best model predicts.

    Raises:
        InputError: the run has no model yet.
    """
    prepared = Prepared.open(run.prepared_path())
    tokenizer, max_length = prepared.tokenizer(), prepared.manifest.max_length
    machine = choose_machine(run.config().with_options(device=device))
    model = in_precision(load_model(run.model, machine.device), machine)

    def labels(texts: Sequence[str]) -> Sequence[object]:
        encoded = EncodedTexts(tokenizer, max_length, texts)
        return predict_logits(model, encoded, machine.device).argmax(axis=1).tolist()  # type: ignore[no-any-return]

    return labels
