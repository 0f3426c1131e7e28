"""Labels predicted by a run's model for any texts, as `--check RUN` compares them."""

from collections.abc import Callable, Sequence

import numpy as np

from txt.data.prepared import Prepared
from txt.model.predict import predict_logits
from txt.model.saved import load_model
from txt.runs import Run
from txt.training.machine import choose_machine, in_precision


class _Encoded:
    """Texts as flat token ids; offers what prediction needs of a split."""

    def __init__(self, token_ids: list[list[int]]) -> None:
        self._token_ids = token_ids
        self.lengths = np.array([len(ids) for ids in token_ids])

    def gather(self, rows: "np.typing.NDArray[np.int64]") -> "tuple[np.typing.NDArray[np.int64], ...]":
        """Return the token ids of some rows laid end to end, and their lengths (B,)."""
        ids = [np.array(self._token_ids[row], np.int64) for row in rows]
        return np.concatenate(ids), self.lengths[rows]


def classifier_of(run: Run, device: str) -> Callable[[Sequence[str]], Sequence[object]]:
    """Return a function from texts to the class that the run's best model predicts.

    Raises:
        InputError: the run has no model yet.
    """
    tokenizer = Prepared.open(run.prepared_path()).tokenizer()
    machine = choose_machine(run.config().with_options(device=device))
    model = in_precision(load_model(run.model, machine.device), machine)

    def labels(texts: Sequence[str]) -> Sequence[object]:
        encoded = _Encoded([encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))])
        return predict_logits(model, encoded, machine.device).argmax(axis=1).tolist()  # type: ignore[no-any-return,arg-type]

    return labels
