"""Options of `txt serve`."""

from dataclasses import dataclass
from pathlib import Path

from txt.config.shared import (
    check_device,
    declare_cascade,
    declare_device,
    declare_int8,
    declare_precision,
    declare_stride,
    declare_threads,
)
from txt.option_schema import Config, option


@dataclass(frozen=True)
class ServeConfig(Config):
    """Options of `txt serve`: where it listens, and what a request may ask for."""

    host: str = option("127.0.0.1", "Address to listen at; any but this machine's own needs a token.", group="Server")
    port: int = option(8000, "Port to listen at; 0 takes a free one.", group="Server", low=0, high=65535)
    token_file: Path | None = option(
        None, "File with the token that requests must bring [the variable TXT_TOKEN].", group="Server"
    )
    reload: bool = option(True, "Take a model that was trained anew, without losing a request.", group="Server")
    max_texts: int = option(1000, "Texts of one request.", group="Limits", low=1, high=1_000_000)
    max_bytes: int = option(10_000_000, "Bytes of one request.", group="Limits", low=1000, high=1_000_000_000)
    max_waiting: int = option(
        10_000, "Texts that may wait; more are refused for a moment.", group="Limits", low=1, high=100_000_000
    )
    timeout: float = option(30.0, "Seconds after which a request is given up.", group="Limits", above=0, high=3600)
    drain: float = option(30.0, "Seconds to finish what was begun, when it is told to stop.", group="Limits", above=0)
    stride: int | None = declare_stride()
    int8: bool = declare_int8()
    cascade: bool = declare_cascade()
    precision: str = declare_precision()
    device: str = declare_device()
    threads: int = declare_threads()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_device(self.device)
