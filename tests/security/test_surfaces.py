"""Control codes and markup in texts, labels, columns and file names are shown on every surface, and obeyed on none."""

import csv
import json
import re
import shutil
from pathlib import Path

import pytest

from txt.cli import main
from txt.sanitize import escape_controls, sanitize

HOSTILE = {
    "CSI": "\x1b[31mred\x1b[2J",
    "OSC 8": "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "OSC 52": "\x1b]52;c;cm0gLXJmIH4=\x07",
    "C1": "\x9b31m\x9d52;c;eA==\x9c",
    "bidi": "user\u202e txt.exe\u2066",
    "markup": "[bold red]b[/] [/oops] [@click=app.quit]x[/]",
    "others": "\x00\x07\x08\x7f\u2028",
}
ALL = " ".join(HOSTILE.values())
# What a terminal would obey: C0 but for newline, tab and carriage return, DEL, C1, and what reorders text.
OBEYED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\u2028\u2029]")
SMALL = ["--d-model", "16", "--nhead", "2", "--num-layers", "1", "--epochs", "1", "--threads", "1"]

EVERY_COMMAND = [
    ["label", "{data}", "--stats"],
    ["label", "{data}", "--stats", "--json"],
    ["augment", "{data}", "--preview", "3", "--method", "swap"],
    ["augment", "{data}", "-o", "more.csv", "--method", "swap", "--workers", "1"],
    ["prepare", "{data}", "--vocab-size", "300"],
    ["prepare", "{data}", "--vocab-size", "300", "--json"],
    ["train", "prepared", "--name", "run [bold]", *SMALL],
    ["eval", "run [bold]", "--no-embeddings"],
    ["eval", "run [bold]", "--no-embeddings", "--json"],
    ["predict", "run [bold]", "{text}"],
    ["predict", "run [bold]", "{text}", "--json"],
    ["predict", "run [bold]", "{text}", "--explain"],
    ["predict", "run [bold]", "{data}", "-o", "answers.csv"],
    ["runs"],
    ["runs", "--json"],
    ["runs", "note", "run [bold]", "{text}"],
    ["runs", "show", "run [bold]"],
    ["runs", "show", "run [bold]", "--json"],
    ["export", "run [bold]"],
    ["watch", "run [bold]", "--plain"],
    ["doctor"],
    # what is wrong is told in the words of whoever wrote it
    ["prepare", "{text}.csv"],
    ["train", "--resume", "{text}"],
    ["eval", "{text}"],
    ["runs", "show", "{text}"],
    ["{text}"],
    ["prepare", "{data}", "--text-column", "{text}"],
    ["train", "prepared", "--name", "{text}"],
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with (folder / "da\x1b[31mta \u202e[bold].csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label", "col\x1b[5m\u202e[/bold]"])
        for number in range(120):
            label = ("good \x1b[32m\u202e[bold]", "bad \x9b7m [/]")[number % 2]
            word = ("lovely", "awful")[number % 2]
            writer.writerow([f"{word} {ALL.replace(chr(0), '')} number {number}", label, f"v{number % 3} \x1b[1m[i]"])
    return folder


def test_no_command_lets_a_terminal_obey_what_data_says(folder: Path, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    (data,) = (path.name for path in folder.glob("da*.csv"))
    text = ALL.replace("\x00", "")
    for arguments in EVERY_COMMAND:
        typed = [part.replace("{data}", data).replace("{text}", text) for part in arguments]
        main(typed)
        printed = capsys.readouterr()
        for said in (printed.out, printed.err):
            obeyed = OBEYED.search(said)
            assert obeyed is None, f"{arguments}: {said[max(0, obeyed.start() - 60) : obeyed.end() + 20]!r}"
            assert "Traceback" not in said
    shutil.rmtree(folder / "runs")


def test_json_with_its_controls_escaped_means_the_same():
    value = {"text": ALL, "ü": "ß"}
    written = escape_controls(json.dumps(value, ensure_ascii=False))
    assert json.loads(written) == value
    assert OBEYED.search(written) is None
    assert "ß" in written


@pytest.mark.parametrize("kind", HOSTILE)
def test_shown_text_has_nothing_that_a_terminal_obeys(kind: str):
    assert OBEYED.search(sanitize(HOSTILE[kind])) is None


def painted(app) -> str:
    """Return all characters on the screen of a Textual app."""
    return "\n".join("".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips())


async def test_the_labeling_screen_shows_hostile_texts_labels_and_columns(folder: Path, tmp_path: Path, monkeypatch):
    from contextlib import closing

    from txt.config import LabelConfig
    from txt.data.reading.rows import ReadingOptions
    from txt.labeling.open_labels import open_labels
    from txt.screens.label.app import LabelApp
    from txt.screens.label.options import LabelScreenOptions

    (data,) = folder.glob("da*.csv")
    config = LabelConfig(store=tmp_path / "store.db", relabel=True)
    with closing(open_labels(data, config, ReadingOptions())) as opened:
        app = LabelApp(opened.session(), LabelScreenOptions(opened.asked, None, tmp_path / "out.csv", [], None, None))
        async with app.run_test(size=(120, 40)) as pilot:
            for keys in ([], ["1"], ["f"], ["/"], ["escape"], ["question_mark"], ["escape"]):
                await pilot.press(*keys)
                await pilot.pause()
                assert OBEYED.search(painted(app)) is None
                if not keys:
                    assert "lovely" in painted(app)
                    assert "red]b[/]" in painted(app)  # the text may be broken at the space before


async def test_the_screen_of_runs_shows_hostile_names_and_notes(tmp_path: Path, monkeypatch):
    from tests.runs.made_runs import make_run_folder, make_training_events
    from txt.runs.notes import write_note
    from txt.screens.runs.screen import RunsApp, RunsScreen

    monkeypatch.chdir(tmp_path)
    run = make_run_folder("na\x1b[31mme \u202e[bold]", make_training_events(), data="da\x1b[2Jta.csv")
    write_note(run.path, ALL)
    app = RunsApp(RunsScreen(by="when", reverse=False, terms=""))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert OBEYED.search(painted(app)) is None
        await pilot.press("enter")
        await pilot.pause()
        assert OBEYED.search(painted(app)) is None


async def test_the_dashboard_shows_hostile_names_and_classes(tmp_path: Path, monkeypatch):
    from tests.runs.made_runs import make_run_folder, make_training_events
    from txt.runs.live import WatchedRun
    from txt.screens.dashboard.app import DashboardApp

    monkeypatch.chdir(tmp_path)
    run = make_run_folder("na\x1b[31mme \u202e[bold]", make_training_events(), data="da\x1b[2Jta.csv")
    manifest = tmp_path / "prepared-da\x1b[2Jta.csv" / "manifest.json"
    manifest.write_text(
        json.dumps(json.loads(manifest.read_text()) | {"labels": ["good \x1b[32m[b]", "bad \x9b7m[/]"]})
    )
    app = DashboardApp(WatchedRun(run), None)
    async with app.run_test(size=(120, 40)) as pilot:
        for key in ("down", "5", "question_mark", "escape"):
            await pilot.press(key)
            await pilot.pause()
            assert OBEYED.search(painted(app)) is None
