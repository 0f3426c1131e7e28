"""Write docs/cli.md from the commands' own help, so that the two never differ.

python docs/make.py           # write
python docs/make.py --check   # exit 1 when docs/cli.md is not what the help says
"""

import io
import os
import sys
from contextlib import redirect_stdout, suppress
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMANDS = (
    *(
        "prepare",
        "explore",
        "label",
        "augment",
        "lrfind",
        "grid",
        "train",
        "watch",
        "eval",
        "predict",
        "distill",
        "serve",
        "export",
        "runs",
        "config",
        "doctor",
    ),
    *(f"runs {command}" for command in ("show", "compare", "rename", "tag", "note", "rm", "prune", "export", "plot")),
    "demo",
)


def help_of(*command: str) -> str:
    """Return the help of `txt COMMAND` as it looks 100 columns wide, without colour."""
    os.environ |= {"COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb", "TERMINAL_WIDTH": "100"}
    from txt.cli import main as run  # what it writes with looks at the environment when it is loaded

    printed = io.StringIO()
    with redirect_stdout(printed), suppress(SystemExit):
        run([*command, "--help"])
    return "\n".join(line.rstrip() for line in printed.getvalue().strip().splitlines())


def page() -> str:
    """Return the whole of docs/cli.md."""
    parts = ["# The commands\n\nMade from `txt --help` by `make docs`.\n"]
    for command in ((), *(tuple(name.split()) for name in COMMANDS)):
        title = " ".join(("txt", *command))
        parts.append(f"## `{title}`\n\n```\n{help_of(*command)}\n```\n")
    return "\n".join(parts)


def main() -> None:
    """Write the page, or compare it with the one that is there."""
    path = HERE / "cli.md"
    if "--check" in sys.argv:
        sys.exit(0 if path.read_text(encoding="utf-8") == page() else f"{path.name} is not up to date: run make docs")
    path.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
