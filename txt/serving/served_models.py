"""The models that are served, by name; one that was trained anew takes the place of the old one."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from txt.config import PredictConfig
from txt.errors import InputError, TxtError
from txt.prediction.classifier import Predictor, load_source
from txt.prediction.model_source import ModelSource, find_model

_LOOK_EVERY = 1.0  # seconds
_FILES = ("model.safetensors", "config.json", "tokenizer.json")

Stamp = tuple[tuple[str, int, int, int], ...]


class ServedModel:
    """A model in memory, and where it is from."""

    def __init__(self, source: ModelSource, config: PredictConfig) -> None:
        self.source, self._config = source, config
        self.stamp = self._read_stamp()
        self.predictor = load_source(source, config)
        self.loaded = 1

    def current(self) -> Predictor:
        """Return the model to answer with."""
        return self.predictor

    def has_changed(self) -> bool:
        """Tell whether the files are others than those that were loaded."""
        stamp = self._read_stamp()
        return len(stamp) >= len(_FILES) and stamp != self.stamp

    def load_again(self) -> None:
        """Load the files as they are now. Answers come from the old model until the new one is whole.

        Raises:
            TxtError: they are not a classifier; the old one stays.
        """
        self.stamp = self._read_stamp()  # files that change meanwhile are loaded once more
        self.predictor = load_source(self.source, self._config)
        self.loaded += 1

    def _read_stamp(self) -> Stamp:
        paths = [self.source.folder / name for name in _FILES]
        if self.source.run is not None:
            paths.append(self.source.run.path / "report.json")  # where the temperature is
        found = []
        for path in paths:
            try:
                there = os.stat(path)
            except OSError:
                continue
            found.append((path.name, there.st_ino, there.st_mtime_ns, there.st_size))
        return tuple(found)


def load_models(names: Sequence[str | Path], config: PredictConfig) -> dict[str, ServedModel]:
    """Load runs or models' folders, by the names under which requests ask for them.

    Raises:
        InputError: there is none of a name, or two are called the same.
    """
    sources = [find_model(name) for name in names]
    called = [source.name for source in sources]
    for name in called:
        if called.count(name) > 1:
            raise InputError(f"two models are called `{name}`", "rename one: txt runs rename OLD NEW")
    return {source.name: ServedModel(source, config) for source in sources}


async def follow_changes(
    models: Mapping[str, ServedModel], pool: ThreadPoolExecutor, told: Callable[[str], object]
) -> None:
    """Look for models that were trained anew, and load them, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        for name, model in models.items():
            if not model.has_changed():
                continue
            try:
                await loop.run_in_executor(pool, model.load_again)
            except (TxtError, OSError) as error:
                told(f"{name} has changed and cannot be loaded, so the old one stays: {error}")
            else:
                told(f"{name} has changed, and the new model answers from now on")
