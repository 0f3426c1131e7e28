"""Uploading an exported folder, against a stand-in that answers as a model hub does; nothing is asked elsewhere."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from txt.cli import main
from txt.errors import InputError
from txt.export.hub import check_repository


class Hub(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answer)
        self.asked: list[tuple[str, str]] = []
        self.files: dict[str, bytes] = {}
        self.made: dict[str, object] = {}
        self.refuses = False
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Hub

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.asked.append((self.path, self.headers.get("authorization", "")))
        if self.server.refuses:
            self.reply({"error": "You are not allowed"}, 403)
        elif self.path == "/api/repos/create":
            self.server.made = json.loads(body)
            self.reply({"url": f"{self.server.address}/anna/model", "name": "anna/model"})
        elif "/preupload/" in self.path:
            names = [each["path"] for each in json.loads(body)["files"]]
            self.reply({"files": [{"path": name, "uploadMode": "regular", "shouldIgnore": False} for name in names]})
        elif "/commit/" in self.path:
            for line in body.splitlines():
                part = json.loads(line)
                if part["key"] == "file":
                    self.server.files[part["value"]["path"]] = base64.b64decode(part["value"]["content"])
            self.reply({"commitUrl": f"{self.server.address}/anna/model/commit/1", "commitOid": "1"})
        else:
            self.reply({})

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers.get("authorization", "")))
        self.reply({"sha": "1", "siblings": [], "id": "anna/model"})

    def reply(self, value: object, status: int = 200) -> None:
        content = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def push(hub: Hub, folder: Path, public: bool = False) -> subprocess.CompletedProcess[str]:
    """Push in a process of its own: huggingface_hub reads where its hub is when it is loaded."""
    code = f"""
import sys
from pathlib import Path
from txt.errors import TxtError
from txt.export.hub import push_folder
try:
    print(push_folder(Path({str(folder)!r}), "anna/model", {public}))
except TxtError as error:
    sys.exit(error.message)
"""
    environment = {name: value for name, value in os.environ.items() if name != "HF_HUB_OFFLINE"}
    environment |= {"HF_ENDPOINT": hub.address, "HF_TOKEN": "hf_secret", "HF_HOME": str(folder.parent / "hf")}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("public", [False, True])
def test_all_files_arrive_as_one_commit_and_a_new_repository_is_private_unless_asked(hub: Hub, tmp_path: Path, public):
    folder = tmp_path / "model"
    (folder / "onnx").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "onnx" / "model.onnx").write_bytes(b"graph")
    done = push(hub, folder, public)
    assert done.returncode == 0, done.stderr
    assert hub.files == {"config.json": b"{}", "onnx/model.onnx": b"graph"}
    assert hub.made["name"] == "model"
    assert hub.made.get("organization") == "anna"
    private = hub.made.get("private", hub.made.get("visibility"))
    assert private in ((False, None, "public") if public else (True, "private"))
    assert {token for _, token in hub.asked} == {"Bearer hf_secret"}


def test_a_hub_that_refuses_is_one_line(hub: Hub, tmp_path: Path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text("{}")
    hub.refuses = True
    done = push(hub, tmp_path / "model")
    assert done.returncode == 1
    assert done.stderr.startswith("cannot push to anna/model: ")
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", ["model", "a/b/c", "../x", "a/", "a b/c", "https://hub/a"])
def test_what_is_not_a_name_is_refused(name: str):
    with pytest.raises(InputError, match="OWNER/NAME"):
        check_repository(name)


def test_public_needs_push(capsys):
    assert main(["export", "--public"]) == 2
    assert "--public is for --push" in capsys.readouterr().err
