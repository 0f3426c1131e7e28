"""Computes the texts of many requests together: while one batch is computed, the next one gathers."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import numpy as np

from txt.arrays import Floats
from txt.prediction.classifier import Predictor

BATCH_TEXTS = 256
"""Texts computed at a time: enough for the processor to be busy, and few enough that nobody waits long for others."""


class Overloaded(Exception):
    """So many texts wait already that one more request is refused."""


@dataclass
class _Piece:
    """Some texts of a request, and where their answer goes: the model that computed it, and probabilities (N, C)."""

    texts: list[str]
    answer: "asyncio.Future[tuple[Predictor, Floats]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Batcher:
    """Answers requests with the model that `current` returns at the time; one batch is computed after the other."""

    def __init__(
        self,
        current: Callable[[], Predictor],
        pool: ThreadPoolExecutor,
        *,
        stride: int | None = None,
        max_waiting: int = 10_000,
        computed: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._current, self._pool, self._stride = current, pool, stride
        self._max_waiting, self._computed = max_waiting, computed
        self._waiting: asyncio.Queue[_Piece] = asyncio.Queue()
        self.texts_waiting = 0

    async def predict(self, texts: list[str]) -> list[tuple[Predictor, Floats]]:
        """Return the probabilities (N, C) of texts, in pieces, each with the model that computed it.

        Raises:
            Overloaded: too many texts wait.
        """
        if self.texts_waiting and self.texts_waiting + len(texts) > self._max_waiting:
            raise Overloaded
        pieces = [_Piece(texts[start : start + BATCH_TEXTS]) for start in range(0, len(texts), BATCH_TEXTS)]
        self.texts_waiting += len(texts)
        for piece in pieces:
            self._waiting.put_nowait(piece)
        try:
            return list(await asyncio.gather(*(piece.answer for piece in pieces)))
        finally:
            for piece in pieces:
                piece.answer.cancel()  # nobody waits for what is not answered yet

    async def run(self) -> None:
        """Compute batches until it is cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while not self._waiting.empty() and sum(len(piece.texts) for piece in batch) < BATCH_TEXTS:
                batch.append(self._waiting.get_nowait())
            self.texts_waiting -= sum(len(piece.texts) for piece in batch)
            wanted = [piece for piece in batch if not piece.answer.done()]
            if wanted:
                await self._answer(wanted)

    async def _answer(self, batch: list[_Piece]) -> None:
        predictor = self._current()
        texts = [text for piece in batch for text in piece.texts]
        try:
            found = await asyncio.get_running_loop().run_in_executor(self._pool, self._compute, predictor, texts)
        except Exception as error:  # each request of the batch hears of it, and the next batch is computed
            for piece in batch:
                with suppress(asyncio.InvalidStateError):
                    piece.answer.set_exception(error)
            return
        self._computed(len(texts))
        parts = np.split(found, np.cumsum([len(piece.texts) for piece in batch])[:-1])
        for piece, part in zip(batch, parts, strict=True):
            if not piece.answer.done():
                piece.answer.set_result((predictor, part))

    def _compute(self, predictor: Predictor, texts: list[str]) -> Floats:
        return predictor.predict_probabilities(texts, stride=self._stride).probabilities
