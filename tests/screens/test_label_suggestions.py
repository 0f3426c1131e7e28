"""Suggestions on the labeling screen, and the guard of a new text from keys that were typed before it came."""

import time
from dataclasses import replace

from textual.events import Key

from tests.screens.conftest import REVIEWS, SMALL, MakeApp, read_screen, stored
from tests.screens.pilot import wait_for_text
from tests.screens.pilot import wait_until as until
from txt.labeling.item import Suggestion
from txt.labeling.store.decision import row_id
from txt.screens.label.app import LabelApp


async def test_a_suggestion_has_a_line_of_its_own_and_enter_takes_it(make_app: MakeApp):
    app = make_app()
    app.session._suggest = lambda row: Suggestion("positive", 0.83, "model", "like its neighbours") if row else None
    async with app.run_test(size=SMALL) as pilot:
        assert "suggested" not in read_screen(app)
        await pilot.press("enter")
        assert app.session.row == 0
        await pilot.press("1")
        assert "suggested: positive · enter · the model gives it 83% · like its neighbours" in read_screen(app)
        await pilot.press("enter")
        (decision,) = app.session.journal.decisions_about([row_id(REVIEWS[1])])
        assert (decision.value, decision.suggestion, decision.score) == ("positive", "positive", 0.83)


async def test_a_reason_that_is_too_long_for_its_line_is_cut_with_a_mark(make_app: MakeApp):
    app = make_app()
    app.session.set_suggest(
        lambda _row: Suggestion("positive", 0.5, reason="sentiment-positive; strong-praise: like a charm " * 3)
    )
    async with app.run_test(size=SMALL):
        line = next(line for line in read_screen(app).splitlines() if "suggested:" in line)
        assert line.rstrip().endswith("…")


async def test_in_a_long_list_the_likeliest_classes_come_first_and_an_arrow_chooses(make_app: MakeApp):
    names = [f"class{number:02}" for number in range(30)]
    app = make_app(labels=",".join(names))
    found = Suggestion("class21", 0.3, "model", who="names", ranked=("class21", "class07", "class12"), is_sure=False)
    app.session.set_suggest(lambda _row: found)
    async with app.run_test(size=(100, 30)) as pilot:
        shown = await wait_for_text(pilot, "perhaps: class21, class07, class12 · by names 30%")
        assert shown.index("the likeliest come first") < shown.index("class00")
        await pilot.press("enter")  # nothing sure is suggested, and nothing was chosen
        assert stored(app)[0] is None
        await pilot.press("down", "down", "enter")
        assert stored(app)[0] == "class07"
        await pilot.press(*"ss2", "enter")  # of those with these letters, a likely one first
        assert stored(app)[1] == "class21"


def send_at(app: LabelApp, keys: str, moment: float, *, apart: float = 0.0) -> None:
    """Send keys as a terminal does that read them at a moment, and one after the other."""
    for number, letter in enumerate(keys):
        event = Key(letter, letter)
        event.time = moment + number * apart
        app.post_message(event)


async def test_letters_typed_before_a_text_was_read_do_not_label_it(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3" * 30, time.monotonic())
        await until(pilot, lambda: "29 keys were typed before this text was read" in read_screen(app))
        assert stored(app) == ["positive", *[None] * 7]
        send_at(app, "1", time.monotonic() + 10)
        await until(pilot, lambda: "3 identical" not in read_screen(app) and stored(app)[1] == "negative")


async def test_a_key_held_down_labels_one_row(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3" * 40, time.monotonic(), apart=0.03)
        await until(pilot, lambda: "39 keys were typed" in read_screen(app))
        assert stored(app) == ["positive", *[None] * 7]


async def test_fast_takes_keys_however_early_they_come(make_app: MakeApp):
    app = make_app(fast=True)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "333", time.monotonic())
        await until(pilot, lambda: stored(app)[:3] == ["positive"] * 3)


async def test_undo_and_moving_are_never_too_early(make_app: MakeApp):
    app = make_app(fast=False)
    async with app.run_test(size=SMALL) as pilot:
        send_at(app, "3u", time.monotonic())
        await until(pilot, lambda: "undone" in read_screen(app))
        assert stored(app) == [None] * 8


async def test_a_suggestion_that_appears_is_not_taken_by_an_enter_pressed_before(make_app: MakeApp):
    app = make_app(fast=False)

    class Coming:
        trouble = ""
        steps = 0

        def step(self) -> bool:
            self.steps += 1
            return self.steps == 2

        def suggest(self, _row: int) -> Suggestion:
            return Suggestion("positive", 0.9, "model", who="names")

    app.labeling._sitting = replace(app.labeling._sitting, suggester=Coming())
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.session.suggestion is not None)
        app.labeling._guard.show_text(time.monotonic())
        await pilot.press("enter")
        assert stored(app)[0] is None
        await pilot.pause(0.4)
        await pilot.press("enter")
        assert stored(app)[0] == "positive"
