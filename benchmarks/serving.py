"""How many requests a second `txt serve` answers, how long they take, and whether any is lost.

    python benchmarks/serving.py RUN [--requests 10000] [--clients 64] [--broken 100]

Starts `txt serve RUN` on this machine, lets clients with a connection each ask one text a request, with broken requests
in between, and compares with the rate of `predict` on the same texts in one batch. The clients share the processor.
"""

import argparse
import asyncio
import json
import random
import statistics
import subprocess
import sys
import time

from machine import describe_machine

WORDS = ("the film was", "so very", "great", "lovely", "awful", "dreary", "breakfast", "never again", "come back")
BROKEN = [
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\nnot json",
    b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{",
    b"NONSENSE\r\n\r\n",
    b"POST /predict HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\n\r\n",
    b"\x16\x03\x01\x02\x00",
]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, text: str) -> dict:
    """Send a text and return the answer."""
    body = json.dumps({"text": text}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    writer.write(f"{head}\r\n\r\n".encode() + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    assert b" 200 " in answer.partition(b"\r\n")[0], answer
    (length,) = [int(line[15:]) for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return json.loads(await reader.readexactly(length))


async def client(port: int, texts: list[str], took: list[float], answers: dict[str, str]) -> None:
    """Ask one text after the other on one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for text in texts:
        begun = time.perf_counter()
        answers[text] = (await ask(reader, writer, text))["label"]
        took.append(time.perf_counter() - begun)
    writer.close()


async def break_some(port: int, count: int) -> None:
    """Send requests that make no sense, and hang up."""
    for number in range(count):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(BROKEN[number % len(BROKEN)])
        await writer.drain()
        await asyncio.sleep(0.01)
        writer.close()


async def load(port: int, texts: list[str], clients: int, broken: int) -> tuple[float, list[float], dict[str, str]]:
    took: list[float] = []
    answers: dict[str, str] = {}
    begun = time.perf_counter()
    shares = [texts[start::clients] for start in range(clients)]
    await asyncio.gather(*(client(port, share, took, answers) for share in shares), break_some(port, broken))
    return time.perf_counter() - begun, took, answers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--broken", type=int, default=100)
    arguments = parser.parse_args()
    rng = random.Random(1)
    texts = [f"{' '.join(rng.choices(WORDS, k=rng.randint(4, 24)))} {number}" for number in range(arguments.requests)]

    command = [sys.executable, "-m", "txt", "serve", arguments.run, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        lines = []
        while not (lines and lines[-1] == "}\n"):
            lines.append(server.stdout.readline())
        port = int(json.loads("".join(lines))["address"].rpartition(":")[2])
        asyncio.run(load(port, texts[:200], arguments.clients, 0))  # warm
        seconds, took, answers = asyncio.run(load(port, texts, arguments.clients, arguments.broken))
        server.terminate()
        code = server.wait()

    from txt.prediction.classifier import load as load_predictor

    predictor = load_predictor(arguments.run)
    predictor.predict_probabilities(texts[:500])
    begun = time.perf_counter()
    own = predictor.predict(texts)
    alone = time.perf_counter() - begun
    same = sum(answers[text] == each.label for text, each in zip(texts, own, strict=True))
    cuts = statistics.quantiles(took, n=100)
    print(describe_machine())
    asked = f"{arguments.clients} clients, {arguments.broken} broken ones beside"
    print(f"{len(took):,} of {len(texts):,} requests answered, {asked}")
    print(f"{len(texts) / seconds:,.0f} requests/s, p50 {1000 * cuts[49]:.0f} ms, p99 {1000 * cuts[98]:.0f} ms")
    print(f"predict on the same texts in one batch: {len(texts) / alone:,.0f} texts/s")
    print(f"the label of predict: {same:,} of {len(texts):,} (bf16 may round otherwise in a batch); exit code {code}")


if __name__ == "__main__":
    main()
