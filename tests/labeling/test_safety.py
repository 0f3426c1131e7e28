"""What must never happen: a painted decision lost, a row given out twice."""

import pytest

from tests.labeling.pulled_plug import item_text, label_side_by_side, pull_plug, write_items
from txt.labeling.store.decision import row_id
from txt.labeling.store.journal import read_current_labels, store_path


@pytest.mark.parametrize("seed", range(4))
def test_no_painted_decision_is_lost_when_the_plug_is_pulled(tmp_path, seed):
    trial = pull_plug(tmp_path, seed)
    assert trial.painted > 0
    assert trial.lost == 0
    assert trial.clean


def test_two_people_at_once_get_different_rows_and_lose_nothing(tmp_path):
    data = write_items(tmp_path / "data.csv", 400)
    given = label_side_by_side(data, 120)
    rows = given["anna"] + given["ben"]
    assert len(set(rows)) == len(rows) == 240
    labels = read_current_labels(store_path(data))
    assert len(labels) == 240
    for name, own in given.items():
        assert {labels[row_id(item_text(row))].annotator for row in own} == {name}
