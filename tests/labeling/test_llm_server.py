"""The protocol against a server that others wrote: transformers' own, with a tiny model of random weights.

It needs the packages of `transformers serve` (`pip install fastapi openai uvicorn`), and is skipped without them.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

from tests.waiting import PATIENCE_SECONDS
from txt.labeling.suggest.llm_client import Endpoint, Reply, ask_model
from txt.labeling.suggest.llm_messages import LlmAnswered, LlmPlan, LlmTask, LlmTrouble
from txt.labeling.suggest.llm_prompt import build_instructions, build_messages, build_schema
from txt.labeling.suggest.llm_worker import Asker

NEEDED = ("fastapi", "uvicorn", "openai", "pydantic")
CLASSES = ("neg", "pos")
CHAT = "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}assistant: "

pytestmark = pytest.mark.skipif(
    any(find_spec(name) is None for name in NEEDED), reason="the packages of `transformers serve` are not installed"
)


def save_tiny_model(folder: Path) -> Path:
    """Write a language model of two small layers, which says anything, and a tokenizer of bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: place for place, letter in enumerate([*letters, "<end>"])}
    tokenizer = Tokenizer(models.BPE(vocabulary, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>", pad_token="<end>")
    fast.chat_template = CHAT
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    sizes = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    end = vocabulary["<end>"]
    config = LlamaConfig(vocab_size=len(vocabulary), eos_token_id=end, pad_token_id=end, bos_token_id=end, **sizes)
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory) -> Iterator[Endpoint]:
    """Return a server, started on a port that is free."""
    folder = save_tiny_model(tmp_path_factory.mktemp("model"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    process = subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", str(port), "--device", "cpu"],
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        until = time.monotonic() + PATIENCE_SECONDS
        while not is_up(f"http://127.0.0.1:{port}/health"):
            if process.poll() is not None:
                assert process.stderr is not None
                pytest.fail(process.stderr.read().decode(errors="replace")[-2000:])
            assert time.monotonic() < until, "the server does not answer"
            time.sleep(0.2)
        yield Endpoint(f"http://127.0.0.1:{port}/v1", str(folder), timeout=60.0)
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def is_up(url: str) -> bool:
    try:
        with urlopen(url, timeout=5):  # our own server on this machine
            return True
    except (URLError, OSError):
        return False


def test_a_reply_of_a_real_server_is_read_with_its_tokens(endpoint):
    messages = build_messages(build_instructions(CLASSES, None), "never again", ())
    reply = ask_model(endpoint, messages, build_schema(CLASSES))
    assert isinstance(reply, Reply)
    assert reply.content
    assert reply.tokens > 0


def test_what_a_model_of_random_weights_says_is_no_answer_and_told_once(endpoint, tmp_path, monkeypatch):
    monkeypatch.setattr("txt.labeling.suggest.llm_cache.cache_folder", lambda: tmp_path)
    heard: list[LlmAnswered | LlmTrouble] = []
    asker = Asker(LlmPlan(endpoint, build_instructions(CLASSES, None), CLASSES, 10), heard.append)
    asker.take(LlmTask(((0, "never again"), (1, "so good")), ()))
    until = time.monotonic() + PATIENCE_SECONDS
    while asker.is_busy and time.monotonic() < until:
        asker.step()
    answers = [each for each in heard if isinstance(each, LlmAnswered)]
    assert sorted(each.row for each in answers) == [0, 1]
    assert all(each.label in (None, *CLASSES) for each in answers)
    assert all(each.tokens > 0 and each.seconds > 0 for each in answers)
    troubles = [each.message for each in heard if isinstance(each, LlmTrouble)]
    assert len(troubles) == len(set(troubles))
    assert not any(each.is_over for each in heard if isinstance(each, LlmTrouble))
