"""The screen beside a model: what it shows, and that a review keeps or changes."""

import numpy as np

from tests.screens.conftest import REVIEWS, MakeApp, read_screen
from txt.labeling.active.active_learning import ModelStatus
from txt.labeling.item import Suggestion
from txt.proportions import wilson_interval
from txt.screens.label.model import build_model_page


def test_the_page_tells_accuracy_shares_and_advice():
    shares = {"positive": wilson_interval(30, 40), "\x1b[31mneg": wilson_interval(10, 40)}
    curve = [(10, wilson_interval(20, 40)), (20, wilson_interval(28, 40)), (30, wilson_interval(32, 40))]
    page = build_model_page(
        ModelStatus(30, 40, 200, wilson_interval(32, 40), shares, curve, "you may stop here", ""), 60
    ).plain
    assert "right on 80 % [65, 90] of the rows it never learned from; 40 of 200 rows held out" in page
    assert "You may stop here." in page
    assert "holdout, %, over labels" in page
    assert "\x1b" not in page


def test_few_measured_rows_claim_nothing():
    page = build_model_page(
        ModelStatus(8, 3, 200, wilson_interval(3, 3), {"positive": wilson_interval(3, 3)}, [], "", ""), 60
    ).plain
    assert "100 %" not in page
    assert "3 of 200 rows held out are labeled" in page


async def test_in_a_review_one_key_keeps_a_label_and_another_changes_it(make_app: MakeApp):
    app = make_app()
    session = app.session
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("3", "3", "1")
        labeled = [row for row in range(len(REVIEWS)) if session.states.label(row)]
        session.queue.order = np.array(labeled[:2])
        object.__setattr__(session.task, "review", True)
        session.set_suggest(lambda _row: Suggestion("neutral", 0.9, "model", "the label has 2% by tfidf"))
        session.queue.move_on(session.settled, set())
        session.jump(labeled[0] + 1)
        app.labeling._tell("")
        await pilot.pause()
        assert "s keep" in read_screen(app)
        assert "suggested: neutral · enter · the model gives it 90%" in read_screen(app)
        await pilot.press("s")
        assert session.states.label(labeled[0]) == "positive"
        assert session.states.how(labeled[0]) == "review"
        await pilot.press("enter")
        assert session.states.label(labeled[1]) == "neutral"
        await pilot.pause()
        assert "Every doubtful label was looked at." in read_screen(app)
