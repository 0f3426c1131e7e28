"""What all tests share: the real data sets beside the checkout, where they are."""

import os
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.processor import sitecustomize
from txt.library_settings import LIBRARY_SETTINGS

# What a person or a build server has set must change no test: some servers set CI, which turns the dashboard off.
ELSEWHERE = (
    "TEXTUAL_FPS",
    "TEXTUAL_THEME",
    "TEXTUAL_COLOR",
    "TEXTUAL_ANIMATIONS",
    "TXT_",
    "TTY_",
    "GITHUB_",
    "TQDM_",
    "TORCHELASTIC_",
    "NLTK_",
    "TRANSFORMERS_",
)
SET_ELSEWHERE = {
    "CI", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "COLUMNS", "LINES", "COLORTERM", "COLORFGBG",
    "DISPLAY", "WAYLAND_DISPLAY", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "XDG_CACHE_HOME",
}  # fmt: skip
for name in [name for name in os.environ if name in SET_ELSEWHERE or name.startswith(ELSEWHERE)]:
    del os.environ[name]
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="txt-tests-")  # not the settings of whoever runs the tests
os.environ.update(LIBRARY_SETTINGS, HF_HUB_OFFLINE="1", TERM="xterm-256color")
# Under nohup, or in the background of a script, these are ignored, by all processes that are started here too.
signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Hypothesis gives up an example after a fifth of a second, and a test whose examples take long to make.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"

PRETENDED = {"bf16": "yes", "float32": "no"}  # what `auto` computes in, and whether the processor is said to have bf16
os.environ["PYTHONPATH"] = os.pathsep.join(
    filter(None, [str(Path(sitecustomize.__file__).parent), os.environ.get("PYTHONPATH")])
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--precision", choices=[*PRETENDED], help="what `auto` computes in; without it, what this processor is best at"
    )


def pytest_configure(config: pytest.Config) -> None:
    if (precision := config.getoption("--precision")) is not None:
        os.environ[sitecustomize.VARIABLE] = PRETENDED[precision]


@pytest.fixture(params=[*PRETENDED])
def each_precision(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test twice: with a processor that computes in bf16, and with one that does in float32."""
    monkeypatch.setenv(sitecustomize.VARIABLE, PRETENDED[request.param])
    return request.param


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of real data sets; skip the test where there is none."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the real data sets are not here")
    return SHARED_DATA
