"""The dashboard: shows a run, live or replayed, with keys to control it. It only reads files and sends commands."""

import shlex
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.message import Message

from txt.actions import Action
from txt.charts.plot_view import MOVES, SMOOTHINGS, PlotView, Scene
from txt.charts.run_plots import list_metrics
from txt.errors import TxtError
from txt.metrics import LOSS
from txt.runs.folder import Run, list_runs
from txt.runs.live import REMOVED, WatchedRun
from txt.runs.notes import read_notes, write_note
from txt.runs.replay import RecordReplay
from txt.runs.state import ALIVE, PAUSED
from txt.runs.summary import load_report
from txt.sanitize import sanitize, sanitize_lines
from txt.screens.app import ActingScreen
from txt.screens.dashboard.overlay_dialog import RunChoiceDialog
from txt.screens.dashboard.panels import PLOT_NAMES, DrawingBudget, LogPane, PlotPanel, Plots
from txt.screens.dashboard.steering import Steering, ask_to_discard, ask_to_leave, ask_to_stop
from txt.screens.keys import find_action
from txt.screens.widgets.chips import Chip, Chips
from txt.screens.widgets.dialogs import LineDialog, PageDialog, TypedAhead
from txt.screens.widgets.text_rows import TextRows
from txt.training.control import DISCARD, NOTE, PAUSE, RATE, RESUME, SAVE, STOP
from txt.wording import run as run_words
from txt.wording.mistakes import build_mistakes_page
from txt.wording.run import REPLAY_ACTIONS, RUN_ACTIONS

TICK_SECONDS = 0.2
_SHARE = 0.04  # of a core that drawing may use: when one core is late, all cores of a training wait for it
_REPLAY_SHARE = 0.5  # nobody waits for it
_LEAST_SECONDS = 0.35  # with a tick, under the half second in which an event is to be seen
_MOST_SECONDS = 0.6
_CATCH_UP_SECONDS = 0.05  # that a key waits at most while a long record is read
_DOTS = 400  # of a plot's width, about as many as a large terminal has
_MARGIN = 2
_CROSS_MOVES = {"left": -0.01, "right": 0.01, "shift+left": -0.1, "shift+right": 0.1, "home": -1.0, "end": 1.0}
"""How far keys move the crosshair, as shares of the stretch that is seen."""
_TALL = 34  # lines from which the log is longer
_ALL_KEYS = 20  # lines from which there is room for all keys; below, ? shows them


class Ended(Message):
    """The training has ended, and somebody wants to be told."""

    def __init__(self, message: str) -> None:
        super().__init__()
        self.message = message


class DashboardScreen(ActingScreen):
    """Shows a run and turns keys into commands; the state of the run is in WatchedRun."""

    def __init__(
        self,
        watched: WatchedRun,
        replay: RecordReplay | None = None,
        *,
        notifies: bool = False,
        over: Sequence[Path] = (),
    ) -> None:
        """Show a run, and over it the runs in the folders `over`."""
        super().__init__()
        self.watched, self.replay = watched, replay
        self.view = PlotView(metric=watched.metric if watched.metric != LOSS else "accuracy")
        self.earlier: list[WatchedRun] = [WatchedRun(Run(path)) for path in over]
        self._alone: str | None = None
        self._steering = Steering(watched)
        self._notice = ""
        self._notifies, self._leaving = notifies, False
        self._version = 0
        self._plotted: tuple[int, object] = (0, None)
        self._logged: object = None
        share, least = (_SHARE, _LEAST_SECONDS) if replay is None else (_REPLAY_SHARE, 0.0)
        self._budget = DrawingBudget(share, least, _MOST_SECONDS)
        self._stale = True
        self._reads_on = False
        self._keys_shown: list[Chip] = []

    def compose(self) -> ComposeResult:
        """Lay out the header, the plots, what is to be advised, the log and the keys."""
        yield TextRows(id="run-head")
        yield TextRows(id="run-numbers")
        yield Plots(id="plots")
        yield TextRows(id="advice")
        yield LogPane()
        yield Chips(id="keys", gap=2)

    @property
    def actions(self) -> tuple[Action, ...]:
        """What keys do here: a replay has no training to steer."""
        if self.replay is None:
            return RUN_ACTIONS
        own = {action.name for action in REPLAY_ACTIONS}
        return REPLAY_ACTIONS + tuple(each for each in RUN_ACTIONS if not each.controls and each.name not in own)

    @property
    def shows_all(self) -> bool:
        """Whether everything that was read is drawn. (Textual itself has an `is_current`.)"""
        return not self._stale and not self._is_behind_somewhere()

    # Keys

    @on(events.Key)
    def _press(self, event: events.Key) -> None:
        event.stop()
        event.prevent_default()
        if self.app.screen is not self:
            self.app.screen.post_message(TypedAhead(event))
            return
        self._notice = ""
        action = find_action(event, self.actions)
        if event.key in _CROSS_MOVES and self.view.cross is not None:
            self._change_view(self.view.move_cross(_CROSS_MOVES[event.key]))
        elif event.key in MOVES:
            if self._shows_curves():
                self._change_view(MOVES[event.key](self.view))
        elif event.character and event.character in "12345"[: len(PLOT_NAMES)]:
            self._show_alone(PLOT_NAMES[int(event.character) - 1])
        elif event.key == "enter" and self._alone == "confusion":
            page = build_mistakes_page(load_report(self.watched.run.path), self.watched.run.name)
            self.app.push_screen(PageDialog(f"What {sanitize(self.watched.run.name)} gets wrong", page))
        elif event.key in ("pageup", "pagedown"):
            self.query_one(LogPane).page(1 if event.key == "pageup" else -1)
        elif event.key == "escape":
            if self.view.cross is not None:
                self._change_view(replace(self.view, cross=None))
            else:
                self._show_alone(None)
        elif action:
            self.run_action_named(action.name)
        elif event.is_printable:
            self._tell(f"{event.character} is not a key here, ? shows all")

    @on(Chips.Pressed)
    def _click(self, event: Chips.Pressed) -> None:
        event.stop()
        self.run_action_named(event.name)

    @on(PlotPanel.Clicked)
    def _enlarge(self, event: PlotPanel.Clicked) -> None:
        self._show_alone(event.name)

    @on(PlotPanel.Zoomed)
    def _zoom(self, event: PlotPanel.Zoomed) -> None:
        self._change_view(self.view.zoom_view(event.factor, event.at))

    @on(PlotPanel.Pointed)
    def _point(self, event: PlotPanel.Pointed) -> None:
        if self.view.cross is not None:
            self._change_view(replace(self.view, cross=event.at))

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
            self.app.push_screen(ask_to_stop(), self._stop)

    def _stop(self, choice: str | None) -> None:
        if choice == "stop":
            self._ask_for(STOP, "stopping after this step")

    def _do_discard(self) -> None:
        if self._is_steerable():
            self.app.push_screen(ask_to_discard(self.watched), self._discard)

    def _discard(self, choice: str | None) -> None:
        if choice == "discard":
            self._ask_for(DISCARD, "ending after this step")

    def _ask_for(self, command: str, told: str, value: float | str | None = None) -> bool:
        asked = self._steering.ask(command, told, value)
        self._tell(self._steering.notice)
        return asked

    def _is_steerable(self) -> bool:
        possible = self._steering.is_possible()
        if not possible:
            self._tell(self._steering.notice)
        return possible

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
            if not (self.watched.is_training and text.strip() and self._ask_for(NOTE, "noted", text.strip())):
                self._tell("noted")

        self.app.push_screen(LineDialog("Note on this run", note), keep)

    def _do_overlay(self) -> None:
        here = self.watched.run.path.resolve()
        others = [run for run in list_runs(here.parent) if run.path.resolve() != here]
        if not others:
            self._tell("there is no other run beside this one")
            return
        chosen = {each.run.path.resolve() for each in self.earlier}
        self.app.push_screen(RunChoiceDialog(others, chosen), self._show_earlier)

    def _show_earlier(self, runs: list[Path] | None) -> None:
        if runs is None:
            return
        known = {each.run.path: each for each in self.earlier}
        self.earlier = [known.get(path) or WatchedRun(Run(path)) for path in runs]
        for each in self.earlier:
            self._read_news(each)
        self._redraw()

    def _do_picture(self) -> None:
        name = f"{self.watched.run.name}-{time.strftime('%H%M%S')}.svg"
        try:
            self.app.save_screenshot(name, path=".")
        except OSError as error:
            self._tell(f"no picture: {(error.strerror or str(error)).lower()}")
        else:
            self._tell(f"the screen is in {name}")

    def _do_help(self) -> None:
        self.app.push_screen(PageDialog("Keys", run_words.build_help_page(self.actions)))

    # Changing the view

    def _shows_curves(self, only: str = "") -> bool:
        """Tell whether a key about curves, or `only` those of one plot, changes what is seen; say so if not."""
        if self._alone is None or (self._alone != "confusion" and self._alone == (only or self._alone)):
            return True
        seen = {"metric": "2 shows the score, whose curve this key changes"}.get(only, "esc shows the curves")
        self._tell(f"the {self._alone} has nothing to do with this key: {seen}")
        return False

    def _do_metric(self) -> None:
        if not self._shows_curves("metric"):
            return
        self._change_view(self.view.switch_metric(list_metrics(self.watched)))

    def _do_axis(self) -> None:
        if not self._shows_curves():
            return
        view = self.view.switch_axis()
        self._change_view(view, f"over {view.over if view.over == 'time' else view.over + 's'}")

    def _do_smooth(self) -> None:
        if not self._shows_curves():
            return
        view = self.view.switch_smoothing()
        share = SMOOTHINGS[view.smoothing]
        self._change_view(view, f"smoothed over {share:.0%} of what is seen" if share else "not smoothed")

    def _do_inspect(self) -> None:
        if self._shows_curves():
            cross = 0.5 if self.view.cross is None else None
            self._change_view(replace(self.view, cross=cross), "" if cross is None else "← → or the mouse move it, esc")

    def _do_log(self) -> None:
        if not self._shows_curves():
            return
        logarithmic = not self.view.logarithmic
        self._change_view(replace(self.view, logarithmic=logarithmic), "logarithmic" if logarithmic else "linear")

    def _change_view(self, view: PlotView, told: str = "") -> None:
        self.view = view
        self._tell(told)
        self._redraw()

    def _show_alone(self, name: str | None) -> None:
        self._alone = None if name == self._alone else name
        self.query_one(Plots).show_alone(self._alone)
        self._draw()

    # Leaving

    def _do_detach(self) -> None:
        self._close()

    def _do_leave(self) -> None:
        if self.replay or self.watched.state not in ALIVE:
            self._close()
            return
        self.app.push_screen(ask_to_leave(f"txt watch {shlex.quote(self.watched.run.name)}"), self._leave)

    def _leave(self, choice: str | None) -> None:
        if choice == "detach":
            self._close()
        elif choice == "stop" and self._ask_for(STOP, "stopping after this step"):
            self._leaving = True

    def _close(self) -> None:
        """Leave: go back to the list from which this was opened, or end the app."""
        if self.is_attached and len(self.app.screen_stack) > 1 and self.app.screen_stack[0] is not self:
            self.dismiss(None)
        else:
            self.app.exit()

    # Drawing

    def on_mount(self) -> None:
        """Show what is known, and begin to look for more."""
        self.query_one(Plots).show_alone(None)
        self.set_interval(TICK_SECONDS, self._tick)
        self.call_after_refresh(self._tick)

    @on(events.Resize)
    def _fit(self, event: events.Resize) -> None:
        self.set_class(event.size.height >= _TALL, "tall")
        self.call_after_refresh(self._draw)

    def _tick(self) -> None:
        """Read what is new, and draw it when the drawing budget allows."""
        before = self.watched.state
        changed = [self._read_news(each) for each in (self.watched, *self.earlier)]
        self._stale |= any(changed)
        if any(changed) and self._steering.hear():
            self._notice, urgent = self._steering.notice, True
        else:
            urgent = self.watched.state != before
        if self.watched.state != before:
            self._handle_state_change(before)
        if urgent or (self._stale and self._budget.allows()):
            self._version += self._has_visible_change()
            self._draw()
            self._stale = False
        if not self._reads_on and self._is_behind_somewhere():
            self._reads_on = True
            self.call_later(self._read_on)

    def _read_on(self) -> None:
        """Read the next part of a long record, after the keys pressed meanwhile are handled."""
        self._reads_on = False
        self._tick()

    def _has_visible_change(self) -> bool:
        """Return whether the news would change a plot visibly: drawing for less would slow down the training."""
        watched, (step, known) = self.watched, self._plotted
        now = (watched.log[-1] if watched.log else None, watched.share, [each.last_step for each in self.earlier])
        if now == known and watched.last_step - step < watched.last_step / _DOTS:
            return False
        self._plotted = watched.last_step, now
        return True

    def _is_behind_somewhere(self) -> bool:
        return any(self._is_behind(each) for each in (self.watched, *self.earlier))

    @staticmethod
    def _is_behind(watched: WatchedRun) -> bool:
        return watched.share < 1.0 and not watched.replayed

    def _read_news(self, watched: WatchedRun) -> bool:
        """Read news of a run; a long record is read in parts, each no longer than a key may wait."""
        given_up = time.monotonic() + _CATCH_UP_SECONDS
        changed = watched.look()
        while self._is_behind(watched) and time.monotonic() < given_up:
            changed |= watched.look()
        return changed

    def _handle_state_change(self, before: str) -> None:
        """React to a change of the run's state: notify when a training has ended, and leave if that was asked for."""
        state = self.watched.state
        if before not in ALIVE or state in ALIVE or self.watched.replayed:
            return
        if self._notifies:
            self.post_message(Ended(f"{self.watched.run.name}: {run_words.describe_state(self.watched)}"))
        if self._leaving or state in ("discarded", REMOVED):
            self._close()

    def _redraw(self) -> None:
        self._version += 1
        self._draw()

    def _tell(self, what: str) -> None:
        self._notice = what
        self._draw()

    def _draw(self) -> None:
        self._budget.begin()
        watched, width = self.watched, self.app.size.width - 2 * _MARGIN
        self.query_one("#run-head", TextRows).show(run_words.format_header(watched, width))
        self.query_one("#run-numbers", TextRows).show(run_words.format_numbers(watched, width))
        self.query_one("#advice", TextRows).show([self._choose_message(width)])
        self._draw_log(width)
        scene = Scene(watched, self.view, self.earlier)
        self.query_one(Plots).draw(scene, (self._version, self.view, len(self.earlier)))
        self._draw_keys()

    def _draw_log(self, width: int) -> None:
        """Draw the log anew when something was added to it."""
        log, started = self.watched.log, self.watched.started
        now = (log[-1] if log else None, len(log), width)
        if now != self._logged:
            self._logged = now
            self.query_one(LogPane).show_lines(run_words.format_log(list(log), started.epochs if started else 0, width))

    def _choose_message(self, width: int) -> Text:
        """Return what the last key did, or what there is to advise."""
        if self._notice:
            return Text(sanitize_lines(self._notice), "reverse")
        if self.watched.share < 0.99 and not self.watched.replayed:
            return Text(f"reading the record: {self.watched.share:.0%}")
        return run_words.format_advice(self.watched, width)

    def _draw_keys(self) -> None:
        chips = [
            Chip(action.name, action.key, self._choose_word(action), quiet=True)
            for action in self.actions
            if (not action.controls or self.watched.state in ALIVE)
            and (not action.rare or self.size.height >= _ALL_KEYS)
        ]
        if chips != self._keys_shown:
            self._keys_shown = chips
            self.query_one("#keys", Chips).show(chips)

    def _choose_word(self, action: Action) -> str:
        held = self.replay.paused if self.replay else self.watched.state == PAUSED
        return "go on" if action.name == "pause" and held else action.word
