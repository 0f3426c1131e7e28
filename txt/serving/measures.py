"""What a server counts, in the text form that Prometheus reads."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping

_BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # seconds


class Measures:
    """Counts of requests by status, texts, batches, and how long requests took."""

    def __init__(self) -> None:
        self.requests: Counter[int] = Counter()
        self.texts = self.batches = 0
        self._took = [0] * (len(_BOUNDS) + 1)
        self._seconds = 0.0

    def count_request(self, status: int, seconds: float) -> None:
        """Count an answered request."""
        self.requests[status] += 1
        self._took[bisect_left(_BOUNDS, seconds)] += 1
        self._seconds += seconds

    def count_batch(self, texts: int) -> None:
        """Count a computed batch."""
        self.batches += 1
        self.texts += texts

    def render(self, waiting: Mapping[str, int], loads: Mapping[str, int]) -> str:
        """Return all of it; `waiting` and `loads` are by model the texts that wait, and how often it was loaded."""
        lines = ["# TYPE txt_requests_total counter"]
        lines += [f'txt_requests_total{{status="{status}"}} {count}' for status, count in sorted(self.requests.items())]
        lines += ["# TYPE txt_texts_total counter", f"txt_texts_total {self.texts}"]
        lines += ["# TYPE txt_batches_total counter", f"txt_batches_total {self.batches}"]
        lines += ["# TYPE txt_texts_waiting gauge"]
        lines += [f'txt_texts_waiting{{model="{_escape(name)}"}} {count}' for name, count in waiting.items()]
        lines += ["# TYPE txt_model_loads_total counter"]
        lines += [f'txt_model_loads_total{{model="{_escape(name)}"}} {count}' for name, count in loads.items()]
        lines += ["# TYPE txt_request_seconds histogram"]
        total = 0
        for bound, count in zip((*_BOUNDS, "+Inf"), self._took, strict=True):
            total += count
            lines.append(f'txt_request_seconds_bucket{{le="{bound}"}} {total}')
        lines += [f"txt_request_seconds_sum {self._seconds:.6f}", f"txt_request_seconds_count {total}"]
        return "\n".join(lines) + "\n"


def _escape(name: str) -> str:
    return name.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
