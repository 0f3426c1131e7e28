"""All that `txt doctor` looks at, in the order in which it is told."""

import os
from collections.abc import Iterator

from txt.augmentation import wordnet
from txt.errors import TxtError
from txt.installation.finding import NOTE, OK, Finding
from txt.installation.hardware import machine
from txt.installation.packages import extras, versions
from txt.installation.space import disk
from txt.installation.terminal import terminal

_TELLING = ("TXT_", "HF_", "TRANSFORMERS_", "OMP_", "MKL_", "CUDA_VISIBLE", "PYTORCH_")
_ALSO_TELLING = (
    "CI",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
    "LANG",
    "LC_ALL",
    "PYTHONUTF8",
    "NLTK_DATA",
    "WORLD_SIZE",
)


def findings(color_system: str | None) -> Iterator[Finding]:
    """Yield every finding; see `terminal` for the argument."""
    yield from versions()
    yield from extras()
    yield _wordnet()
    yield from machine()
    yield from disk()
    yield from terminal(color_system)
    yield _settings()


def _wordnet() -> Finding:
    try:
        return Finding("optional extras", "WordNet", f"in {wordnet.find()}")
    except TxtError as error:
        return Finding(
            "optional extras", "WordNet", "not found: augment goes without `synonym`", NOTE, error.hint or ""
        )


def _settings() -> Finding:
    """Tell which variables that change how txt works are set; their values, which may be secret, are not told."""
    names = sorted(name for name in os.environ if name.startswith(_TELLING) or name in _ALSO_TELLING)
    return Finding("settings", "variables set", " ".join(names) or "none", OK)
