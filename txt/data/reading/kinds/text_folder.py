"""A folder of text files, a class a folder: the layout of the IMDb reviews and of 20 Newsgroups."""

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from txt.data.reading.batches import BATCH_CHARACTERS, BATCH_ROWS, make_batch
from txt.data.reading.how_read import Dialect
from txt.data.reading.kinds.arrow_file import is_saved_dataset
from txt.data.reading.source import FORMATS, MAX_CELL, Source
from txt.data.reading.split_column import parse_split
from txt.errors import InputError
from txt.files import read_small_file

_TEXT_ENDINGS = frozenset({"", ".txt", ".text", ".md", ".eml"})
_UNLABELED = frozenset({"unsup", "unsupervised", "unlabeled", "unlabelled"})
_SKIPPED = frozenset({"readme", "readme.txt", "readme.md", "license", "license.txt", "license.md"})


@dataclass(frozen=True)
class _TextFile:
    path: Path
    label: str | None
    split: str | None


def is_text_name(name: str) -> bool:
    """Tell whether a file may be one text by its name: it ends in `.txt`, in a number, or has no ending."""
    ending = Path(name).suffix.lower()
    return (
        not name.startswith(".")
        and (ending in _TEXT_ENDINGS or ending[1:].isdigit())
        and (name.lower() not in _SKIPPED)
    )


def holds_data(folder: Path) -> bool:
    """Tell whether a folder has texts in it, or a data set that was saved there."""
    return is_saved_dataset(folder) or _holds_texts(folder)


def detect_folder(source: Source, encoding: str | None) -> Dialect:
    """Return the columns of a folder of text files: the text, its class, its split if folders say so, and the file.

    Raises:
        InputError: the folder has no text files, folders are not one level of classes, or a file is not text.
    """
    files = _list_files(source)
    columns = ["text", "label", "split", "file"]
    if not any(each.label for each in files):
        columns.remove("label")
    if not any(each.split for each in files):
        columns.remove("split")
    warnings = list(_describe_leftovers(source, files))
    unlabeled = Counter(name for each in files if (name := each.path.parent.name).lower() in _UNLABELED)
    for name, count in unlabeled.items():
        texts = "1 text counts" if count == 1 else f"{count:,} texts count"
        warnings.append(f"{texts} as unlabeled, as the name of their folder `{name}` says")
    used = encoding or "utf-8"
    other = [each.path for each in files if _read_text(source, each.path, encoding)[1]]
    if other:
        which = other[0].relative_to(source.place)
        told = "1 file" if len(other) == 1 else f"{len(other):,} files"
        warnings.append(f"{told} of `{source}` not in UTF-8, read as cp1252: `{which}`; if that is wrong, --encoding")
    return Dialect("folder", tuple(columns), encoding=used, warnings=tuple(warnings))


def read_folder(source: Source, dialect: Dialect, _notes: list[str]) -> Iterator[pa.RecordBatch]:
    """Yield a row for each text file, in the order of their names.

    Raises:
        InputError: a file is not text.
    """
    encoding = None if dialect.encoding == "utf-8" else dialect.encoding
    rows: list[list[str | None]] = []
    characters = 0
    for each in _list_files(source):
        text, _ = _read_text(source, each.path, encoding)
        cells = {
            "text": text,
            "label": each.label,
            "split": each.split,
            "file": str(each.path.relative_to(source.place)),
        }
        rows.append([cells[name] for name in dialect.columns])
        characters += len(text)
        if len(rows) == BATCH_ROWS or characters > BATCH_CHARACTERS:
            yield make_batch(dialect.columns, rows)
            rows, characters = [], 0
    if rows:
        yield make_batch(dialect.columns, rows)


def _list_files(source: Source) -> list[_TextFile]:
    root = source.place
    if source.copy is None and _list_tables(root):
        raise _explain_no_texts(source, root)
    folders = _list_folders(root, links=True)
    by_split = [(find_split_name(folder.name), folder) for folder in folders]
    splits = [(split, folder) for split, folder in by_split if split and _holds_texts(folder)]
    files: list[_TextFile] = []
    if splits and all(split or not _holds_texts(folder) for split, folder in by_split):
        for split, folder in splits:
            files.extend(_list_classes(source, folder, split))
    else:
        files.extend(_list_classes(source, root, None))
    if not files:
        raise _explain_no_texts(source, root)
    _refuse_links_out(source, files)
    return files


def _refuse_links_out(source: Source, files: list[_TextFile]) -> None:
    """Refuse links that lead out of the folder: in one from elsewhere they could take any file of ours for a text.

    Raises:
        InputError: there is one.
    """
    root = Path(os.path.realpath(source.place))
    linked: dict[Path, bool] = {}
    for each in files:
        for part in (each.path, *each.path.parents):
            if part == source.place:
                break
            if part not in linked:
                linked[part] = part.is_symlink() and not Path(os.path.realpath(part)).is_relative_to(root)
            if linked[part]:
                raise InputError(
                    f"`{part.relative_to(source.place)}` in `{source}` is a link that leads out of the folder",
                    f"cp -rL {shlex.quote(str(source.path))} COPY makes a folder of what its links lead to",
                )


def _list_classes(source: Source, root: Path, split: str | None) -> Iterator[_TextFile]:
    """Yield the files of a folder whose folders are classes; of one without folders, the files themselves."""
    folders = [folder for folder in _list_folders(root, links=True) if _holds_texts(folder)]
    if not folders:
        yield from (_TextFile(path, None, split) for path in _list_texts(root))
        return
    for folder in folders:
        deeper = next((each for each in _list_folders(folder) if _holds_texts(each)), None)
        if deeper is not None:
            raise InputError(
                f"`{deeper.relative_to(source.place)}` in `{source}` is a folder within a class",
                "a class is one folder of text files, below `train` and `test` or alone",
            )
        unlabeled = folder.name.lower() in _UNLABELED
        for path in _list_texts(folder):
            yield _TextFile(path, None if unlabeled else folder.name, "unlabeled" if unlabeled and split else split)


def find_split_name(name: str) -> str | None:
    """Return the split that the last word of a name says: `20news-bydate-train` is train; None where it says none."""
    last = re.split(r"[-_. ]", re.sub(r"-\d{5}-of-\d{5}$", "", name.lower()))[-1]
    return parse_split(last)


def _holds_texts(folder: Path) -> bool:
    return bool(_list_texts(folder)) or any(_holds_texts(each) for each in _list_folders(folder))


def _list_folders(folder: Path, *, links: bool = False) -> list[Path]:
    """Return the folders in a folder; with `links` those too that are links, which further down could be a circle."""
    found = (each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    return sorted(each for each in found if links or not each.is_symlink())


def _list_texts(folder: Path) -> list[Path]:
    found = [each for each in folder.iterdir() if is_text_name(each.name) and each.is_file()]
    return sorted(found, key=lambda each: _natural_key(each.name))


def _natural_key(name: str) -> list[tuple[int, str]]:
    """Return a key that puts `9.txt` before `10.txt`."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", name) if part]


def _describe_leftovers(source: Source, files: list[_TextFile]) -> Iterator[str]:
    read = {each.path for each in files}
    left = [each for each in source.place.rglob("*") if each.is_file() and each not in read]
    left = [each for each in left if not each.name.startswith(".")]
    if left:
        shown = ", ".join(f"`{each.relative_to(source.place)}`" for each in left[:3]) + (" …" if len(left) > 3 else "")
        yield f"{len(left):,} other file{'s' * (len(left) > 1)} in `{source}` left out: {shown}"


def _list_tables(folder: Path) -> list[Path]:
    """Return the data files of a folder that are not single texts."""
    endings = FORMATS.keys() - _TEXT_ENDINGS
    return sorted(each for each in folder.iterdir() if each.is_file() and each.suffix.lower() in endings)


def _explain_no_texts(source: Source, root: Path) -> InputError:
    tables = _list_tables(root)
    if tables:
        endings = {each.suffix for each in tables}
        hint = f"name one of its files: {', '.join(each.name for each in tables[:5])}"
        if len(tables) > 1 and len(endings) == 1:
            hint += f"; or all: '{source.path / '*'}{endings.pop()}'"
        return InputError(f"`{source}` is a folder, not a data file", hint)
    return InputError(f"`{source}` is a folder without data", "a folder of text files has a folder for each class")


def _read_text(source: Source, path: Path, encoding: str | None) -> tuple[str, bool]:
    """Return the text of a file, and whether it is not in UTF-8, but was read as Windows text."""
    data = read_small_file(path, 4 * MAX_CELL)
    if b"\0" in data and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and encoding is None:
        raise InputError(f"`{path.relative_to(source.place)}` in `{source}` is not a text file", "move it elsewhere")
    mark = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return data.decode(encoding or mark), False
    except (UnicodeDecodeError, LookupError):
        if encoding is not None:
            raise InputError(f"`{path}` is not {encoding}", "leave --encoding out to detect it") from None
    try:
        return data.decode("cp1252"), True
    except UnicodeDecodeError:
        return data.decode("latin-1"), True
