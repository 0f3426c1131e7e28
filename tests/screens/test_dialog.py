from rich.text import Text
from textual import events
from textual.app import App

from txt.screens.widgets.chips import Chip
from txt.screens.widgets.dialogs import ChoiceDialog


async def test_keys_typed_ahead_answer_a_dialog_once():
    answers = []
    app = App()
    async with app.run_test() as pilot:
        dialog = ChoiceDialog("Leave?", Text("All saved."), [Chip("leave", "enter", "leave")])
        app.push_screen(dialog, answers.append)
        await pilot.pause()
        for _ in range(3):
            dialog.post_message(events.Key("enter", "\r"))
        await pilot.pause()
        await pilot.pause()
        assert answers == ["leave"]
        assert len(app.screen_stack) == 1
