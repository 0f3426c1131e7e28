import subprocess
import sys

import pytest

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
        ["label"],
        ["augment"],
        ["lrfind"],
        ["grid"],
        ["train"],
        ["eval"],
        ["predict"],
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
    order = ("prepare", "label", "augment", "lrfind", "grid", "train", "eval", "demo")
    places = [done.stdout.index(f"\n  {name} ") for name in order]
    assert places == sorted(places)


def test_the_reference_is_what_the_help_says():
    from tests.conftest import ROOT

    subprocess.run([sys.executable, ROOT / "docs" / "make.py", "--check"], check=True)
