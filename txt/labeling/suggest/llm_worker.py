"""The process that asks a language model: a few requests at a time, patiently, and each text once."""

import os
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from txt.labeling.side_process import connect_screen
from txt.labeling.suggest.llm_cache import LlmCache
from txt.labeling.suggest.llm_client import RefusedError, Reply, TryAgainError, ask_model
from txt.labeling.suggest.llm_messages import LlmAnswered, LlmMessage, LlmPlan, LlmTask, LlmTrouble
from txt.labeling.suggest.llm_prompt import (
    LabeledText,
    WrongAnswerError,
    build_messages,
    build_schema,
    choose_examples,
    read_answer,
)

_AT_ONCE = 4
_MOST_TRIES = 4
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 60.0  # seconds before another try
_POLL_SECONDS = 0.05
_NO_SCHEMA = (400, 404, 415, 422, 501)  # how services say that they do not know `response_format`


@dataclass
class _Request:
    row: int
    text: str
    labeled: tuple[LabeledText, ...]
    tries: int = 0
    seconds: float = 0.0
    tokens: int = field(default=0)


def serve(descriptor: int) -> None:
    """Answer tasks until the other side closes the connection."""
    with connect_screen(descriptor) as connection:
        asker = Asker(connection.recv(), connection.send)
        while True:
            while connection.poll(0 if asker.is_busy else None):
                asker.take(connection.recv())
            asker.step()
    os._exit(0)  # threads that wait for a service would keep the process


class Asker:
    """The texts that wait, and those being asked about. `tell` hears of every answer, and of each trouble once."""

    def __init__(self, plan: LlmPlan, tell: Callable[[LlmMessage], object]) -> None:
        self._plan, self._tell = plan, tell
        self._cache = LlmCache(plan.endpoint, plan.instructions)
        self._waiting: deque[_Request] = deque()
        self._running: dict[Future[Reply], tuple[_Request, float]] = {}
        self._threads = ThreadPoolExecutor(_AT_ONCE)
        self._not_before = 0.0
        self._sent = 0
        self._has_schema = True
        self._told: set[str] = set()
        self._is_over = False

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to wait for but further tasks."""
        return bool(self._running or self._waiting)

    def take(self, task: LlmTask) -> None:
        """Take further texts; those that were asked about before are answered at once."""
        for row, text in task.texts:
            known = self._cache.find(text)
            if known is not None and known.label in self._plan.classes:
                self._tell(LlmAnswered(row, known.label, known.reason, 0, 0.0))
            elif not self._is_over:
                self._waiting.append(_Request(row, text, task.labeled))

    def step(self) -> None:
        """Begin what may begin now, and take in what has ended, waiting a moment for it."""
        while self._waiting and len(self._running) < _AT_ONCE and time.monotonic() >= self._not_before:
            if self._sent >= self._plan.most:
                self._end(f"{self._sent:,} requests were sent, as many as --llm-most allows")
                break
            self._send(self._waiting.popleft())
        if not self._running:
            time.sleep(_POLL_SECONDS)
            return
        ended, _ = wait(self._running, _POLL_SECONDS, FIRST_COMPLETED)
        for future in ended:
            request, begun = self._running.pop(future)
            request.seconds += time.monotonic() - begun
            self._take_in(future, request)

    def _send(self, request: _Request) -> None:
        messages = build_messages(self._plan.instructions, request.text, choose_examples(request.text, request.labeled))
        schema = build_schema(self._plan.classes) if self._has_schema else None
        self._sent += 1
        request.tries += 1
        future = self._threads.submit(ask_model, self._plan.endpoint, messages, schema)
        self._running[future] = request, time.monotonic()

    def _take_in(self, future: "Future[Reply]", request: _Request) -> None:
        try:
            reply = future.result()
            request.tokens += reply.tokens
            answer = read_answer(reply.content, self._plan.classes)
        except TryAgainError as error:
            self._warn(f"the language model {error}; it is asked again later")
            pause = min(_FIRST_PAUSE * 2 ** (request.tries - 1), _LONGEST_PAUSE)
            wanted = pause if error.seconds is None else min(error.seconds, _LONGEST_PAUSE)
            self._not_before = max(self._not_before, time.monotonic() + wanted)
            self._retry(request)
        except RefusedError as error:
            if error.status in _NO_SCHEMA and self._has_schema:
                self._has_schema = False  # many services have no structured answers: then the answer is checked alone
                request.tries -= 1
                self._waiting.appendleft(request)
            elif error.status in _NO_SCHEMA and request.tries < _MOST_TRIES and self._is_from_before(request):
                self._waiting.appendleft(request)
            else:
                self._end(f"the language model {error}")
                self._give_up(request)
        except WrongAnswerError as error:
            self._warn(f"the language model {error}: on such texts it suggests nothing")
            self._give_up(request)
        else:
            self._cache.add(request.text, answer, request.tokens, request.seconds)
            self._tell(LlmAnswered(request.row, answer.label, answer.reason, request.tokens, request.seconds))

    def _is_from_before(self, request: _Request) -> bool:
        """Tell whether a request was sent with a schema, while another one found out that there is none."""
        return request.tries == 1

    def _retry(self, request: _Request) -> None:
        if request.tries < _MOST_TRIES and not self._is_over:
            self._waiting.appendleft(request)
        else:
            self._give_up(request)

    def _give_up(self, request: _Request) -> None:
        self._tell(LlmAnswered(request.row, None, "", request.tokens, request.seconds))

    def _warn(self, message: str) -> None:
        if message not in self._told:
            self._told.add(message)
            self._tell(LlmTrouble(message))

    def _end(self, message: str) -> None:
        if not self._is_over:
            self._is_over = True
            self._waiting.clear()
            self._tell(LlmTrouble(f"{message}; nothing more is asked", is_over=True))
