"""A classifier as SetFit and sentence-transformers keep one: an encoder with its pooling, and a linear head."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np

from txt.errors import InputError
from txt.export.folder import copy_tokenizer, export_folder
from txt.export.model_card import model_card
from txt.export.modeling_sentence import SentenceClassifier
from txt.export.padded_form import LogitsOnly, PaddedForm, compute_probabilities, padded_form
from txt.files import read_json, write_json
from txt.prediction.model_source import ModelSource

HEAD = "model_head.pkl"
"""The name that SetFit looks for; it holds a LogisticRegression of scikit-learn."""


def export_sentence_transformers(
    source: ModelSource, out: Path, force: bool = False, license_name: str | None = None
) -> float:
    """Write a fine-tuned encoder and its head; return the largest difference of a probability on real rows.

    `SentenceTransformer(out)` gives vectors, `SetFitModel.from_pretrained(out)` labels; no code comes along.

    Raises:
        InputError: there is no model, it is not an encoder with a mean and a head, or `out` must not be replaced.
        TxtError: the model gives other answers on padded rows.
    """
    form = padded_form(source)
    model = form.model
    if not isinstance(model, SentenceClassifier) or model.ngrams is not None:
        what = "has n-grams beside its encoder" if isinstance(model, SentenceClassifier) else "has no such encoder"
        raise InputError(
            f"sentence-transformers have an encoder, a mean and a linear head, and `{source.name}` {what}",
            "--format hf takes every model",
        )
    difference = form.largest_difference(compute_probabilities(form, LogitsOnly(model)))
    with export_folder(source, out, force) as folder:
        model.encoder.save_pretrained(folder)
        copy_tokenizer(source, folder)
        config = read_json(folder / "config.json")
        config.pop("_name_or_path", None)
        write_json(folder / "config.json", config)
        _describe_modules(form, model.config.hidden_size, folder)
        with (folder / HEAD).open("wb") as file:
            pickle.dump(make_head(model.classifier, form.classifier.decision is not None), file)
        (folder / "README.md").write_text(
            model_card(form, _USAGE.format(name=out.name), license_name), encoding="utf-8"
        )
    return difference


_USAGE = """\
```python
from sentence_transformers import SentenceTransformer

SentenceTransformer({name!r}).encode(["a text"])  # vectors
```

```python
from setfit import SetFitModel

SetFitModel.from_pretrained({name!r})(["a text"])  # labels
```

`model_head.pkl` is a pickle, as SetFit wants it: open none that you do not trust."""


def _describe_modules(form: PaddedForm, width: int, folder: Path) -> None:
    """Write the files by which sentence-transformers put the parts together."""
    parts = (("", "Transformer"), ("1_Pooling", "Pooling"))
    modules = [
        {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for number, (path, kind) in enumerate(parts)
    ]
    write_json(folder / "modules.json", modules)
    write_json(
        folder / "sentence_bert_config.json", {"max_seq_length": form.classifier.max_length, "do_lower_case": False}
    )
    write_json(folder / "config_sentence_transformers.json", {"similarity_fn_name": "cosine"})
    write_json(folder / "config_setfit.json", {"labels": list(form.classifier.labels), "normalize_embeddings": False})
    (folder / "1_Pooling").mkdir()
    write_json(
        folder / "1_Pooling" / "config.json",
        {
            "word_embedding_dimension": width,
            "pooling_mode_cls_token": False,
            "pooling_mode_mean_tokens": True,
            "pooling_mode_max_tokens": False,
            "pooling_mode_mean_sqrt_len_tokens": False,
        },
    )


def make_head(layer: Any, several: bool) -> Any:
    """Return a linear layer as a fitted LogisticRegression; as one a label where rows have `several`."""
    weight = layer.weight.detach().double().numpy()  # (C, D)
    bias = layer.bias.detach().double().numpy()  # (C,)
    if several:
        return _make_heads(weight, bias)
    if len(bias) == 2:  # of two classes it keeps the difference
        return _make_regression(weight[1:] - weight[:1], bias[1:] - bias[:1], 2)
    return _make_regression(weight, bias, len(bias))


def _make_heads(weight: Any, bias: Any) -> Any:
    """Return a regression for each label, which holds from one half on, as SetFit has it for `one-vs-rest`."""
    from sklearn.multiclass import OneVsRestClassifier
    from sklearn.preprocessing import LabelBinarizer

    heads = OneVsRestClassifier(_make_regression(weight[:1], bias[:1], 2))
    heads.estimators_ = [_make_regression(weight[k : k + 1], bias[k : k + 1], 2) for k in range(len(bias))]
    heads.label_binarizer_ = LabelBinarizer(sparse_output=True).fit(np.ones((1, len(bias)), np.int64))
    heads.n_features_in_ = weight.shape[1]
    return heads


def _make_regression(weight: Any, bias: Any, classes: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    head = LogisticRegression()
    head.coef_, head.intercept_ = weight, bias
    head.classes_ = np.arange(classes)
    head.n_features_in_ = weight.shape[1]
    head.n_iter_ = np.zeros(1, np.int32)
    return head
