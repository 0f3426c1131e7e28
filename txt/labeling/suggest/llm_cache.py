"""The answers of a language model, kept in the user's cache folder by content and prompt, so that none is paid twice.

A file holds the answers to one prompt by one model at one address, a line for each text, of which only a hash is kept.
"""

import hashlib
import json
from contextlib import suppress

from txt.files import cache_folder
from txt.json_input import load_json
from txt.labeling.suggest.llm_client import Endpoint
from txt.labeling.suggest.llm_prompt import ModelAnswer, name_text


class LlmCache:
    """The answers so far; a line that was torn when the program died is left aside."""

    def __init__(self, endpoint: Endpoint, instructions: str) -> None:
        named = json.dumps([endpoint.url, endpoint.model, instructions]).encode()
        self.path = cache_folder() / "llm" / f"{hashlib.blake2b(named, digest_size=16).hexdigest()}.jsonl"
        self._answers: dict[str, ModelAnswer] = {}
        self._tokens, self._seconds = 0, 0.0
        self._read()

    def __len__(self) -> int:
        return len(self._answers)

    def find(self, text: str) -> ModelAnswer | None:
        """Return the answer to a text, if it was asked before."""
        return self._answers.get(name_text(text))

    def sum_costs(self) -> tuple[int, float]:
        """Return the tokens and seconds that the answers took."""
        return self._tokens, self._seconds

    def add(self, text: str, answer: ModelAnswer, tokens: int = 0, seconds: float = 0.0) -> None:
        """Keep an answer; where nothing can be written, for this time only."""
        name = name_text(text)
        self._answers[name] = answer
        kept = {
            "text": name,
            "label": answer.label,
            "reason": answer.reason,
            "tokens": tokens,
            "seconds": round(seconds, 3),
        }
        line = json.dumps(kept, ensure_ascii=False)
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                # A line begins with its own end of line, so that one torn before it does not swallow it.
                file.write(b"\n" + line.encode("utf-8", "backslashreplace"))

    def _read(self) -> None:
        with suppress(OSError):
            for line in self.path.read_bytes().split(b"\n"):
                with suppress(ValueError):
                    value = load_json(line)
                    if isinstance(value, dict) and isinstance(value.get("label"), str):
                        self._answers[str(value.get("text"))] = ModelAnswer(
                            value["label"], str(value.get("reason", ""))
                        )
                        self._tokens += value["tokens"] if isinstance(value.get("tokens"), int) else 0
                        self._seconds += value["seconds"] if isinstance(value.get("seconds"), float) else 0.0
