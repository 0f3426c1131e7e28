"""A fault injected into a command many times, each time in a fresh folder with other random choices."""

import random
import shutil
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from stress.inputs import Inputs


class Skipped(Exception):
    """The fault cannot be made on this machine; says why."""


@dataclass
class Trial:
    """One trial: an empty folder to work in, random choices, and what was found wrong."""

    folder: Path
    rng: random.Random
    inputs: Inputs
    problems: list[str] = field(default_factory=list)

    def check(self, is_so: bool, otherwise: str) -> bool:
        """Note what is wrong unless a fact holds; returns whether it does."""
        if not is_so:
            self.problems.append(otherwise)
        return is_so


@dataclass(frozen=True)
class Case:
    """What is done to which command. `most` bounds the trials where further ones would show nothing new."""

    fault: str
    command: str
    trial: Callable[[Trial], None]
    most: int | None = None

    @property
    def name(self) -> str:
        """The name by which the case is chosen."""
        return f"{self.fault}/{self.command}"

    def run(self, trials: int, seed: int, inputs: Inputs, folder: Path) -> dict[str, Any]:
        """Run the trials, and return what came of them."""
        begun = time.monotonic()
        lost: dict[str, list[str]] = {}
        count = min(trials, self.most or trials)
        for number in range(count):
            place = folder / f"{number:03d}"
            place.mkdir(parents=True)
            trial = Trial(place, random.Random(f"{self.name} {seed} {number}"), inputs)
            try:
                self.trial(trial)
            except Skipped as reason:
                shutil.rmtree(place)
                return self._make_result(0, {}, begun, skipped=str(reason))
            except Exception:  # a trial that breaks is a trial lost, and the others go on
                trial.problems.append(traceback.format_exc(limit=3))
            if trial.problems:
                lost[str(number)] = trial.problems
                print(f"  {self.name} {number}: {'; '.join(trial.problems)}  (kept: {place})", flush=True)
            else:
                shutil.rmtree(place)
                for aside in folder.glob(f"{place.name}.*"):
                    shutil.rmtree(aside) if aside.is_dir() else aside.unlink()
        return self._make_result(count, lost, begun)

    def _make_result(self, count: int, lost: dict[str, list[str]], begun: float, skipped: str = "") -> dict[str, Any]:
        return {
            "fault": self.fault,
            "command": self.command,
            "trials": count,
            "lost": lost,
            "skipped": skipped,
            "seconds": round(time.monotonic() - begun),
            "date": date.today().isoformat(),
        }
