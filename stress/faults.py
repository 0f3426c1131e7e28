"""What is done to a running program, at a random moment of the time that it takes."""

import signal
import time
from collections.abc import Callable

from stress.case import Trial
from stress.program import Program

MOST_TIMES = 3  # that a program is disturbed and started again in one trial
_SUSPENDED_SECONDS = 60.0  # as when a laptop is closed: longer than any sign of life is waited for
_STOPPED_SECONDS = 2.0

Fault = Callable[[Trial, Program, float], None]
"""Disturbs a program that takes so many seconds, and waits until it has ended."""


def kill(trial: Trial, program: Program, seconds: float) -> None:
    """End it as a pulled plug or the kernel would, alone or with all that it started."""
    _sleep_random(trial, seconds)
    program.kill(all_of_it=trial.rng.random() < 0.5)


def ask_to_end(number: int) -> Fault:
    """Return a fault that sends a signal which ends programs."""

    def ask(trial: Trial, program: Program, seconds: float) -> None:
        _sleep_random(trial, seconds)
        program.signal(number)
        code = program.wait()
        trial.check(code is not None, f"it does not end after {signal.Signals(number).name}")
        trial.check("Traceback" not in program.said(), f"it ends with a traceback: {program.said()[-500:]}")

    return ask


def stop_and_go_on(number: int, seconds_stopped: float) -> Fault:
    """Return a fault that stops a program with all that it started, and lets it go on."""

    def stop(trial: Trial, program: Program, seconds: float) -> None:
        _sleep_random(trial, 0.9 * seconds)
        program.signal(number, all_of_it=True)
        time.sleep(seconds_stopped)
        program.signal(signal.SIGCONT, all_of_it=True)
        code = program.wait()
        trial.check(code == 0, f"exit code {code} after it was stopped: {program.said()[-500:]}")

    return stop


def _sleep_random(trial: Trial, seconds: float) -> None:
    time.sleep(trial.rng.uniform(0, 1.1 * seconds))  # a little more than it takes, so that the last steps are hit too


KILL = {"SIGKILL": kill}
ENDING = {"SIGTERM": ask_to_end(signal.SIGTERM), "SIGHUP": ask_to_end(signal.SIGHUP)}
STOPPING = {"SIGTSTP, SIGCONT": stop_and_go_on(signal.SIGTSTP, _STOPPED_SECONDS)}
SUSPENDING = {"suspended a minute": stop_and_go_on(signal.SIGSTOP, _SUSPENDED_SECONDS)}
