"""The screen of clusters: every key does what it says."""

from dataclasses import replace

import numpy as np
import pytest

from tests.exploration.conftest import write_things
from tests.screens.conftest import make_app  # noqa: F401
from tests.screens.pilot import wait_for_text, wait_until
from txt.config import PrepareConfig
from txt.exploration.cluster_names import give_names, locate_names
from txt.exploration.corpus import read_corpus
from txt.exploration.encoders import WORDS
from txt.exploration.exploration import Exploration
from txt.labeling.queue import QueueView
from txt.screens.explore.screen import ExploreApp, LabelWish
from txt.screens.label.group_dialogs import LabelAllDialog


@pytest.fixture
def explored(own_cache, tmp_path):
    """Return a corpus with its clusters, one of whose texts has a control code and markup."""
    path = write_things(tmp_path / "things.csv")
    with path.open("a") as file:
        file.write('"kettle water \x1b[31m [bold] boil steam",kettle\n')
    corpus = read_corpus(str(path), PrepareConfig(), None, lambda _done: None)
    exploration = Exploration(corpus, lambda _done: None)
    exploration.make_vectors(WORDS)
    return corpus, exploration.find_clusters()


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_clusters_are_walked_through_and_their_texts_read(explored, size):
    corpus, found = explored
    app = ExploreApp(corpus, found)
    async with app.run_test(size=size) as pilot:
        assert "81 rows" in await wait_for_text(pilot, "3 clusters")
        await pilot.press("down", "down", "down")
        assert "80 rows" in await wait_for_text(pilot, "classes: ")
        await pilot.press("g", "enter")
        await wait_for_text(pilot, "esc goes back")
        await pilot.press("G", "end")
        await wait_until(pilot, lambda: app.screen.query_one("#explore-texts").chosen == 80)
        await pilot.press("escape", "m")
        await wait_for_text(pilot, "Map")
        await pilot.press("x", "question_mark")
        await wait_for_text(pilot, "name the cluster")
        await pilot.press("x", "q")
    assert app.return_value is None


async def test_texts_are_shown_as_data(explored):
    corpus, found = explored
    app = ExploreApp(corpus, found)
    async with app.run_test(size=(120, 100)) as pilot:
        await pilot.press("enter")
        screen = await wait_for_text(pilot, "␛[31m [bold]")
        assert "\x1b" not in screen


async def test_a_name_is_kept_beside_the_file_and_taken_away(explored):
    corpus, found = explored
    app = ExploreApp(corpus, found)
    async with app.run_test() as pilot:
        await wait_for_text(pilot, "3 clusters")
        await pilot.press("n", *"hot", "enter")
        await wait_until(pilot, lambda: found.clusters[0].name == "hot")
        found.clusters[0].name = None
        give_names(corpus, found)
        assert [cluster.name for cluster in found.clusters] == ["hot", None, None]
        await pilot.press("n", *["backspace"] * 3, "enter")
        await wait_until(pilot, lambda: found.clusters[0].name is None)
    assert '"hot"' not in locate_names(corpus.path).read_text()


@pytest.mark.parametrize(("key", "whole"), [("l", False), ("b", True)])
async def test_a_cluster_is_sent_to_labeling(explored, key, whole):
    app = ExploreApp(*explored)
    async with app.run_test() as pilot:
        await wait_for_text(pilot, "3 clusters")
        await pilot.press("down", key)
        await wait_until(pilot, lambda: app.return_value is not None)
    assert app.return_value == LabelWish(1, whole)


async def test_the_labeling_screen_can_begin_with_all_rows_of_a_cluster(explored, make_app):  # noqa: F811
    corpus, found = explored
    app = make_app(write_things(locate_names(corpus.path).with_name("bare.csv"), labels=False), labels="x,y")
    rows = found.clusters[1].rows
    app.session.set_view(QueueView("a cluster", rows, ranked=True))
    app.labeling._sitting = replace(app.labeling._sitting, label_all=True)
    async with app.run_test() as pilot:
        await wait_until(pilot, lambda: isinstance(app.screen, LabelAllDialog))
        await pilot.press("1", "enter")
        await wait_until(pilot, lambda: app.session.states.mask_labeled("x").any())
        await wait_until(pilot, lambda: np.isin(rows, np.flatnonzero(app.session.states.mask_labeled("x"))).all())
        await pilot.press("q")
