"""Runs the application: listens, and when it is told to stop, finishes what was begun."""

import asyncio
import os
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from txt.config import ServeConfig
from txt.errors import InputError, TxtError

VARIABLE = "TXT_TOKEN"
_LOCAL = ("localhost", "127.0.0.1", "::1")
_BACKLOG = 2048


def read_token(config: ServeConfig) -> str | None:
    """Return the token that requests must bring: that of the file, or of the variable; None where there is none.

    Raises:
        InputError: the file cannot be read or is empty, or other machines could ask without a token.
    """
    token = os.environ.get(VARIABLE) or None
    if config.token_file is not None:
        try:
            token = config.token_file.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise InputError(f"cannot read the token in `{config.token_file}`: {error}") from None
        if not token:
            raise InputError(f"`{config.token_file}` is empty", "a line in it is the token")
    if token is None and config.host not in _LOCAL:
        raise InputError(
            f"--host {config.host} lets other machines ask, and there is no token",
            "name a file with --token-file, or leave --host out",
        )
    return token


def listen(config: ServeConfig) -> socket.socket:
    """Return a socket that listens.

    Raises:
        InputError: the address does not exist here, or the port is taken.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((config.host, config.port))
        found.listen(_BACKLOG)
    except OSError as error:
        found.close()
        reason = (error.strerror or str(error)).lower()
        hint = "--port 0 takes a free one" if config.port else "--host 127.0.0.1 is this machine"
        raise InputError(f"cannot listen at {config.host}, port {config.port}: {reason}", hint) from None
    return found


def run_server(
    application: Starlette, listening: socket.socket, config: ServeConfig, told: Callable[[str], object]
) -> None:
    """Answer requests until SIGTERM or SIGINT; then take no more, finish those that were begun, and return.

    Raises:
        TxtError: it could not be started.
    """
    settings = uvicorn.Config(
        application,
        log_level="critical",
        access_log=False,
        lifespan="on",
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=max(1, round(config.drain)),
        h11_max_incomplete_event_size=64_000,
    )
    server = _Server(settings, told)
    asyncio.run(server.serve(sockets=[listening]))
    if not server.started:
        raise TxtError("the server could not be started")


class _Server(uvicorn.Server):
    """uvicorn's server, for which a signal is a wish: the process ends as any other does, with its own exit code."""

    def __init__(self, config: uvicorn.Config, told: Callable[[str], object]) -> None:
        super().__init__(config)
        self._told = told

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Let SIGTERM and SIGINT stop the server; a second one does not wait."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        if self.should_exit:
            self.force_exit = True
        else:
            self._told("stopping: no new requests, those that were begun are finished …")
        self.should_exit = True
