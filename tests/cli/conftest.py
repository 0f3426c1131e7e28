"""Commands as their user types them, in a folder with data that can be learned."""

import pytest

from tests.training.conftest import write_topics
from txt.cli import main
from txt.config import PrepareConfig
from txt.data.prepare import prepare


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with prepared data in it."""
    monkeypatch.chdir(tmp_path)
    prepare(write_topics(tmp_path / "topics.csv", rows=240), PrepareConfig(vocab_size=400), tmp_path / "prepared")
    return tmp_path


@pytest.fixture
def run(capsys):
    """Return a function that runs `txt` with arguments, and returns exit code, stdout and stderr."""

    def command(*arguments) -> tuple[int, str, str]:
        code = main([*map(str, arguments)])
        out, err = capsys.readouterr()
        return code, out, err

    return command
