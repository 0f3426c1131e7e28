"""scikit-learn's own list of checks: those that apply to a classifier of texts, and why the others do not.

python -m tests.library.test_estimator_checks   # writes the table of docs/api.md anew
"""

import inspect

import pytest
from sklearn.base import is_classifier
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import check_estimator

from tests.conftest import ROOT
from txt import TextClassifier

PAGE = ROOT / "docs" / "api.md"
START, END = "<!-- checks: start -->\n", "<!-- checks: end -->"

APPLY = (
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_estimator_cloneable",
    "check_estimator_repr",
    "check_estimator_sparse_tag",
    "check_estimator_tags_renamed",
    "check_get_params_invariance",
    "check_mixin_order",
    "check_no_attributes_set_in_init",
    "check_parameters_default_constructible",
    "check_set_params",
    "check_valid_tag_types",
)

MATRIX = "it fits on a matrix of numbers, and texts are needed; tests/library/test_text_classifier.py holds the same"
MESSAGES = "it expects scikit-learn's own words about a matrix's shape"
WEIGHTS = "there are no weights of rows"
DIFFER = {
    "check_all_zero_sample_weights_error": WEIGHTS,
    "check_class_weight_balanced_classifiers": "the option is class_weights, as the command has it",
    "check_class_weight_balanced_linear_classifier": "the option is class_weights, as the command has it",
    "check_class_weight_classifiers": "the option is class_weights, as the command has it",
    "check_classifier_multioutput": MATRIX + "; several labels: tests/library/test_kinds_of_labels.py",
    "check_classifiers_multilabel_output_format_decision_function": MATRIX,
    "check_classifiers_multilabel_output_format_predict": MATRIX,
    "check_classifiers_multilabel_output_format_predict_proba": MATRIX,
    "check_classifiers_multilabel_representation_invariance": MATRIX,
    "check_classifiers_one_label": "one class is an error: a model of it would say nothing",
    "check_classifiers_one_label_sample_weights": WEIGHTS,
    "check_estimators_empty_data_messages": MESSAGES,
    "check_estimators_nan_inf": "NaN is a text that is missing, as in the command",
    "check_estimators_partial_fit_n_features": "there is no partial_fit",
    "check_fit1d": "texts are one-dimensional: it expects that to be refused",
    "check_fit2d_predict1d": "texts are one-dimensional: it expects that to be refused",
    "check_n_features_in": "texts have no features that could be counted",
    "check_n_features_in_after_fitting": "texts have no features that could be counted",
    "check_dataframe_column_names_consistency": "of a table only the column of the text is read",
    "check_supervised_y_no_nan": "rows without a label are left out and told, as in the command",
}
OF_OTHERS = (
    "cluster", "outlier", "regress", "transform", "array_api", "get_feature_names", "sparsify", "nonsquare",
    "pandas", "polars", "n_iter", "not_supporting_multiclass", "positive", "non_negative",
)  # fmt: skip


@pytest.mark.parametrize("name", APPLY)
def test_a_check_that_knows_nothing_of_the_data_passes(name: str):
    check = getattr(estimator_checks, name)
    if (
        list(inspect.signature(check).parameters) == ["name", "estimator_orig"]
        or len(inspect.signature(check).parameters) == 2
    ):
        check("TextClassifier", TextClassifier(rungs=1))
    else:
        check(TextClassifier(rungs=1))


def list_checks() -> dict[str, str]:
    """Return each check for classifiers, and what becomes of it."""
    names = [name for name in dir(estimator_checks) if name.startswith("check_") and name != "check_estimator"]
    kept = [name for name in names if not any(part in name for part in OF_OTHERS)]
    return {
        name: "passes"
        if name in APPLY
        else "does not apply: " + (DIFFER.get(name) or (WEIGHTS if "sample_weight" in name else MATRIX))
        for name in kept
    }


def test_no_check_is_listed_that_scikit_learn_has_no_more():
    assert set(APPLY) | set(DIFFER) <= set(dir(estimator_checks))


def render_table() -> str:
    """Return the table of docs/api.md: one row for all checks that have the same reason."""
    rows: dict[str, list[str]] = {}
    for name, said in list_checks().items():
        rows.setdefault(said, []).append(f"`{name.removeprefix('check_')}`")
    lines = [f"| {', '.join(names)} | {said} |" for said, names in sorted(rows.items(), reverse=True)]
    return "\n".join(["| check_… | |", "|---|---|", *lines]) + "\n"


def test_the_page_lists_every_check_with_its_reason():
    page = PAGE.read_text(encoding="utf-8")
    assert page.partition(START)[2].partition(END)[0] == render_table(), "python -m tests.library.test_estimator_checks"


def test_scikit_learn_sees_a_classifier_of_texts_and_leaves_its_matrices_out():
    assert is_classifier(TextClassifier())
    with pytest.warns(match="requires input"):
        assert check_estimator(TextClassifier(), on_skip=None, on_fail=None) is not None


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    PAGE.write_text(before + START + render_table() + END + rest.partition(END)[2], encoding="utf-8")
