import random

import pytest

from txt.errors import TxtError
from txt.labeling.row_states import read_row_states
from txt.labeling.store.journal import Journal, read_current_labels
from txt.labeling.store.recovery import count_readable, recover
from txt.labeling.store.store_file import DamagedStoreError, explain_store_errors


def labeled_store(open_session, count=400):
    session = open_session([f"row {number}" for number in range(count)])
    for _ in range(count):
        session.label("pos")
    session.journal.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    session.journal.close()
    return session


def test_a_store_with_torn_pages_gives_back_what_can_be_read(open_session):
    session = labeled_store(open_session)
    path = session.journal.path
    content = bytearray(path.read_bytes())
    rng = random.Random(3)
    for page in rng.sample(range(3, len(content) // 4096), 4):
        content[page * 4096 : page * 4096 + 4096] = bytes(rng.randrange(256) for _ in range(4096))
    path.write_bytes(content)
    count = count_readable(path)
    assert 100 < count <= 400
    recovered = recover(path)
    assert recovered.decisions == count
    assert recovered.damaged.read_bytes() == bytes(content)
    labels = read_current_labels(path)
    assert len(labels) == count
    assert {label.label for label in labels.values()} == {"pos"}


def test_a_damaged_store_is_noticed_on_opening(open_session):
    session = labeled_store(open_session)
    path = session.journal.path
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with (
        pytest.raises(DamagedStoreError, match="is damaged"),
        explain_store_errors(path),
        Journal.open(path) as journal,
    ):
        read_row_states(session.rows.index, journal)


def test_nothing_is_touched_when_nothing_can_be_read(tmp_path):
    path = tmp_path / "labels.db"
    path.write_bytes(b"not a store at all" * 500)
    with pytest.raises(TxtError, match=r"nothing in .* can be read"):
        recover(path)
    assert [each.name for each in tmp_path.iterdir()] == ["labels.db"]


def test_recovering_a_whole_store_keeps_every_decision(open_session):
    session = labeled_store(open_session, 30)
    before = read_current_labels(session.journal.path)
    recover(session.journal.path)
    assert read_current_labels(session.journal.path) == before
