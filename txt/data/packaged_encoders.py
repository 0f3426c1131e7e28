"""The pretrained encoders that come as Python packages, by the names that `--from` has for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from txt.data import e5, minilm, mpnet


@dataclass(frozen=True)
class PackagedEncoder:
    """A sentence encoder, which pools by the mean.

    Attributes:
        hub_name: its name on the hub.
        license: as the hub abbreviates it.
        install: the command that installs it.
        is_installed: returns whether it is, without opening it.
        folder: returns the folder that holds it in Hugging Face layout; None where it is not installed.
    """

    hub_name: str
    license: str
    install: str
    is_installed: Callable[[], bool]
    folder: Callable[[], Path | None]

    def locate(self) -> str:
        """Return its folder, or its name on the hub."""
        return str(self.folder() or self.hub_name)


ENCODERS: Mapping[str, PackagedEncoder] = MappingProxyType(
    {
        minilm.NAME: PackagedEncoder(
            minilm.HUB_NAME,
            minilm.LICENSE,
            minilm.INSTALL,
            lambda: minilm.is_installed(),
            lambda: minilm.minilm_folder(),
        ),
        e5.NAME: PackagedEncoder(
            e5.HUB_NAME, e5.LICENSE, e5.INSTALL, lambda: e5.is_installed(), lambda: e5.e5_folder()
        ),
        mpnet.NAME: PackagedEncoder(
            mpnet.HUB_NAME, mpnet.LICENSE, mpnet.INSTALL, lambda: mpnet.is_installed(), lambda: mpnet.mpnet_folder()
        ),
    }
)


def hint_package(name: str, otherwise: str | None = None) -> str | None:
    """Return how to install the encoder of this name, and what else to do; only that for another name."""
    if name not in ENCODERS:
        return otherwise
    brings = f"{ENCODERS[name].install} brings it"
    return brings if otherwise is None else f"{brings}; {otherwise}"
