"""What the pages say of the program is so: its options, its messages, its files; and what they link to is there."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.documentation.pages import DOCS, GAP, ORIGINAL, PAGES, ROOT, list_texts

README = ROOT / "README.md"
_FOREIGN = ("torchrun", "pip ", "uv ", "optuna-dashboard", "python -m", "git ", "docker", "jupyter", "make ")
"""Lines with one of these have options of other programs."""


def name_page(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def find_source_url() -> str:
    found = re.search(r"^repo_url: (\S+)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found.group(1)


def test_the_readme_is_a_front_door():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 150


def test_links_and_pictures_of_the_readme_work_elsewhere_and_lead_to_files_of_this_tree():
    source = find_source_url()
    raw = source.replace("github.com", "raw.githubusercontent.com")
    text = README.read_text(encoding="utf-8")
    links = re.findall(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"", text)
    for link in (one or other for one, other in links):
        assert link.startswith("https://"), link
        for place in (f"{source}/blob/main/", f"{raw}/main/"):
            if link.startswith(place):
                assert (ROOT / link.removeprefix(place).partition("#")[0]).is_file(), link


def test_all_addresses_of_the_project_are_one():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["urls"]["Source"] == find_source_url()
    owner, name = find_source_url().split("/")[-2:]
    said = {
        found.groups()
        for path in (README, ROOT / "CHANGELOG.md", ROOT / "CITATION.cff", *PAGES)
        for found in re.finditer(r"github(?:usercontent)?\.com/([\w-]+)/([\w.-]+)", path.read_text(encoding="utf-8"))
    }
    assert said <= {(owner, name)} | {("squidfunk", "mkdocs-material")}


@pytest.mark.parametrize("path", PAGES, ids=name_page)
def test_what_a_page_links_to_is_there(path):
    for link in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if not link.startswith(("https://", "http://", "mailto:", "#")):
            assert (path.parent / link.partition("#")[0]).is_file(), link


@pytest.mark.parametrize("path", [README, *PAGES], ids=name_page)
def test_every_option_that_a_page_names_exists(path):
    scripts = [*(ROOT / "benchmarks").glob("*.py"), *(ROOT / "stress").glob("*.py")]
    sources = [(DOCS / "cli.md").read_text(encoding="utf-8"), *(each.read_text(encoding="utf-8") for each in scripts)]
    known = {option for source in sources for option in re.findall(r"--[a-z][\w-]*", source)}
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not any(it in line for it in _FOREIGN)]
    named = {option for line in lines for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", line)}
    assert named <= known | {"--help", "--version"}


@pytest.mark.parametrize("path", [README, *PAGES], ids=name_page)
def test_every_command_that_a_page_names_exists(path):
    known = set(re.findall(r"^## `txt (\w+)", (DOCS / "cli.md").read_text(encoding="utf-8"), re.MULTILINE))
    named = re.findall(r"(?:^|`|\$ )txt ([a-z]+)\b(?!:)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= known


def test_troubleshooting_quotes_what_the_program_says():
    texts = [text for found in list_texts().values() for text in found]
    quoted = re.findall(r"^> (.+)$", (DOCS / "troubleshooting.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(quoted) > 30
    parts = {part.strip(" :,.") for quote in quoted for part in quote.split(GAP)}
    assert [part for part in parts if len(part) >= 4 and not any(part in text for text in texts)] == []


@pytest.mark.parametrize("name", ["architecture.md", "design.md", "troubleshooting.md"])
def test_files_that_a_page_names_are_there(name):
    text = (DOCS / name).read_text(encoding="utf-8")
    for named in re.findall(r"`((?:\w+/)*\w+\.py)`", text):
        places = (ROOT / named, ROOT / "txt" / named, *(ROOT / "txt").rglob(named))
        assert any(place.is_file() for place in places), named


def test_the_tree_of_the_architecture_page_has_every_package_and_module():
    tree = (DOCS / "architecture.md").read_text(encoding="utf-8").split("```")[1]
    for path in (ROOT / "txt").iterdir():
        name = f"{path.name}/" if (path / "__init__.py").exists() else path.name
        if not name.startswith("_") and name.endswith(("/", ".py")):
            assert name in tree, name


def test_the_original_guide_is_linked_once():
    assert sum(page.read_text(encoding="utf-8").count(ORIGINAL.name) for page in [README, *PAGES]) == 1


def test_every_benchmark_is_listed():
    page = (DOCS / "benchmarks.md").read_text(encoding="utf-8")
    scripts = [path for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text(encoding="utf-8")]
    assert scripts
    assert [path.name for path in scripts if f"`{path.name}`" not in page] == []
