"""How long does `txt --help` take, and how does that compare with importing Typer alone?

python benchmarks/startup.py
"""

import statistics
import subprocess
import sys
import time

from machine import describe_machine

ROUNDS = 15
TYPER = [sys.executable, "-c", "import typer"]
COMMANDS = {"txt --help": ["--help"], "txt train --help": ["train", "--help"], "txt label --help": ["label", "--help"]}


def seconds(command: list[str]) -> float:
    begun = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begun


def main() -> None:
    print(describe_machine())
    print(f"{'':18} median    against import typer")
    for name, arguments in COMMANDS.items():
        command = [sys.executable, "-m", "txt", *arguments]
        pairs = [(seconds(command), seconds(TYPER)) for _ in range(ROUNDS + 1)][1:]
        ratio = statistics.median(ours / typer for ours, typer in pairs)
        print(f"{name:18} {statistics.median(ours for ours, _ in pairs):.3f} s   {ratio:.2f}×")


if __name__ == "__main__":
    main()
