"""`txt watch`: shows the dashboard of a running or finished run; also used by `txt train`."""

import json
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from txt.cli.console import out, say
from txt.cli.terminal import has_screen
from txt.errors import InputError, Interrupted, TxtError
from txt.files import read_small_file
from txt.sanitize import sanitize, sanitize_colored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from txt.runs.folder import Run
    from txt.runs.live import WatchedRun

_CONCLUDING_SECONDS = 600.0
_MOST_TALK = 1 << 24  # bytes of what a training said that are read


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("watch")(watch)


def watch(
    run: Annotated[
        str | None, typer.Argument(help="Run, by name or path [default: the newest].", metavar="RUN")
    ] = None,
    *,
    replay: Annotated[bool, typer.Option("--replay", help="Show again how it went.")] = False,
    speed: Annotated[
        float | None, typer.Option(help="With --replay: times as fast as it was [all in half a minute].", min=0.01)
    ] = None,
    over: Annotated[
        str | None, typer.Option(help="Runs to draw over it: `001,002`.", metavar="RUNS", show_default=False)
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Ring the bell and notify when it ends.")] = False,
    plain: Annotated[bool, typer.Option("--plain", help="Lines and a bar: for pipes and screen readers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print every event as a line of JSON on stdout.")] = False,
) -> None:
    """Watch a training: curves, numbers, advice; pause, stop or slow it, and leave it running.

    It only reads the run's folder, which may be another machine's, and may be opened any number of times.

    Example: `txt watch`, `txt watch 003 --replay`
    """
    from txt.runs.folder import Run

    found = Run.open(run) if run is not None else Run.find_newest()
    screen = has_screen(plain, as_json)
    if speed is not None and not replay:
        raise InputError("--speed is for --replay", "txt watch RUN --replay --speed 60")
    if replay and not screen:
        raise InputError("--replay needs a terminal, without --plain and --json", "txt watch RUN --json has the events")
    if over and not screen:
        raise InputError("--over needs a terminal, without --plain and --json", "txt runs compare prints curves")
    if not screen:
        _follow_plainly(found, as_json, notify)
        return
    others = [Run.open(name.strip()) for name in (over or "").split(",") if name.strip()]
    watched = show_dashboard(found, replay=replay, speed=speed, notifies=notify, over=[each.path for each in others])
    if not replay:
        conclude(watched)


def train_with_dashboard(run: "Run", at_step: int | None, notifies: bool) -> None:
    """Train a run in a process of its own, and show the dashboard meanwhile."""
    from txt.training.process import start_trainer

    colors = {"FORCE_COLOR": "1"} if out.color_system else {}
    trainer = start_trainer(run, at_step, {"COLUMNS": str(out.width), **colors})
    watched = show_dashboard(run, notifies=notifies)
    if trainer.process.poll() == InputError.exit_code and not _has_begun(run):
        refusal = _read_last_words(run).removeprefix(": ")
        run.delete()  # nothing was trained: its options turned out to be impossible when the model was built
        raise InputError(refusal)
    conclude(watched)


def _has_begun(run: "Run") -> bool:
    return run.events_path.exists() and run.events_path.stat().st_size > 0


def show_dashboard(
    run: "Run",
    *,
    replay: bool = False,
    speed: float | None = None,
    notifies: bool = False,
    over: "Sequence[Path]" = (),
) -> "WatchedRun":
    """Show a run, with other runs over it, until the screen is left; returns the run as it was last seen."""
    from txt.screens.hold_terminal import hold_terminal, say_what_goes_on

    with hold_terminal(say_what_goes_on("opening the run …")):
        from txt.runs.feed import RunFeed
        from txt.runs.live import WatchedRun
        from txt.runs.replay import RecordReplay
        from txt.screens.dashboard.app import DashboardApp

        source = RecordReplay(RunFeed(run.events_path), speed or _choose_speed(run)) if replay else None
        watched = WatchedRun(run, source, replayed=replay)
        DashboardApp(watched, source, notifies=notifies, over=over).run()
    return watched


def _choose_speed(run: "Run") -> float:
    """Return the speed at which a replay of the run takes half a minute."""
    from txt.runs.replay import choose_speed
    from txt.runs.state import read_tail

    tail = read_tail(run)
    return choose_speed(tail.begun or 0.0, tail.last or 0.0)


def conclude(watched: "WatchedRun") -> None:
    """Print the result of the watched run: its scores, how to resume it, or what went wrong.

    Raises:
        Interrupted: it was stopped.
        TxtError: it failed, diverged or died.
    """
    from txt.runs.live import REMOVED
    from txt.runs.state import ALIVE, DISCARDED, DIVERGED, EARLY_STOPPED, FINISHED, INTERRUPTED
    from txt.wording.run import describe_state, describe_trouble

    watched.look()
    run, state = watched.run, watched.state
    name = sanitize(run.name)
    if state in ALIVE:
        say(f"the training of {name} goes on; txt watch {name} shows it again")
    elif state in (FINISHED, EARLY_STOPPED):
        _show_conclusion(run)
    elif state in (DISCARDED, REMOVED):
        say(f"run {name} is discarded")
    elif state == INTERRUPTED:
        raise Interrupted(
            f"stopped at step {watched.last_step:,}; everything is saved", f"txt train --resume {name} goes on"
        )
    elif state == DIVERGED:
        rate = run.config().learning_rate / 3
        raise TxtError(describe_trouble(watched), f"try --lr {rate:.1g}, or --on-divergence rollback")
    else:
        raise TxtError(
            f"run {name} {describe_state(watched)}{_read_last_words(run)}", f"txt train --resume {name} goes on"
        )


def _show_conclusion(run: "Run") -> None:
    """Print the table with which the run's process ended; wait for it while it evaluates."""
    from txt.processes import is_process_running
    from txt.runs.state import read_status
    from txt.training.process import conclusion_path

    path, status = conclusion_path(run), read_status(run)
    name = sanitize(run.name)
    if not path.exists() or status is None:
        say(f"finished; txt eval {name} shows how good it is")
        return
    given_up = time.monotonic() + _CONCLUDING_SECONDS
    if is_process_running(status.pid) and not path.stat().st_size:
        say("evaluating …")
    while is_process_running(status.pid) and time.monotonic() < given_up:
        time.sleep(0.05)
    table = read_small_file(path, _MOST_TALK).decode("utf-8", "replace")
    if not table:
        raise TxtError(f"the evaluation of {name} failed{_read_last_words(run)}", f"txt eval {name}")
    out.print(Text.from_ansi(sanitize_colored(table)))


def _read_last_words(run: "Run") -> str:
    """Return the error that the run's process printed last, if any."""
    from txt.training.process import talk_path

    try:
        lines = read_small_file(talk_path(run), _MOST_TALK).decode("utf-8", "replace").strip().splitlines()
    except InputError:
        return ""
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")] or lines[-1:]
    return f": {sanitize(told[-1])}" if told else ""


def _follow_plainly(run: "Run", as_json: bool, notifies: bool) -> None:
    from txt.cli.progress import TrainingBar
    from txt.cli.terminal import notify
    from txt.runs.events import Event, Finished, describe_bad_lines
    from txt.runs.feed import RecordReader, follow
    from txt.runs.state import LivenessCheck, may_continue

    reader, liveness = RecordReader(run.events_path), LivenessCheck(run)
    last: Event | None = None
    with TrainingBar() as bar:
        for last in bar.watch(follow(reader, lambda last: may_continue(run, liveness, last))):
            if as_json:
                print(json.dumps(last.to_json(), allow_nan=False), flush=True)
    ended = sanitize(last.status).replace("_", " ") if isinstance(last, Finished) else "not finished"
    if reader.bad_lines:
        say(f"warning: {describe_bad_lines(reader.bad_lines)}")
    say(f"{sanitize(run.name)}: {ended}")
    if notifies:
        notify(f"{run.name}: {ended}")
