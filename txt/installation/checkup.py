"""All checks of `txt doctor`, in the order in which they are printed."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from txt.augmentation import wordnet
from txt.errors import TxtError
from txt.files import cache_folder
from txt.installation.finding import NOTE, OK, PROBLEM, Finding
from txt.installation.hardware import check_machine
from txt.installation.packages import check_extras, check_versions
from txt.installation.terminal import check_terminal

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


def collect_findings(color_system: str | None) -> Iterator[Finding]:
    """Yield every finding; see `check_terminal` for the argument."""
    yield from check_versions()
    yield from check_extras()
    yield _check_wordnet()
    yield from check_machine()
    yield from check_disk()
    yield from check_terminal(color_system)
    yield _check_settings()


def _check_wordnet() -> Finding:
    try:
        return Finding("optional extras", "WordNet", f"in {wordnet.find_wordnet()}")
    except TxtError as error:
        return Finding(
            "optional extras", "WordNet", "not found: augment goes without `synonym`", NOTE, error.hint or ""
        )


def _check_settings() -> Finding:
    """List the variables that are set and change how txt works, without their values, which may be secret."""
    names = sorted(name for name in os.environ if name.startswith(_TELLING) or name in _ALSO_TELLING)
    return Finding("settings", "variables set", " ".join(names) or "none", OK)


_SECTION = "disk"
_GIB = 1 << 30
_LITTLE = _GIB  # a few runs of the default model
_OVER_NETWORK = ("nfs", "cifs", "smb", "9p", "fuse.sshfs", "afs")


def check_disk() -> Iterator[Finding]:
    """Yield the space in this folder, for temporary files and in the cache, and what this folder's disk can do."""
    places = {"this folder": Path(), "temporary files": Path(tempfile.gettempdir()), "cache": cache_folder()}
    for name, path in places.items():
        yield _check_space(name, path)
    if not os.access(Path(), os.W_OK):
        advice = "go to a folder of your own, or name one with -o"
        yield Finding(_SECTION, "writing here", "not allowed", PROBLEM, advice)
    yield _check_file_system()
    yield Finding(_SECTION, "SQLite", sqlite3.sqlite_version)


def _check_space(name: str, path: Path) -> Finding:
    shown = "" if name == "this folder" else f" in {path}"
    while not path.exists() and path != path.parent:
        path = path.parent
    free = shutil.disk_usage(path).free
    told = f"{free / _GIB:.1f} GiB free{shown}"
    if free < _LITTLE:
        return Finding(_SECTION, name, told, NOTE, "free some space: a run takes 10 to 200 MB, `txt runs prune` helps")
    return Finding(_SECTION, name, told)


def _check_file_system() -> Finding:
    """Tell the kind of this folder's file system: locks over a network are not reliable."""
    kind = _find_file_system(Path().resolve())
    if kind.startswith(_OVER_NETWORK):
        advice = "label on a local disk: SQLite's locks do not hold on every network file system"
        return Finding(_SECTION, "file system", kind, NOTE, advice)
    return Finding(_SECTION, "file system", kind)


def _find_file_system(folder: Path) -> str:
    try:
        mounts = [
            line.split() for line in Path("/proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        return "unknown"
    above = {str(folder), *map(str, folder.parents)}
    fitting = [(len(mount[1]), mount[2]) for mount in mounts if mount[1] in above]
    return max(fitting)[1] if fitting else "unknown"
