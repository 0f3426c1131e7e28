"""Where the answers for a data file may be written; nothing heavy is loaded to say no."""

from pathlib import Path

from txt.data.reading.source import Source
from txt.errors import InputError


def refuse_taken_place(out: Path, source: Source, force: bool) -> None:
    """Refuse an output that is a folder, the data itself, or there already, which `force` allows.

    Raises:
        InputError: it is.
    """
    if out.is_dir():
        raise InputError(f"`{out}` is a directory", f"-o {out / Path(source.name).name}")
    same = source.find_same(out)
    if same is not None:
        raise InputError(
            f"the output cannot take the data file's place: `{same.name}`",
            f"-o {same.stem}.predicted{same.suffix}",
        )
    if out.exists() and not force:
        raise InputError(f"`{out}` exists already", "--force replaces it, -o names another")
