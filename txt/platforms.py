"""Which systems txt runs on, said before the first import that would fail on another."""

import platform
import sys


def describe_unsupported(system: str = sys.platform, machine: str | None = None) -> str | None:
    """Say why txt cannot run on this system; None where it can.

    Windows has neither the file locks nor the signals that txt is built on. For Intel Macs torch made no packages since
    its version 2.2.
    """
    if system == "win32":
        return "txt does not run on Windows; it does in WSL, Windows' own Linux: https://aka.ms/wsl"
    if system == "darwin" and (machine or platform.machine()) == "x86_64":
        return "txt does not run on Intel Macs: torch, which it needs, is not made for them any more"
    return None
