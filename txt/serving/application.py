"""The web application: /predict, /health, /metrics, /models, /openapi.json, and a page to try it by hand."""

import asyncio
import hmac
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from txt.arrays import Floats
from txt.config import ServeConfig
from txt.errors import TxtError, did_you_mean
from txt.prediction.classifier import Predictor
from txt.serving.batcher import Batcher, Overloaded
from txt.serving.interface import describe_interface
from txt.serving.measures import Measures
from txt.serving.served_models import ServedModel, follow_changes

_PAGE = Path(__file__).with_name("page.html")
_LOCAL = ("localhost", "127.0.0.1", "::1")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}


class _Refused(Exception):
    """A request that is not answered, with its status and the reason."""

    def __init__(self, status: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.hint = status, message, hint


def make_application(
    models: Mapping[str, ServedModel], config: ServeConfig, token: str | None, told: Callable[[str], object]
) -> Starlette:
    """Return the application that answers with `models`; requests must bring `token`, where there is one.

    `told` hears what happens to the models.
    """
    service = _Service(models, config, token, told)
    routes = [
        Route("/", service.page),
        Route("/health", service.health),
        Route("/metrics", service.metrics),
        Route("/models", service.list_models),
        Route("/openapi.json", service.interface),
        Route("/predict", service.predict, methods=["POST"]),
        Route("/predict/{model:path}", service.predict, methods=["POST"]),
    ]
    return Starlette(routes=routes, lifespan=service.run)


Endpoint = Callable[["_Service", Request], Awaitable[Response]]


def _answers(open_to_all: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Decorate an endpoint: it is checked who asks, errors become JSON, and the request is counted."""

    def decorate(endpoint: Endpoint) -> Endpoint:
        async def answer(self: "_Service", request: Request) -> Response:
            begun = time.monotonic()
            try:
                self.check_host(request)
                if not open_to_all:
                    self.check_token(request)
                response = await endpoint(self, request)
            except _Refused as error:
                response = _describe_error(error.status, error.message, error.hint)
            except TxtError as error:
                response = _describe_error(400, error.message, error.hint)
            except ClientDisconnect:
                response = Response(status_code=499)  # nobody hears it
            except Exception as error:
                self.told(f"a request failed: {type(error).__name__}: {error}")
                response = _describe_error(500, "the model failed on this request")
            response.headers.update(_HEADERS)
            self.measures.count_request(response.status_code, time.monotonic() - begun)
            return response

        return answer

    return decorate


class _Service:
    def __init__(
        self, models: Mapping[str, ServedModel], config: ServeConfig, token: str | None, told: Callable[[str], object]
    ) -> None:
        self.models, self.config, self.told = models, config, told
        self.measures = Measures()
        self._token = token
        self._batchers: dict[str, Batcher] = {}

    @asynccontextmanager
    async def run(self, _: Starlette) -> AsyncIterator[None]:
        """Compute batches, and follow the models' folders, as long as the server runs."""
        computing, loading = ThreadPoolExecutor(1, "computing"), ThreadPoolExecutor(1, "loading")
        self._batchers = {
            name: Batcher(
                model.current,
                computing,
                stride=self.config.stride,
                max_waiting=self.config.max_waiting,
                computed=self.measures.count_batch,
            )
            for name, model in self.models.items()
        }
        tasks = [asyncio.create_task(batcher.run()) for batcher in self._batchers.values()]
        if self.config.reload:
            tasks.append(asyncio.create_task(follow_changes(self.models, loading, self.told)))
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            computing.shutdown()
            loading.shutdown()

    # Who asks

    def check_host(self, request: Request) -> None:
        """Refuse requests for another name than ours, where only this machine is listened to.

        A page of another site can let its name point to this machine, and would then read our answers.
        """
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if self.config.host in _LOCAL and name.strip("[]").lower() not in _LOCAL:
            raise _Refused(403, f"this server is not called {name[:100]!r}", "ask for 127.0.0.1 or localhost")

    def check_token(self, request: Request) -> None:
        """Refuse requests without the token, where there is one."""
        if self._token is None:
            return
        kind, _, given = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not hmac.compare_digest(given.encode(), self._token.encode()):
            raise _Refused(401, "the token is missing or wrong", "send the header `Authorization: Bearer TOKEN`")

    # What is asked

    @_answers(open_to_all=True)
    async def page(self, _: Request) -> Response:
        """Return a page to try it by hand."""
        return HTMLResponse(_PAGE.read_text(encoding="utf-8"))

    @_answers(open_to_all=True)
    async def health(self, _: Request) -> Response:
        """Say that the server answers."""
        return JSONResponse({"status": "ok", "models": list(self.models)})

    @_answers()
    async def metrics(self, _: Request) -> Response:
        """Return the counts, for Prometheus."""
        waiting = {name: batcher.texts_waiting for name, batcher in self._batchers.items()}
        loads = {name: model.loaded for name, model in self.models.items()}
        return PlainTextResponse(self.measures.render(waiting, loads), media_type="text/plain; version=0.0.4")

    @_answers()
    async def list_models(self, _: Request) -> Response:
        """Return what each model knows."""
        return JSONResponse(
            {
                name: {
                    "labels": list(model.predictor.labels),
                    "max_length": model.predictor.max_length,
                    "calibrated": model.predictor.temperature is not None,
                }
                for name, model in self.models.items()
            }
        )

    @_answers(open_to_all=True)
    async def interface(self, _: Request) -> Response:
        """Return the OpenAPI document."""
        return JSONResponse(describe_interface(list(self.models), self.config, self._token is not None))

    @_answers()
    async def predict(self, request: Request) -> Response:
        """Answer a text or several."""
        asked = self._parse(await self._read_body(request))
        name = self._choose_model(request.path_params.get("model") or asked.get("model"))
        texts, is_one = self._take_texts(asked)
        kept = [text for text in texts if text.strip()]
        try:
            async with asyncio.timeout(self.config.timeout):
                pieces = await self._batchers[name].predict(kept) if kept else []
        except TimeoutError:
            raise _Refused(504, f"it took longer than {self.config.timeout:g} seconds") from None
        except Overloaded:
            raise _Refused(503, "too many texts wait already", "ask again in a moment") from None
        found = iter([_describe(predictor, row) for predictor, part in pieces for row in part])
        answers = [next(found) if text.strip() else None for text in texts]
        if is_one:
            return JSONResponse({"model": name, **(answers[0] or {})})
        return JSONResponse({"model": name, "predictions": answers})

    async def _read_body(self, request: Request) -> bytes:
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise _Refused(415, "the request is not JSON", "send the header `Content-Type: application/json`")
        body = bytearray()
        async with asyncio.timeout(self.config.timeout):
            async for part in request.stream():
                body += part
                if len(body) > self.config.max_bytes:
                    message = f"the request is larger than {self.config.max_bytes:,} bytes"
                    raise _Refused(413, message, "send fewer texts at a time")
        return bytes(body)

    def _parse(self, body: bytes) -> dict[str, Any]:
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            raise _Refused(400, "the request is not JSON") from None
        if not isinstance(asked, dict):
            raise _Refused(400, "the request is not a JSON object", 'send {"text": "a text"}')
        unknown = [name for name in asked if name not in ("text", "texts", "model")]
        if unknown:
            hint = did_you_mean(str(unknown[0]), ("text", "texts", "model"))
            raise _Refused(400, f"there is no field `{str(unknown[0])[:100]}`", hint)
        return asked

    def _take_texts(self, asked: Mapping[str, Any]) -> tuple[list[str], bool]:
        """Return the texts, and whether one alone was sent."""
        if ("text" in asked) == ("texts" in asked):
            raise _Refused(
                400, "a request has `text` or `texts`", 'send {"text": "a text"} or {"texts": ["one", "two"]}'
            )
        texts = [asked["text"]] if "text" in asked else asked["texts"]
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise _Refused(400, "texts are strings", 'send {"text": "a text"} or {"texts": ["one", "two"]}')
        if len(texts) > self.config.max_texts:
            message = f"there are {len(texts):,} texts, and a request may have {self.config.max_texts:,}"
            raise _Refused(413, message, "send fewer texts at a time")
        if "text" in asked and not texts[0].strip():
            raise _Refused(400, "the text is empty")
        for text in texts:
            try:
                text.encode()
            except UnicodeEncodeError:
                raise _Refused(400, "a text has half of a character") from None
        return texts, "text" in asked

    def _choose_model(self, name: Any) -> str:
        if name is None and len(self.models) == 1:
            return next(iter(self.models))
        if name is None:
            raise _Refused(400, "there are several models, and none is named", f"`model` is {' or '.join(self.models)}")
        if not isinstance(name, str) or name not in self.models:
            raise _Refused(404, f"there is no model `{str(name)[:100]}`", f"there are: {', '.join(self.models)}")
        return name


def _describe(predictor: Predictor, probabilities: Floats) -> dict[str, Any]:
    found = predictor.prediction(probabilities)
    answer = {"label": found.label, "confidence": found.confidence, "probabilities": found.probabilities}
    if predictor.decision is not None:
        answer["labels"] = list(found.labels)
    if predictor.tree is not None:
        answer["parents"] = found.parents
    return answer


def _describe_error(status: int, message: str, hint: str | None = None) -> Response:
    return JSONResponse({"error": message, **({"hint": hint} if hint else {})}, status_code=status)
