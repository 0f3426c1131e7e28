"""The pictures show what the program shows now, and need nothing from elsewhere."""

import re
import sys

import pytest

from tests.documentation.pages import DOCS, PAGES, ROOT

sys.path.append(str(DOCS))
import pictures

DRAWN = sorted(pictures.PICTURES.glob("*.svg"))


@pytest.mark.parametrize("name", pictures.SOURCES)
def test_a_picture_is_as_new_as_its_screen(name):
    assert name not in pictures.find_stale(), f"its screen has changed: python docs/pictures.py {name}"


@pytest.mark.parametrize("name", [*pictures.SOURCES, "tour"])
def test_a_picture_is_there_in_dark_and_in_light(name):
    for kind in ("dark", "light"):
        assert (pictures.PICTURES / f"{name}-{kind}.svg").is_file()


@pytest.mark.parametrize("path", DRAWN, ids=lambda path: path.name)
def test_a_picture_fetches_nothing(path):
    assert not re.search(r"url\(\"?https?:|href=\"https?:", path.read_text(encoding="utf-8"))


def test_every_picture_is_shown():
    text = "".join(page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *PAGES])
    assert [path.name for path in DRAWN if path.name not in text] == []
