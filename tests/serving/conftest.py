"""A server as its users have it: a process of its own, on a free port."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.prediction.conftest import born_run, run  # noqa: F401
from txt.runs.folder import Run

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")


@dataclass
class Server:
    """A running server; `process` can be told to stop."""

    process: subprocess.Popen[str]
    port: int
    said: Path

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Return status and answer of one request."""
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, content, named)
            answer = connection.getresponse()
            told = answer.read()
        finally:
            connection.close()
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(told) if is_json else told.decode()


@pytest.fixture(scope="module")
def runs_folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:  # noqa: F811
    """Return a folder with two runs, `born` and `other`, whose answers differ in temperature."""
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(run.path.parents[1], folder, dirs_exist_ok=True)
    shutil.copytree(folder / "runs" / "born", folder / "runs" / "other")
    (folder / "runs" / "other" / "report.json").write_text('{"format": 1, "calibration": {"temperature": 0.5}}')
    return folder


@pytest.fixture(scope="module")
def start(runs_folder: Path, tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server with some arguments, and stops it at the end."""
    with ExitStack() as stack:

        def begin(*arguments: str, **environment: str) -> Server:
            said = tmp_path_factory.mktemp("said") / "stderr"
            command = [sys.executable, "-m", "txt", "serve", *arguments, "--port", "0", "--json", "--threads", "1"]
            process = subprocess.Popen(
                [*command, "--precision", "float32"],
                cwd=runs_folder,
                stdout=subprocess.PIPE,
                stderr=stack.enter_context(said.open("w")),
                text=True,
                env=os.environ | environment,
            )
            assert process.stdout is not None
            for end in (process.stdout.close, process.wait, process.kill):  # in the reverse order
                stack.callback(end)
            lines: list[str] = []
            while not (lines and lines[-1].rstrip() == "}"):
                line = process.stdout.readline()
                assert line, said.read_text()
                lines.append(line)
            return Server(process, int(json.loads("".join(lines))["address"].rpartition(":")[2]), said)

        yield begin


@pytest.fixture(scope="module")
def server(start) -> Server:
    return start("born", "other", "--max-texts", "40", "--max-bytes", "20000")
