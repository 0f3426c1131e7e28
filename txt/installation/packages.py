"""Checks of Python, txt and the packages it needs, from the installed metadata."""

import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from typing import NamedTuple

from packaging.requirements import Requirement as ParsedRequirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from txt.extras import say_how_to_install
from txt.installation.finding import NOTE, OK, PROBLEM, Finding
from txt.version import __version__

DISTRIBUTION = "txt-toolkit"

_SECTION, _EXTRAS = "versions", "optional extras"
_OLDEST_PYTHON = (3, 11)
_EXTRA_BRINGS = {
    "excel": "spreadsheets",
    "lora": "train --lora",
    "minilm": "--from minilm, the ladder in English, and a second baseline in eval",
    "multilingual": "--from multilingual, the ladder in 94 languages",
    "onnx": "export --format onnx",
    "postgres": "grid --storage postgresql://…",
    "serve": "serve",
    "mlflow": "train --log-to mlflow",
    "trackio": "train --log-to trackio",
    "wandb": "train --log-to wandb",
    "stats": "files of SPSS, Stata and SAS",
}


class Requirement(NamedTuple):
    """A package that txt needs: always, or for the extra of this name."""

    name: str
    limits: str
    extra: str | None

    def __str__(self) -> str:
        return f"{self.name}{self.limits}"


def check_versions() -> Iterator[Finding]:
    """Yield txt's version, Python's, the system's, and those of the packages that are always needed."""
    yield Finding(_SECTION, "txt", __version__)
    yield _check_python()
    yield Finding(_SECTION, "system", _describe_system())
    needed = read_requirements()
    if needed is None:
        advice = "pip install . in its folder brings what it needs"
        yield Finding(_SECTION, "packages", "txt is not installed, it runs from a folder", NOTE, advice)
    for requirement in needed or ():
        if requirement.extra is None:
            yield _check_package(requirement)


def check_extras() -> Iterator[Finding]:
    """Yield for each optional extra whether it is installed, and what it would bring."""
    by_extra: dict[str, list[Requirement]] = {}
    for requirement in read_requirements() or ():
        if requirement.extra is not None:
            by_extra.setdefault(requirement.extra, []).append(requirement)
    for name, needed in sorted(by_extra.items()):
        found = {one.name: installed_version(one.name) for one in needed}
        missing = [package for package, at_hand in found.items() if at_hand is None]
        told = ", ".join(f"{package} {at_hand}" for package, at_hand in found.items() if at_hand)
        brings = _EXTRA_BRINGS.get(name, "more")
        if missing:
            yield Finding(_EXTRAS, name, "not installed", OK, f"{say_how_to_install(extra=name)} brings {brings}")
        else:
            yield Finding(_EXTRAS, name, told)


def read_requirements() -> list[Requirement] | None:
    """Return what the installed txt says it needs; None where it is not installed."""
    try:
        lines = requires(DISTRIBUTION) or []
        extras = metadata(DISTRIBUTION).get_all("Provides-Extra") or []
    except PackageNotFoundError:
        return None
    return [found for line in lines for found in _parse_requirement(line, extras)]


def _parse_requirement(line: str, extras: list[str]) -> list[Requirement]:
    """Return what a line asks for on this system: always, or for one of the extras; empty where it asks for nothing."""
    parsed = ParsedRequirement(line)
    wanted = [extra for extra in (None, *extras) if _applies(parsed, extra)]
    found = [Requirement(parsed.name, _format_limits(parsed.specifier), extra) for extra in wanted]
    return found[:1] if None in wanted else found


def _applies(parsed: ParsedRequirement, extra: str | None) -> bool:
    return parsed.marker is None or parsed.marker.evaluate({"extra": extra or ""})


def _format_limits(limits: SpecifierSet) -> str:
    """Return limits as people write them, the lower one first."""
    return ",".join(sorted(map(str, limits), key=lambda limit: not limit.startswith(">")))


def installed_version(package: str) -> str | None:
    """Return a package's version, None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def is_within_limits(found: str, limits: str) -> bool:
    """Tell whether a version is within limits like `>=5.3.2,<6`; one that is not a version is not."""
    try:
        return SpecifierSet(limits).contains(Version(found), prereleases=True)
    except InvalidVersion:
        return False


def _check_python() -> Finding:
    told = f"{platform.python_version()} ({platform.python_implementation()})"
    if sys.version_info < _OLDEST_PYTHON:
        return Finding(_SECTION, "Python", told, PROBLEM, "txt needs Python 3.11 or later")
    return Finding(_SECTION, "Python", told)


def _describe_system() -> str:
    libc = " ".join(platform.libc_ver()).strip()
    return ", ".join(filter(None, [f"{platform.system()} {platform.release()}", platform.machine(), libc]))


def _check_package(requirement: Requirement) -> Finding:
    found = installed_version(requirement.name)
    advice = say_how_to_install(str(requirement))
    if found is None:
        return Finding(_SECTION, requirement.name, "not installed", PROBLEM, advice)
    if not is_within_limits(found, requirement.limits):
        return Finding(_SECTION, requirement.name, f"{found}, needs {requirement.limits}", PROBLEM, advice)
    return Finding(_SECTION, requirement.name, found)
