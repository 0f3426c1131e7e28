"""What a command loads: nothing heavy before it is needed, and nothing that it does not need."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from tests.training.conftest import write_topics
from txt.cli import app
from txt.config import PrepareConfig
from txt.data.prepare import prepare
from txt.library_settings import LIBRARY_SETTINGS

HEAVY = {
    "torch",
    "nltk",
    "nlpaug",
    "textblob",
    "transformers",
    "tokenizers",
    "pandas",
    "sklearn",
    "pyarrow",
    "numpy",
    "textual",
    "plotext",
    "tqdm",
    "optuna",
}


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["prepare"],
        ["explore"],
        ["label"],
        ["augment"],
        ["lrfind"],
        ["grid"],
        ["train"],
        ["eval"],
        ["predict"],
        ["distill"],
        ["export"],
        ["runs"],
        ["demo"],
    ],
)
def test_help_loads_nothing_heavy(command):
    code = f"import sys; from txt.cli import main; main({[*command, '--help']!r}); print('@', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    help_text, _, modules = done.stdout.rpartition("@")
    assert "Usage: txt" in help_text
    assert not HEAVY & {name.partition(".")[0] for name in modules.split()}


def test_help_alone_lists_the_commands_in_the_order_of_use():
    done = subprocess.run([sys.executable, "-m", "txt"], capture_output=True, text=True, check=True)
    order = ("prepare", "explore", "label", "augment", "lrfind", "grid", "train", "eval", "demo")
    places = [done.stdout.index(f"\n  {name} ") for name in order]
    assert places == sorted(places)


def test_the_reference_is_what_the_help_says():
    from tests.conftest import ROOT

    subprocess.run([sys.executable, ROOT / "docs" / "make.py", "--check"], check=True)


FAR_TOO_HEAVY = ("transformers", "sklearn", "scipy", "pandas", "torch._dynamo", "sympy", "nltk", "textblob", "nlpaug")
"""What no command needs that fits no baseline and exports nothing."""

_LIST = "print('@', *sys.modules, sep='\\n')"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a data file, prepared data, and two runs: a small transformer and a linear model."""
    folder = tmp_path_factory.mktemp("made")
    prepare(write_topics(folder / "topics.csv", rows=120), PrepareConfig(vocab_size=300), folder / "prepared")
    small = ["--d-model", "16", "--nhead", "2", "--num-layers", "1", "--epochs", "1", "--threads", "1"]
    for name, options in (("small", small), ("linear", ["--rungs", "1"])):
        command = [sys.executable, "-m", "txt", "train", "--name", name, "--plain", *options]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def list_modules(folder: Path, code: str, **environment: str) -> tuple[str, set[str]]:
    """Run a program in a folder; return what it printed, and the modules that it had loaded at its end."""
    kept = {name: value for name, value in os.environ.items() if name not in LIBRARY_SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\n{_LIST}"],
        cwd=folder,
        env={**kept, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    printed, _, modules = done.stdout.rpartition("@\n")
    return printed + done.stderr, set(modules.split())


def list_modules_of_command(folder: Path, *arguments: str) -> tuple[str, set[str]]:
    return list_modules(folder, f"from txt.cli import main\nprint(main({list(arguments)!r}))")


WRONG = [
    ["train", "nosuch.csv"],
    ["train", "--device", "gpu"],
    ["train", "--name", "small"],
    ["train", "topics.csv", "--label-column", "nosuch"],
    ["train", "--resume", "nosuch"],
    ["train", "--resume", "small", "--lr", "1"],
    ["train", "--from", "minilm", "--d-model", "8"],
    ["lrfind", "nosuch.csv"],
    ["lrfind", "topics.csv", "--steps", "1"],
    ["grid", "nosuch.csv"],
    ["grid", "--resume", "nosuch"],
    ["predict", "nosuch", "text"],
    ["predict", "small", "nosuch.csv"],
    ["predict", "small", "topics.csv", "--text-column", "nosuch"],
    ["predict", "small", "topics.csv", "-o", "topics.csv"],
    ["eval", "nosuch"],
    ["eval", "small", "--data", "nosuch.csv"],
    ["eval", "small", "--split", "nosuch"],
    ["export", "nosuch"],
    ["export", "small", "-o", "topics.csv"],
    ["prepare", "nosuch.csv"],
    ["augment", "nosuch.csv"],
    ["label", "nosuch.csv"],
    ["explore", "nosuch.csv"],
    ["explore", "topics.csv", "--top", "3"],
    ["explore", "topics.csv", "-o", "topics.csv"],
    ["explore", "topics.csv", "--like", "a", "--clusters", "3"],
    ["watch", "nosuch"],
    ["runs", "show", "nosuch"],
    ["runs", "compare", "small", "nosuch"],
    ["runs", "rm", "nosuch"],
    ["doctor", "nosuch"],
    ["demo", "nosuch"],
    ["label", "topics.csv", "--store", "nosuch/store.db", "--keys", "a"],
    ["nosuch"],
]

READS_THE_FILE = [
    ["train", "topics.csv", "--label-column", "nosuch"],
    ["predict", "small", "topics.csv", "--text-column", "nosuch"],
    ["label", "topics.csv", "--store", "nosuch/store.db", "--keys", "a"],
]
"""What these say is compared with the columns and classes of the file."""


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_arguments_are_answered_without_torch(arguments, made):
    said, modules = list_modules_of_command(made, *arguments)
    assert "error: " in said
    assert said.startswith("2\n")
    assert not modules & {"torch", "textual", "optuna", "sqlalchemy", *FAR_TOO_HEAVY}
    assert arguments in READS_THE_FILE or not modules & {"pyarrow", "tokenizers"}


@pytest.mark.parametrize(
    "arguments",
    [["eval", "nosuch"], ["label", "nosuch.csv"], ["grid", "nosuch.csv"], ["predict", "nosuch", "a text"]],
    ids=" ".join,
)
def test_what_does_not_exist_is_answered_with_nothing_loaded(arguments, made):
    said, modules = list_modules_of_command(made, *arguments)
    assert "does not exist" in said
    assert not modules & HEAVY


def list_commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[list[str]]:
    """Yield the words of every command, and of every command of a command."""
    for name, command in group.commands.items():
        yield [*words, name]
        if hasattr(command, "commands"):
            yield from list_commands(command, (*words, name))


def test_an_unknown_option_is_answered_by_every_command_with_nothing_loaded(made):
    commands = [*list_commands(typer.main.get_command(app))]
    assert ["runs", "show"] in commands
    assert ["train"] in commands
    code = f"from txt.cli import main\nfor words in {commands!r}: print(main([*words, '--nosuch']))"
    said, modules = list_modules(made, code)
    assert said.count("2\n") >= len(commands), said
    assert said.count("No such option") + said.count("no such option") == len(commands), said
    assert not modules & (HEAVY | {"scipy", "sqlalchemy", "safetensors"})


def test_preparing_data_needs_neither_torch_nor_pandas(made, tmp_path):
    said, modules = list_modules_of_command(made, "prepare", "topics.csv", "-o", str(tmp_path / "out"), "--json")
    assert "pyarrow" in modules, said
    assert not modules & {"torch", *FAR_TOO_HEAVY}


@pytest.mark.parametrize("what", [["a text"], ["topics.csv", "-o", "answers.csv", "--force"]], ids=["text", "file"])
def test_a_prediction_needs_torch_alone(what, made):
    said, modules = list_modules_of_command(made, "predict", "small", *what)
    assert "torch" in modules, said
    for_drift = {"scipy"} if what[0] == "topics.csv" else set()  # sparse vectors of a file's texts: a tenth of a second
    assert not modules & (set(FAR_TOO_HEAVY) - for_drift)


def test_a_linear_model_answers_a_text_without_torch_and_without_pyarrow(made):
    said, modules = list_modules_of_command(made, "predict", "linear", "a text", "--json")
    assert "numpy" in modules, said
    assert not modules & {"torch", "pyarrow", *FAR_TOO_HEAVY}
    computed, loaded = list_modules_of_command(made, "predict", "linear", "a text", "--json", "--threads", "1")
    assert "torch" in loaded
    plain, torchs = (json.loads(each[: each.rindex("}") + 1]) for each in (said, computed))
    assert plain["probabilities"] == pytest.approx(torchs["probabilities"], abs=2e-4)  # which are rounded


def test_a_linear_model_answers_a_file_without_torch(made):
    _, modules = list_modules_of_command(made, "predict", "linear", "topics.csv", "-o", "plain.csv")
    assert not modules & ({"torch", *FAR_TOO_HEAVY} - {"scipy"})
    assert (made / "plain.csv").read_text().count("\n") == 121


def test_the_first_step_of_a_training_needs_torch_alone(made):
    code = """
from pathlib import Path
from txt.config import TrainConfig
from txt.runs.events import Step
from txt.training.start import start_on_prepared
config = TrainConfig(d_model=16, nhead=2, num_layers=1, num_epochs=1, log_interval=1, ngrams=True, threads=1)
start = start_on_prepared(Path("prepared"), config, None)
assert "torch" not in sys.modules
from txt.training.loop import train
events = train(start.run, start.prepared, built=start.built)
assert any(isinstance(event, Step) for event in events)
"""
    _, modules = list_modules(made, code)
    assert "torch" in modules
    assert not modules & set(FAR_TOO_HEAVY)


def test_the_process_that_watches_a_training_has_no_use_for_torch(made):
    """Not with pretrained weights either, which are checked by what is written about them."""
    code = """
from pathlib import Path
from txt.config import TrainConfig
from txt.training.start import resume, start_on_prepared
config = TrainConfig(num_epochs=1, pretrained="runs/small")
start = start_on_prepared(Path("prepared"), config, None, here=False)
assert start.built.model is None
resume(str(start.run.path), {}, here=False)
import txt.search.supervisor
"""
    _, modules = list_modules(made, code)
    assert not modules & {"torch", *FAR_TOO_HEAVY}


COUNTING = """
import os, sys

class Noting:
    def find_spec(self, name, path=None, target=None):
        if name in ("torch", "transformers.modeling_utils"):
            with open(os.environ["TXT_TEST_NOTES"], "a") as file:
                file.write(f"{name} {os.getpid()}\\n")

sys.meta_path.insert(0, Noting())
"""


@pytest.fixture
def count_imports(made, tmp_path):
    """Return a function that runs a program, and counts the processes that imported torch, and transformers' models.

    Every Python process notes it when it begins to import one; a process that is forked off one that has it, does not.
    """
    (tmp_path / "sitecustomize.py").write_text(COUNTING)

    def count(*command: str) -> dict[str, int]:
        notes = tmp_path / "notes"
        notes.unlink(missing_ok=True)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
        environment["TXT_TEST_NOTES"] = str(notes)
        done = subprocess.run([sys.executable, *command], cwd=made, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return Counter(line.split()[0] for line in notes.read_text().splitlines())

    return count


TINY = ["--d-model", "16", "--nhead", "2", "--num-layers", "1", "--epochs", "1", "--threads", "1"]


def test_a_plain_training_loads_torch_in_one_process(count_imports):
    assert count_imports("-m", "txt", "train", "prepared", "--plain", *TINY) == {"torch": 1}


def test_all_workers_of_a_search_share_one_import_of_torch(count_imports):
    search = ["-m", "txt", "grid", "prepared", "--plain", "--workers", "2", "--lr", "1e-4,1e-3", *TINY]
    assert count_imports(*search) == {"torch": 1}


FOREIGN = """
from pathlib import Path
from shutil import copyfile
from transformers import DistilBertConfig, DistilBertForSequenceClassification
config = DistilBertConfig(vocab_size=300, dim=16, n_layers=1, n_heads=2, hidden_dim=32)
DistilBertForSequenceClassification(config).save_pretrained("distilbert")
for file in Path("prepared/tokenizer").iterdir():
    copyfile(file, Path("distilbert") / file.name)
"""


def test_a_model_that_only_transformers_knows_is_built_in_the_process_that_trains_it_alone(made, count_imports):
    subprocess.run([sys.executable, "-c", FOREIGN], cwd=made, check=True, capture_output=True)
    code = """
from pathlib import Path
from txt.config import TrainConfig
from txt.training.process import start_trainer
from txt.training.start import start_on_prepared
config = TrainConfig(rungs=0, num_epochs=1, pretrained="distilbert", threads=1)
start = start_on_prepared(Path("prepared"), config, "foreign", here=False)
assert start_trainer(start.run).wait() == 0, (start.run.path / "output.txt").read_text()
"""
    assert count_imports("-c", code) == {"torch": 1, "transformers.modeling_utils": 1}


def test_the_settings_for_libraries_hold_for_those_who_load_a_classifier(made):
    code = """
import json, os
from txt import load
assert "torch" not in sys.modules
load("runs/small").predict(["a text"])
from txt.library_settings import LIBRARY_SETTINGS
print(json.dumps({name: os.environ.get(name) for name in LIBRARY_SETTINGS}))
"""
    said, _ = list_modules(made, code, LRU_CACHE_CAPACITY="7")
    assert json.loads(said.splitlines()[0]) == {**LIBRARY_SETTINGS, "LRU_CACHE_CAPACITY": "7"}  # what is set stays
