"""The page of `txt serve` in a real browser, by the protocol that browsers have for tests."""

import json
import shutil
import subprocess
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.serving.conftest import Server
from tests.waiting import wait_until
from txt.prediction.classifier import load

DRIVER = shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(DRIVER is None, reason="chromedriver is not installed: apt-get install chromium-driver")
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the key under which the protocol names an element

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return a function that sends a command to a browser: what, and its parameters."""
    said = tmp_path_factory.mktemp("browser") / "said"
    with said.open("w") as file:
        process = subprocess.Popen([str(DRIVER), "--port=0"], stdout=file, stderr=file)
    try:
        wait_until(lambda: "successfully on port" in said.read_text(), process)
        port = said.read_text().rpartition("successfully on port ")[2].partition(".")[0].strip()

        def send(method: str, path: str, **parameters: Any) -> Any:
            body = json.dumps(parameters).encode() if method == "POST" else None
            request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, method=method)
            with urllib.request.urlopen(request, timeout=300) as answer:
                return json.load(answer)["value"]

        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]}
        wanted = {"alwaysMatch": {"goog:chromeOptions": options}}
        session = send("POST", "/session", capabilities=wanted)["sessionId"]
        yield lambda method, path, **parameters: send(method, f"/session/{session}{path}", **parameters)
        send("DELETE", f"/session/{session}")
    finally:
        process.terminate()
        process.wait()


def find(browser: Ask, selector: str) -> str:
    return browser("POST", "/element", using="css selector", value=selector)[ELEMENT]


def read(browser: Ask, selector: str) -> str:
    return browser("GET", f"/element/{find(browser, selector)}/text")


def type_and_send(browser: Ask, text: str) -> None:
    area = find(browser, "#text")
    browser("POST", f"/element/{area}/clear")
    browser("POST", f"/element/{area}/value", text=text)
    browser("POST", f"/element/{find(browser, 'button')}/click")


def test_a_text_is_classified_by_the_model_that_is_chosen(browser: Ask, server: Server, runs_folder: Path):
    browser("POST", "/url", url=f"http://127.0.0.1:{server.port}/")
    wait_until(lambda: read(browser, "#model").split() == ["born", "other"])
    for name in ("born", "other"):
        (ours,) = load(runs_folder / "runs" / name, precision="float32", device="cpu").predict(["the film was great"])
        browser("POST", f"/element/{find(browser, f'#model option[value={name}]')}/click")
        type_and_send(browser, "the film was great")
        told = f"{ours.label}, {100 * ours.confidence:.1f} %"
        wait_until(lambda told=told: read(browser, "#told") == told)
        rows = read(browser, "#answer").splitlines()
        best = sorted(ours.probabilities.items(), key=lambda pair: -pair[1])
        assert rows[::2] == [label for label, _ in best]
        assert rows[1::2] == [f"{100 * probability:.1f} %" for _, probability in best]


def test_what_is_wrong_is_said_on_the_page(browser: Ask, server: Server):
    browser("POST", "/url", url=f"http://127.0.0.1:{server.port}/")
    wait_until(lambda: read(browser, "#model").split() == ["born", "other"])
    type_and_send(browser, " \n ")
    wait_until(lambda: "empty" in read(browser, "#told"))
    assert read(browser, "#answer") == ""


def test_a_server_with_a_token_asks_for_it(browser: Ask, start):
    guarded = start("born", TXT_TOKEN="secret of theirs, long enough")
    browser("POST", "/url", url=f"http://127.0.0.1:{guarded.port}/")
    type_and_send(browser, "the film was great")
    wait_until(lambda: "token" in read(browser, "#told"))
    browser("POST", f"/element/{find(browser, '#token')}/value", text="secret of theirs, long enough")
    type_and_send(browser, "the film was great")
    wait_until(lambda: read(browser, "#told").endswith(" %"))
