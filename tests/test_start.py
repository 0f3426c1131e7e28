"""What the command does before it is anything: on systems it does not run on, and with streams that are closed."""

import os
import subprocess
import sys

import pytest

from txt.platforms import describe_unsupported


@pytest.mark.parametrize(("system", "machine", "word"), [("win32", "AMD64", "Windows"), ("darwin", "x86_64", "Intel")])
def test_a_system_that_txt_does_not_run_on_is_told_in_one_line(system: str, machine: str, word: str):
    code = f"""
import platform, sys
sys.platform, platform.machine = {system!r}, lambda: {machine!r}
sys.modules["fcntl"] = None  # as on Windows
sys.argv = ["txt", "runs"]
from txt.__main__ import run
run()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert word in done.stderr


def test_this_system_and_macs_of_today_are_supported():
    assert describe_unsupported() is None
    assert describe_unsupported("linux", "x86_64") is None
    assert describe_unsupported("darwin", "arm64") is None


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("command", ["runs", "--version", "prepare none-such.csv"])
def test_closed_streams_end_in_no_traceback_and_no_file_takes_their_place(closed: str, command: str, tmp_path):
    shell = f"{sys.executable} -m txt {command} {closed}; echo code $?"
    done = subprocess.run(["sh", "-c", shell], cwd=tmp_path, capture_output=True, text=True)
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout.endswith("code 2\n" if command.startswith("prepare") else "code 0\n")


@pytest.mark.parametrize(("encoding", "shown"), [("ascii", "f\\xfcr \\u2713"), ("latin-1", "für \\u2713")])
def test_what_a_terminal_cannot_write_is_shown_by_its_number(encoding: str, shown: str, tmp_path):
    environment = os.environ | {"PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "txt", "predict", "für ✓", "text"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True)
    assert f"`{shown}` does not exist" in done.stderr.decode(encoding)
    assert done.returncode == 2


def test_v_is_the_version():
    done = subprocess.run([sys.executable, "-m", "txt", "-V"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("txt ")
