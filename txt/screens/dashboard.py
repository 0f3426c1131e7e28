"""The dashboard: what a run does, live or replayed, and keys that steer it. It only reads the run's folder and asks."""

import shlex
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Static

from txt.errors import TxtError
from txt.run_notes import read_notes, write_note
from txt.run_replay import Replay
from txt.run_status import LIVING, PAUSED, STARTING
from txt.runs import Run, all_runs
from txt.screens import run_words
from txt.screens.chips import Chip, Chips
from txt.screens.dashboard_panels import NAMES, LogPane, PlotPanel, Plots
from txt.screens.dialog import TypedAhead
from txt.screens.label_dialogs import AskLine, Choose, Page
from txt.screens.overlay_dialog import ChooseRuns
from txt.screens.run_plots import AXES, SMOOTHINGS, Scene, View, metrics_of
from txt.screens.run_words import REPLAY_ACTIONS, RUN_ACTIONS, RunAction
from txt.screens.watched_run import REMOVED, WatchedRun
from txt.training.control import DISCARD, NOTE, PAUSE, RATE, RESUME, SAVE, STOP, send
from txt.visible import visible_lines

TICK_SECONDS = 0.25  # well under the half second in which an event is to be seen
_CATCH_UP_SECONDS = 0.05  # of each tick, while a long record is read
_DOTS = 400  # of a plot's width, about as many as a large terminal has
_MARGIN = 2
_TALL = 34  # lines from which the log is longer


class Ended(Message):
    """The training has ended, and somebody wants to be told."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message


class DashboardScreen(Screen[None]):
    """Shows a run and turns keys into commands; what the run is like lives in WatchedRun."""

    def __init__(self, watched: WatchedRun, replay: Replay | None = None, *, notifies: bool = False) -> None:
        super().__init__()
        self.watched, self.replay = watched, replay
        self.view = View(metric=watched.metric if watched.metric != "loss" else "accuracy")
        self.earlier: list[WatchedRun] = []
        self._alone: str | None = None
        self._notice, self._waiting = "", dict[str, str]()
        self._notifies, self._leaving = notifies, False
        self._version = 0
        self._plotted: tuple[int, object] = (0, None)
        self._header: object = None
        self._keys_shown: list[Chip] = []

    def compose(self) -> ComposeResult:
        """Lay out the header, the plots, what is to be advised, the log and the keys."""
        yield Static(id="run-head")
        yield Static(id="run-numbers")
        yield Plots(id="plots")
        yield Static(id="advice")
        yield LogPane()
        yield Chips(id="keys")

    @property
    def actions(self) -> tuple[RunAction, ...]:
        """What keys do here: a replay has no training to steer."""
        if self.replay is None:
            return RUN_ACTIONS
        own = {action.name for action in REPLAY_ACTIONS}
        return REPLAY_ACTIONS + tuple(each for each in RUN_ACTIONS if not each.controls and each.name not in own)

    # Keys

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.app.screen is not self:
            self.app.screen.post_message(TypedAhead(event))
            return
        self._notice = ""
        moves: dict[str, Callable[[View], View]] = {
            "up": partial(View.zoomed, factor=0.5),
            "down": partial(View.zoomed, factor=2.0),
            "left": partial(View.moved, share=-0.25),
            "right": partial(View.moved, share=0.25),
            "end": lambda view: replace(view, right=1.0),
            "home": lambda view: replace(view, width=1.0, right=1.0),
        }
        action = next((each for each in self.actions if event.character == each.key), None)
        if event.key in moves:
            self._look_at(moves[event.key](self.view))
        elif event.character and event.character in "12345"[: len(NAMES)]:
            self._show_alone(NAMES[int(event.character) - 1])
        elif event.key in ("pageup", "pagedown"):
            self.query_one(LogPane).page(1 if event.key == "pageup" else -1)
        elif event.key == "escape":
            self._show_alone(None)
        elif event.key == "space":
            self.run_action_named("pause")
        elif event.character == "=":
            self.run_action_named("faster")
        elif action:
            self.run_action_named(action.name)
        elif event.is_printable:
            self._tell(f"{event.character} is no key here, ? shows all")

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        event.stop()
        self.run_action_named(event.name)

    @on(PlotPanel.Clicked)
    def _enlarge(self, event: PlotPanel.Clicked) -> None:
        self._show_alone(event.name)

    def run_action_named(self, name: str) -> None:
        """Do what one of the actions says."""
        getattr(self, f"_do_{name}")()

    # Steering the training

    def _do_pause(self) -> None:
        if self.replay:
            self.replay.paused = not self.replay.paused
            self._tell("the replay holds" if self.replay.paused else "")
        elif self.watched.state == PAUSED:
            self._ask_for(RESUME, "going on")
        else:
            self._ask_for(PAUSE, "pausing after this step")

    def _do_save(self) -> None:
        self._ask_for(SAVE, "saving after this step")

    def _do_slower(self) -> None:
        self._change_pace(0.5)

    def _do_faster(self) -> None:
        self._change_pace(2.0)

    def _change_pace(self, factor: float) -> None:
        """Change the learning rate, or the speed of a replay."""
        if self.replay:
            self.replay.speed *= factor
            self._tell(f"{self.replay.speed:.3g} times as fast as it was")
        else:
            self._ask_for(RATE, f"learning rate {'halved' if factor < 1 else 'doubled'} after this step", factor)

    def _do_stop(self) -> None:
        if self._is_steerable():
            body = Text("The step is finished, everything is saved, and --resume goes on with it.")
            choices = [Chip("stop", "enter", "stop and save"), Chip("stay", "esc", "go on")]
            self.app.push_screen(Choose("Stop the training?", body, choices), self._stop)

    def _stop(self, choice: str | None) -> None:
        if choice == "stop":
            self._ask_for(STOP, "stopping after this step")

    def _do_discard(self) -> None:
        if self._is_steerable():
            body = Text(f"Everything in {self.watched.run.path} is removed, its checkpoints and its best model too.")
            choices = [Chip("discard", "D", "stop and remove it"), Chip("stay", "esc", "keep it")]
            self.app.push_screen(Choose("Discard this run?", body, choices), self._discard)

    def _discard(self, choice: str | None) -> None:
        if choice == "discard":
            self._ask_for(DISCARD, "ending after this step")

    def _ask_for(self, command: str, told: str, value: float | str | None = None) -> bool:
        """Send a command; its answer comes through the event log. Returns whether it could be sent."""
        if not self._is_steerable():
            return False
        try:
            number = send(self.watched.run, command, value)
        except OSError as error:
            self._tell(f"this run can only be watched from here: {(error.strerror or str(error)).lower()}")
            return False
        self._waiting[number] = command
        self._tell(f"{told} …")
        return True

    def _is_steerable(self) -> bool:
        """Return whether a process hears commands, and say so where none does."""
        if self.watched.runs:
            return True
        starting = self.watched.state == STARTING
        self._tell("it is still starting" if starting else f"it is not running: {run_words.state_words(self.watched)}")
        return False

    # Notes, earlier runs, pictures, help

    def _do_note(self) -> None:
        run = self.watched.run
        try:
            note = read_notes(run.path).note
        except TxtError:
            note = ""

        def keep(text: str | None) -> None:
            if text is None:
                return
            try:
                write_note(run.path, text)
            except (TxtError, OSError) as error:
                self._tell(f"the note is not saved: {error}")
                return
            if not (self.watched.runs and text.strip() and self._ask_for(NOTE, "noted", text.strip())):
                self._tell("noted")

        self.app.push_screen(AskLine("Note on this run", note), keep)

    def _do_overlay(self) -> None:
        here = self.watched.run.path.resolve()
        others = [run for run in all_runs(here.parent) if run.path.resolve() != here]
        if not others:
            self._tell("there is no other run beside this one")
            return
        chosen = {each.run.path.resolve() for each in self.earlier}
        self.app.push_screen(ChooseRuns(others, chosen), self._lay_behind)

    def _lay_behind(self, runs: list[Path] | None) -> None:
        if runs is None:
            return
        known = {each.run.path: each for each in self.earlier}
        self.earlier = [known.get(path) or WatchedRun(Run(path)) for path in runs]
        self._version += 1
        self._tick()

    def _do_picture(self) -> None:
        name = f"{self.watched.run.name}-{time.strftime('%H%M%S')}.svg"
        try:
            self.app.save_screenshot(name, path=".")
        except OSError as error:
            self._tell(f"no picture: {(error.strerror or str(error)).lower()}")
        else:
            self._tell(f"the screen is in {name}")

    def _do_help(self) -> None:
        self.app.push_screen(Page("Keys", run_words.help_page(self.actions)))

    # How it is seen

    def _do_metric(self) -> None:
        names = metrics_of(self.watched)
        place = names.index(self.view.metric) + 1 if self.view.metric in names else 0
        self._look_at(replace(self.view, metric=names[place % len(names)]))

    def _do_axis(self) -> None:
        over = AXES[(AXES.index(self.view.over) + 1) % len(AXES)]
        self._look_at(replace(self.view, over=over), f"over {'steps' if over == 'step' else over + 's'}")

    def _do_smooth(self) -> None:
        place = (self.view.smoothing + 1) % len(SMOOTHINGS)
        told = f"smoothed over {SMOOTHINGS[place]:.0%} of what is seen" if place else "not smoothed"
        self._look_at(replace(self.view, smoothing=place), told)

    def _do_log(self) -> None:
        logarithmic = not self.view.logarithmic
        self._look_at(replace(self.view, logarithmic=logarithmic), "logarithmic" if logarithmic else "linear")

    def _look_at(self, view: View, told: str = "") -> None:
        self.view = view
        self._tell(told)
        self._redraw()

    def _show_alone(self, name: str | None) -> None:
        self._alone = None if name == self._alone else name
        self.query_one(Plots).show_alone(self._alone)
        self._draw()

    # Leaving

    def _do_detach(self) -> None:
        self.app.exit()

    def _do_leave(self) -> None:
        if self.replay or self.watched.state not in LIVING:
            self.app.exit()
            return
        name = shlex.quote(self.watched.run.name)
        body = Text(f"The training goes on without this screen; txt watch {name} opens it again.")
        choices = [
            Chip("detach", "enter", "leave it running"),
            Chip("stop", "x", "stop and save"),
            Chip("stay", "esc", "stay"),
        ]
        self.app.push_screen(Choose("Leave?", body, choices), self._leave)

    def _leave(self, choice: str | None) -> None:
        if choice == "detach":
            self.app.exit()
        elif choice == "stop" and self._ask_for(STOP, "stopping after this step"):
            self._leaving = True

    # Drawing

    def on_mount(self) -> None:
        """Show what is known, and begin to look for more."""
        self.query_one(Plots).show_alone(None)
        self.set_interval(TICK_SECONDS, self._tick)
        self.call_after_refresh(self._tick)

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        self.set_class(event.size.height >= _TALL, "tall")
        self._header = None
        self.call_after_refresh(self._draw)

    def _tick(self) -> None:
        """Take in what is new, and show it."""
        watched, before = self.watched, self.watched.state
        changed = self._take_in(watched)
        for earlier in self.earlier:
            changed |= self._take_in(earlier)
        if changed:
            self._version += self._moves_a_dot()
            self._hear_answers()
        if watched.state != before:
            self._on_state(before)
        self._draw()

    def _moves_a_dot(self) -> bool:
        """Return whether what came can be seen in a plot: drawing for less would take time from the training."""
        watched, (step, known) = self.watched, self._plotted
        now = (watched.log[-1] if watched.log else None, watched.share, [each.last_step for each in self.earlier])
        if now == known and watched.last_step - step < watched.last_step / _DOTS:
            return False
        self._plotted = watched.last_step, now
        return True

    def _take_in(self, watched: WatchedRun) -> bool:
        """Look for news; a long record is read in parts, for as long as the screen can wait."""
        given_up = time.monotonic() + _CATCH_UP_SECONDS
        changed = watched.look()
        while watched.share < 1.0 and not watched.replayed and time.monotonic() < given_up:
            changed |= watched.look()
        return changed

    def _hear_answers(self) -> None:
        for answer in self.watched.answers:
            if self._waiting.pop(answer.number, None) is not None:
                self._notice = f"refused: {answer.refused}" if answer.refused else ""

    def _on_state(self, before: str) -> None:
        """React to a change of the run's state: a training that ended is told, and left where that was asked for."""
        state = self.watched.state
        if before not in LIVING or state in LIVING or self.watched.replayed:
            return
        if self._notifies:
            self.post_message(Ended(f"{self.watched.run.name}: {run_words.state_words(self.watched)}"))
        if self._leaving or state in ("discarded", REMOVED):
            self.app.exit()

    def _redraw(self) -> None:
        self._version += 1
        self._draw()

    def _tell(self, what: str) -> None:
        self._notice = what
        self._draw()

    def _draw(self) -> None:
        watched, width = self.watched, self.app.size.width - 2 * _MARGIN
        self._draw_lines(width)
        scene = Scene(watched, self.view, self.earlier)
        self.query_one(Plots).draw(scene, (self._version, self.view, len(self.earlier)))
        self._draw_keys()

    def _draw_lines(self, width: int) -> None:
        """Draw the header, the advice and the log, where they would differ from what is there."""
        watched = self.watched
        head, numbers = run_words.header(watched, width), run_words.numbers(watched, width)
        advice = self._said(width)
        lines = (head, numbers, advice, self._version)
        if lines == self._header:
            return
        self._header = lines
        for name, text in (("run-head", head), ("run-numbers", numbers), ("advice", advice)):
            self.query_one(f"#{name}", Static).update(text, layout=False)
        epochs = watched.started.epochs if watched.started else 0
        self.query_one(LogPane).show(run_words.log_lines(list(watched.log), epochs, width))

    def _said(self, width: int) -> Text:
        """Return what the last key did, or what there is to advise."""
        if self._notice:
            return Text(visible_lines(self._notice), "reverse")
        if self.watched.share < 0.99 and not self.watched.replayed:
            return Text(f"reading the record: {self.watched.share:.0%}")
        return run_words.advice_line(self.watched, width)

    def _draw_keys(self) -> None:
        chips = [
            Chip(action.name, action.key, self._word(action), quiet=True)
            for action in self.actions
            if (not action.controls or self.watched.state in LIVING) and (not action.rare or self.size.height >= _TALL)
        ]
        if chips != self._keys_shown:
            self._keys_shown = chips
            self.query_one("#keys", Chips).show(chips)

    def _word(self, action: RunAction) -> str:
        held = self.replay.paused if self.replay else self.watched.state == PAUSED
        return "go on" if action.name == "pause" and held else action.word
