"""What all tests share: the real data sets beside the checkout, where they are."""

import os
import signal
from pathlib import Path

import pytest

from txt.__main__ import TORCH_SETTINGS

os.environ.update(TORCH_SETTINGS, HF_HUB_OFFLINE="1")
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, by all processes that are started here too

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; skip the test where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not here")
    return SHARED_DATA
