"""Write man pages of all commands from their own help: python docs/man.py FOLDER."""

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from make import COMMANDS, help_of  # noqa: E402

from txt.version import __version__  # noqa: E402


def man_page(command: tuple[str, ...], text: str) -> str:
    """Return the help of a command as a page in roff."""
    name = "-".join(("txt", *command))
    usage, _, rest = text.partition("\n")
    paragraph = " ".join(rest.strip("\n").partition("\n\n")[0].split())
    about = paragraph.partition(". ")[0].rstrip(".")
    title = f'.TH {escape(name.upper())} 1 "{date.today():%B %Y}" "txt {__version__}" "User Commands"'
    return "\n".join(
        [
            title,
            ".SH NAME",
            f"{escape(name)} \\- {escape(about)}",
            ".SH SYNOPSIS",
            escape(usage.partition(":")[2].strip()),
            ".SH DESCRIPTION",
            *list_sections(rest),
            "",
        ]
    )


def list_sections(text: str) -> Iterator[str]:
    """Yield the lines of a help as roff: titles become sections, all else stays as it is set."""
    plain = False
    for line in text.strip("\n").splitlines():
        is_title = bool(line) and not line.startswith(" ") and line.rstrip().endswith(":")
        if is_title:
            if plain:
                yield ".fi"
                plain = False
            yield f".SH {escape(line.rstrip(': ').upper())}"
            continue
        if not plain:
            yield ".nf"
            plain = True
        yield escape(line)
    if plain:
        yield ".fi"


def escape(text: str) -> str:
    """Return text that roff shows as it is."""
    shown = text.replace("\\", "\\e").replace("-", "\\-")
    shown = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in shown)
    return f"\\&{shown}" if shown[:1] in (".", "'") else shown


def main() -> None:
    """Write a page for `txt` and one for each command."""
    if len(sys.argv) != 2:
        sys.exit("usage: python docs/man.py FOLDER")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for command in ((), *(tuple(name.split()) for name in COMMANDS)):
        name = "-".join(("txt", *command))
        (folder / f"{name}.1").write_text(man_page(command, help_of(*command)), encoding="utf-8")


if __name__ == "__main__":
    main()
