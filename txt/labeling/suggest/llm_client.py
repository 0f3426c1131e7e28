"""Asks a language model behind an OpenAI-compatible address; what goes wrong is one of a few errors.

It needs no package. A redirect is not followed, so that a key goes to the address that was typed and nowhere else.
"""

import http.client
import ipaddress
import json
import os
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from txt.errors import InputError
from txt.json_input import parse_json

KEY = "TXT_LLM_KEY"
"""The variable with the key of a service."""

_MOST_BYTES = 1 << 20  # of an answer; one that never ends is left
_MOST_TOKENS = 300  # of an answer
_CHUNK = 1 << 14


@dataclass(frozen=True)
class Endpoint:
    """Where the model is: the address up to and with `/v1`, its name, and how many seconds an answer may take."""

    url: str
    model: str
    timeout: float = 60.0


@dataclass(frozen=True)
class Reply:
    """What a model said, and the tokens that were read and written; estimated where the service does not say."""

    content: str
    tokens: int


class TryAgainError(Exception):
    """The service is busy or has a fault; `seconds` says when to ask again, None where it does not."""

    def __init__(self, message: str, seconds: float | None = None) -> None:
        super().__init__(message)
        self.seconds = seconds


class RefusedError(Exception):
    """The service will never answer this request."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def check_url(url: str) -> None:
    """Refuse an address that is none.

    Raises:
        InputError: it does not begin with http:// or https://, or has no host, or a name and password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InputError(f"--llm-url `{url}` is not the address of a service", "http://localhost:11434/v1")
    if parts.username or parts.password:
        raise InputError("--llm-url has a name and a password", f"the key of a service is the variable {KEY}")


def is_local(url: str) -> bool:
    """Tell whether an address is that of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def ask_model(endpoint: Endpoint, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any] | None) -> Reply:
    """Return what the model says; `schema` is the `response_format`, None for a service that has none.

    Raises:
        TryAgainError: the service is busy (429), has a fault (5xx), does not answer in time, or not with JSON.
        RefusedError: it refuses the request.
    """
    asked: dict[str, Any] = {
        "model": endpoint.model,
        "messages": list(messages),
        "temperature": 0,
        "max_tokens": _MOST_TOKENS,
        "stream": False,
    }
    if schema is not None:
        asked["response_format"] = schema
    headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "txt"}
    if key := os.environ.get(KEY):
        headers["Authorization"] = f"Bearer {key}"
    url = f"{endpoint.url.rstrip('/')}/chat/completions"
    request = urllib.request.Request(url, json.dumps(asked).encode(), headers)
    until = time.monotonic() + endpoint.timeout
    try:
        with _make_opener(endpoint.url).open(request, timeout=endpoint.timeout) as response:
            content = _read_limited(response, until)
    except HTTPError as error:
        with error:  # it holds the connection
            raise _explain_status(error) from None
    except (URLError, TimeoutError, OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        slow = isinstance(error, TimeoutError) or isinstance(reason, TimeoutError)
        raise TryAgainError("does not answer in time" if slow else f"cannot be reached: {reason}") from None
    return _read_reply(content, len(request.data or b""))  # type: ignore[arg-type]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


def _make_opener(url: str) -> urllib.request.OpenerDirector:
    proxies = [urllib.request.ProxyHandler({})] if is_local(url) else []
    return urllib.request.build_opener(_NoRedirects, *proxies)


def _read_limited(response: Any, until: float) -> bytes:
    """Return the body of an answer.

    Raises:
        TryAgainError: it has no end, or takes too long.
    """
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > _MOST_BYTES:
            raise TryAgainError(f"answers with more than {_MOST_BYTES:,} bytes")
        if time.monotonic() > until:
            raise TryAgainError("does not answer in time")
    return b"".join(parts)


def _explain_status(error: HTTPError) -> TryAgainError | RefusedError:
    status = error.code
    if status == 429:
        return TryAgainError(
            "says that it is asked too often (429)", _read_retry_after(error.headers.get("Retry-After"))
        )
    if status >= 500 or status == 408:
        return TryAgainError(f"has a fault (status {status})", _read_retry_after(error.headers.get("Retry-After")))
    what = {401: f"does not know the key ({KEY})", 403: "does not allow this", 404: "has no such model or address"}
    return RefusedError(f"{what.get(status, 'refuses the request')} (status {status})", status)


def _read_retry_after(value: str | None) -> float | None:
    try:
        return max(float(value or ""), 0.0)
    except ValueError:
        return None


def _read_reply(content: bytes, sent_bytes: int) -> Reply:
    try:
        value = parse_json(content, "the answer")
        said = value["choices"][0]["message"]["content"]
        usage = value.get("usage") or {}
        tokens = usage.get("total_tokens")
    except (InputError, KeyError, IndexError, TypeError, AttributeError):
        raise TryAgainError("does not answer as a chat does") from None
    if not isinstance(said, str):
        raise TryAgainError("does not answer as a chat does")
    estimated = (sent_bytes + len(said)) // 4  # letters a token, about
    return Reply(said, tokens if isinstance(tokens, int) and tokens >= 0 else estimated)
