"""Files of every kind get predictions behind their cells, and are read back with the same rows."""

import pytest

from tests.data.test_how_files_are_read import BACKSLASHES, DOCUMENTS, LABELS, SAME_TABLE, TEXTS, lines
from txt.config import PrepareConfig
from txt.data.reading.table import open_table
from txt.prediction.labeled_output import write_answers

QUOTED = {
    "backslashes": lines(rows=[f'"{text}, yes","{label}"' for text, label in zip(TEXTS, LABELS, strict=True)])
    + "\n".join(BACKSLASHES),
    "single quotes": lines("'text','label'", rows=[rf"'{text}, it\'s so','x'" for text in TEXTS]),
    "lone quotes": "text\tlabel\n" + "".join(f'"{text}\tgood\n' for text in TEXTS),
    "spaces before quotes": lines('"text", "label"', rows=[f'"{text}, so", "x"' for text in TEXTS]),
}
FILES = (
    {kind: (content, "data.csv") for kind, (content, _) in SAME_TABLE.items()}
    | {kind: (content, "data.tsv" if kind == "lone quotes" else "data.csv") for kind, content in QUOTED.items()}
    | {kind: (content, "data.json") for kind, content in DOCUMENTS.items()}
)


@pytest.mark.parametrize("kind", FILES)
def test_predictions_are_added_to_every_row_and_to_nothing_else(tmp_path, kind):
    content, name = FILES[kind]
    path, out = tmp_path / name, tmp_path / f"out-{name}"
    path.write_bytes(content.encode())
    with open_table(path, PrepareConfig()) as table:
        rows = list(table.rows())
        answers = [(f"class {number % 3}", number / 100) for number in range(len(rows))]
        write_answers(table, out, ("answer", "sure"), iter(answers))
    with open_table(out, PrepareConfig()) as table:
        found = list(table.rows())
    assert [(row.pop("answer"), float(row.pop("sure") or "nan")) for row in found] == answers
    assert found == rows
