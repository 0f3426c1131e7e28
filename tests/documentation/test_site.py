"""The site builds without a warning, and reading it fetches nothing from anywhere."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documentation.pages import DOCS, ROOT

pytest.importorskip("zensical", reason="the site is built by zensical")

_FETCHED = re.compile(r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"?(https?:[^\s\">]+)|<link\b[^>]*>")
_FETCHED_LINK = re.compile(
    r"rel=\"?(?:stylesheet|preconnect|preload|icon)\b[^>]*href=\"?https?:|href=\"?https?:[^>]*rel=\"?stylesheet"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copytree(DOCS, folder / "docs")
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / "txt").symlink_to(ROOT / "txt")
    build = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "site"


def test_every_page_is_built_and_can_be_found(site):
    index = (site / "search.json").read_text(encoding="utf-8")
    for page in DOCS.rglob("*.md"):
        if page.name != "transformer-guide.md":
            assert (
                site / page.relative_to(DOCS).with_suffix("") / "index.html"
            ).is_file() or page.name == "index.md", page
    for words in ("overfitting", "TextClassifier", "bag of words"):
        assert words.lower() in index.lower()


def test_reading_it_fetches_nothing(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        assert not [found for found in _FETCHED.findall(text) if found], page
        assert not _FETCHED_LINK.search(text), page
    for style in site.rglob("*.css"):
        assert not re.search(r"url\([\"']?https?:", style.read_text(encoding="utf-8")), style
