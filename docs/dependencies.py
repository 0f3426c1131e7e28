"""Write into docs/neighbours.md what txt and its extras bring along, and how large that is as installed here.

python docs/dependencies.py
"""

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

HERE = Path(__file__).resolve().parent
PAGE = HERE / "neighbours.md"
START, END = "<!-- dependencies: start -->\n", "<!-- dependencies: end -->"
MEGABYTE = 1e6


def find(name: str) -> Distribution | None:
    """Return an installed package, None where it is not installed."""
    try:
        return distribution(name)
    except PackageNotFoundError:  # of another system, or an extra that is not here
        return None


def collect(wanted: Iterable[str], found: dict[str, float]) -> dict[str, float]:
    """Return the size, in megabytes, of each package that the requirements bring, added to those in `found`."""
    for written in wanted:
        needed = Requirement(written)
        extras = needed.extras or {""}
        if needed.marker is not None and not any(needed.marker.evaluate({"extra": each}) for each in extras):
            continue
        name = re.sub(r"[-_.]+", "-", needed.name).lower()
        package = find(name)
        if package is None or name in found:
            continue
        sizes = (path.locate() for path in package.files or ())
        found[name] = sum(path.stat().st_size for path in map(Path, sizes) if path.is_file()) / MEGABYTE
        inner = (each for each in package.requires or () if "extra ==" not in each)
        collect(inner, found)
    return found


def render() -> str:
    """Return the table: what each dependency adds to those above it, the largest first, and what each extra adds."""
    project = tomllib.loads((HERE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = ["| what | brings | packages | MB |", "|---|---|---|---|"]
    whole: dict[str, float] = {}
    for wanted in sorted(project["dependencies"], key=lambda each: -sum(collect([each], {}).values())):
        lines += describe("txt", [wanted], whole)
    lines.append(f"| **txt in all** | | {len(whole)} | {sum(whole.values()):,.0f} |")
    for name, wanted in sorted(project["optional-dependencies"].items()):
        lines += describe(f"extra `{name}`", wanted, dict(whole))
    largest = sorted(whole.items(), key=lambda pair: -pair[1])[:5]
    told = ", ".join(f"{name} {size:,.0f}" for name, size in largest)
    return "\n".join([*lines, "", f"The largest packages: {told} MB.", ""])


def describe(what: str, wanted: list[str], found: dict[str, float]) -> list[str]:
    """Return the row of some requirements, and add their packages to `found`; none where they add nothing."""
    before = set(found)
    collect(wanted, found)
    new = [size for name, size in found.items() if name not in before]
    names = ", ".join(str(Requirement(each).name) for each in wanted)
    return [f"| {what} | {names} | {len(new)} | {sum(new):,.1f} |"] if new else []


if __name__ == "__main__":
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    PAGE.write_text(before + START + render() + END + rest.partition(END)[2], encoding="utf-8")
