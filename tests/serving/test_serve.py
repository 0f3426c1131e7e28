import json
import os
import shutil
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.serving.conftest import Server
from tests.waiting import wait_until
from txt.cli import main
from txt.prediction.classifier import load

TEXTS = ["the film was great", "so very awful and dreary", "ordinary"]


def test_one_text_and_many_get_the_answers_of_txt(server: Server, runs_folder: Path):
    for name in ("born", "other"):
        ours = load(runs_folder / "runs" / name, precision="float32", device="cpu").predict(TEXTS)
        status, found = server.ask("POST", "/predict", {"texts": [*TEXTS, " "], "model": name})
        assert status == 200
        assert found["model"] == name
        assert found["predictions"][-1] is None
        for theirs, own in zip(found["predictions"], ours, strict=False):
            assert theirs["label"] == own.label
            assert theirs["probabilities"] == pytest.approx(own.probabilities, abs=1e-5)
        status, alone = server.ask("POST", f"/predict/{name}", {"text": TEXTS[0]})
        assert (status, alone["label"]) == (200, ours[0].label)
        assert alone["confidence"] == pytest.approx(ours[0].confidence, abs=1e-5)


@pytest.mark.parametrize(
    ("body", "status", "word"),
    [
        (b"not json", 400, "not JSON"),
        (b"[1]", 400, "not a JSON object"),
        (b"[" * 19000, 400, "not JSON"),
        ({"text": "a", "texts": ["b"], "model": "born"}, 400, "`text` or `texts`"),
        ({"model": "born"}, 400, "`text` or `texts`"),
        ({"text": 3, "model": "born"}, 400, "texts are strings"),
        ({"texts": "abc", "model": "born"}, 400, "texts are strings"),
        ({"texts": [None], "model": "born"}, 400, "texts are strings"),
        ({"text": "  ", "model": "born"}, 400, "the text is empty"),
        (b'{"text": "\\ud800", "model": "born"}', 400, "half of a character"),
        ({"text": "a"}, 400, "none is named"),
        ({"text": "a", "model": "nope"}, 404, "no model `nope`"),
        ({"text": "a", "model": ["born"]}, 404, "no model"),
        ({"texst": ["a"]}, 400, "no field `texst`"),
        ({"texts": ["a"] * 41, "model": "born"}, 413, "a request may have 40"),
        ({"text": "a" * 21000, "model": "born"}, 413, "larger than 20,000 bytes"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_harms_no_other(body, status: int, word: str, server: Server):
    found, told = server.ask("POST", "/predict", body)
    assert found == status
    assert word in told["error"]
    assert server.ask("POST", "/predict/born", {"text": "great"})[0] == 200


def test_the_kind_of_content_the_host_and_the_method_are_checked(server: Server):
    assert server.ask("POST", "/predict/born", {"text": "a"}, Content_Type="text/plain")[0] == 415
    assert server.ask("POST", "/predict/born", {"text": "a"}, Host="evil.example")[0] == 403
    assert server.ask("GET", "/predict")[0] == 405
    assert server.ask("GET", "/nothing")[0] == 404


def test_health_models_page_metrics_and_interface(server: Server):
    assert server.ask("GET", "/health") == (200, {"status": "ok", "models": ["born", "other"]})
    models = server.ask("GET", "/models")[1]
    assert models["born"] == {"labels": ["bad", "good", "so-so"], "max_length": 512, "calibrated": True}
    page = server.ask("GET", "/")[1]
    assert "<title>txt serve</title>" in page
    measures = server.ask("GET", "/metrics")[1]
    assert 'txt_requests_total{status="200"}' in measures
    assert measures.endswith("\n")
    interface = server.ask("GET", "/openapi.json")[1]
    assert interface["openapi"].startswith("3.1")
    assert interface["paths"]["/predict"]["post"]["requestBody"]


def test_texts_of_many_clients_are_computed_together_and_each_gets_its_own(server: Server, runs_folder: Path):
    texts = [f"{TEXTS[number % 3]} {number}" for number in range(120)]
    own = load(runs_folder / "runs" / "born", precision="float32", device="cpu").predict(texts)
    before = server.ask("GET", "/metrics")[1]
    with ThreadPoolExecutor(16) as clients:
        found = list(clients.map(lambda text: server.ask("POST", "/predict/born", {"text": text}), texts))
    for (status, told), ours in zip(found, own, strict=True):
        assert status == 200
        assert told["probabilities"] == pytest.approx(ours.probabilities, abs=1e-5)
    count = {name: read_count(server.ask("GET", "/metrics")[1], name) - read_count(before, name) for name in COUNTS}
    assert count["txt_texts_total"] == 120
    assert count["txt_batches_total"] <= 120


COUNTS = ("txt_texts_total", "txt_batches_total")


def read_count(measures: str, name: str) -> int:
    (line,) = [line for line in measures.splitlines() if line.startswith(f"{name} ")]
    return int(line.split()[1])


def test_a_model_that_was_trained_anew_answers_without_a_lost_request(start, runs_folder: Path):
    shutil.copytree(runs_folder / "runs" / "born", runs_folder / "runs" / "renewed")
    server = start("renewed")
    before = server.ask("POST", "/predict", {"text": TEXTS[0]})[1]["confidence"]
    report = runs_folder / "runs" / "renewed" / "report.json"
    report.with_name("new.json").write_text('{"format": 1, "calibration": {"temperature": 0.2}}')
    statuses = []

    def is_renewed() -> bool:
        status, told = server.ask("POST", "/predict", {"text": TEXTS[0]})
        statuses.append(status)
        return told["confidence"] != before

    os.replace(report.with_name("new.json"), report)
    wait_until(is_renewed)
    assert set(statuses) == {200}
    (runs_folder / "runs" / "renewed" / "model" / "config.json").write_text("damaged")
    wait_until(lambda: "the old one stays" in server.said.read_text())
    assert server.ask("POST", "/predict", {"text": TEXTS[0]})[0] == 200


def test_a_token_is_asked_for(start):
    server = start("born", TXT_TOKEN="secret")
    assert server.ask("GET", "/health")[0] == 200
    for wrong in ("", "Bearer", "Bearer secre", "Basic secret"):
        assert server.ask("POST", "/predict", {"text": "a"}, Authorization=wrong)[0] == 401
        assert server.ask("GET", "/metrics", Authorization=wrong)[0] == 401
    assert server.ask("POST", "/predict", {"text": "a"}, Authorization="Bearer secret")[0] == 200
    assert server.ask("GET", "/openapi.json")[1]["paths"]["/predict"]["post"]["security"] == [{"token": []}]


def test_sigterm_finishes_what_was_begun(start):
    server = start("born")
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as begun:
        body = json.dumps({"text": "great"}).encode()
        head = ["POST /predict HTTP/1.1", "Host: localhost", "Content-Type: application/json"]
        lines = [*head, f"Content-Length: {len(body)}", "", ""]
        begun.sendall("\r\n".join(lines).encode() + body[:5])
        wait_until(lambda: server.ask("GET", "/health")[0] == 200)
        server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "stopping" in server.said.read_text())
        begun.sendall(body[5:])
        assert b"200 OK" in begun.recv(1000)
    assert server.process.wait(timeout=120) == 0
    assert "Traceback" not in server.said.read_text()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["born", "--host", "0.0.0.0"], "lets other machines ask, and there is no token"),
        (["nope"], "run `nope` does not exist"),
        (["born", "--token-file", "nope"], "cannot read the token"),
        (["born", "--port", "70000"], "--port must be at most 65535"),
        (["born", "--host", "203.0.113.7", "--token-file", "token"], "cannot listen at 203.0.113.7"),
    ],
)
def test_what_cannot_be_served_is_one_line(arguments, error, runs_folder: Path, monkeypatch, capsys):
    monkeypatch.chdir(runs_folder)
    Path("token").write_text("secret\n")
    assert main(["serve", *arguments]) == 2
    assert error in capsys.readouterr().err


def test_a_port_that_is_taken_is_told(runs_folder: Path, monkeypatch, capsys):
    monkeypatch.chdir(runs_folder)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main(["serve", "born", "--port", str(taken.getsockname()[1])]) == 2
    assert "address already in use" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(runs_folder: Path, monkeypatch, capsys):
    monkeypatch.chdir(runs_folder)
    monkeypatch.setattr("txt.cli.serve.find_spec", lambda _: None)
    assert main(["serve", "born"]) == 2
    assert "starlette uvicorn" in capsys.readouterr().err
