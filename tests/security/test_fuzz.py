"""Mutated files of every format end with success or one clear error; `make stress` goes on with it for an hour."""

import subprocess
import sys

from tests.conftest import ROOT

FILES = 320  # the same on every machine, however fast it is


def test_mutated_files_of_every_format_end_with_success_or_one_clear_error():
    typed = [sys.executable, "-m", "stress.fuzz", "--files", str(FILES)]
    done = subprocess.run(typed, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-5000:]
    assert done.stdout.startswith(f"0 findings in {FILES} files")
