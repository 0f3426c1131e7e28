"""Files in which other files lie: what begins as a ZIP archive or an old Office file, and what becomes of it.

A spreadsheet is an archive too. One table in an archive is read as the file that it is; several are read one after the
other; texts in folders are read as a folder.
"""

import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path, PurePosixPath

from txt.data.reading.expansion import PACKED_TIMES, refuse_expansion
from txt.data.reading.kinds.spreadsheet import open_sheet
from txt.data.reading.kinds.text_folder import is_text_name
from txt.data.reading.source import FORMATS, PACKINGS, PART_MARK, Source
from txt.errors import InputError, nearest
from txt.files import temporary_file

_OTHER_KINDS = {
    "word/": ("a Word document", "save its texts as .csv or .txt, a text a line"),
    "ppt/": ("a PowerPoint file", "save its texts as .csv or .txt, a text a line"),
    "META-INF/MANIFEST.MF": ("a Java archive", None),
    "AndroidManifest.xml": ("an Android app", None),
    "Index/Document.iwa": ("a Numbers or Pages file", "export it as CSV or Excel: File > Export To"),
}
_OPEN_DOCUMENT = b"application/vnd.oasis.opendocument."
_MOST_BYTES = 64 << 30  # of what an archive unpacks to
_MOST_TABLES = 200  # each is a copy that is open while it is read
_KIND_BYTES = 200


def unpack(source: Source, opened: ExitStack) -> Source:
    """Return a source with the bytes of what a spreadsheet or an archive holds; copies last as long as `opened`.

    Raises:
        InputError: it is another kind of file, is damaged, or holds several things of which one has to be named.
    """
    with source.place.open("rb") as file:
        if file.read(2) != b"PK":
            return open_sheet(source, opened)
    try:
        with zipfile.ZipFile(source.place) as archive:
            names = archive.namelist()
            kind = b""
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    kind = file.read(_KIND_BYTES)
            if "xl/" in {name[:3] for name in names} or kind.startswith(_OPEN_DOCUMENT + b"spreadsheet"):
                return open_sheet(source, opened)
            _refuse_other_kinds(source, names, kind)
            _refuse_bomb(source, archive)
            return _open_members(source, archive, opened)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        if "password" in str(error) or "encrypted" in str(error):
            raise InputError(f"`{source}` needs a password", f"unpack it first: unzip {source.path}") from None
        raise InputError(f"`{source}` is damaged: {_say(error)}", "fetch or make it again") from None


def _refuse_bomb(source: Source, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to far more than it is; no more comes out of a member than it says."""
    whole = sum(each.file_size for each in archive.infolist())
    refuse_expansion(
        str(source), whole, source.size(), PACKED_TIMES, f"unpack it first, if you trust it: unzip {source.path}"
    )
    if whole > _MOST_BYTES:
        raise InputError(f"`{source}` unpacks to more than {_MOST_BYTES:,} bytes", "unpack it first")


def _refuse_other_kinds(source: Source, names: Sequence[str], kind: bytes) -> None:
    for beginning, (called, hint) in _OTHER_KINDS.items():
        if any(name.startswith(beginning) for name in names):
            raise InputError(f"`{source}` is {called}, not a data file", hint)
    if kind:
        what = kind.decode("utf-8", "replace")[:60]
        raise InputError(f"`{source}` is of the kind `{what}`, not a data file", "save its texts as .csv")
    if any(name.endswith("data.pkl") for name in names):
        raise InputError(f"`{source}` holds a model of PyTorch, not data", None)


def _open_members(source: Source, archive: zipfile.ZipFile, opened: ExitStack) -> Source:
    tables = [each for each in archive.infolist() if _is_table(each)]
    texts = [each for each in archive.infolist() if _is_text(each)]
    if source.part is not None:
        return _open_part(source, archive, tables, opened)
    in_folders = len({PurePosixPath(each.filename).parent for each in texts}) > 1
    if texts and (in_folders or not [each for each in tables if each not in texts]) and len(texts) > 1:
        return _open_folder(source, archive, texts, opened)
    if not tables:
        listed = ", ".join(f"`{name}`" for name in archive.namelist()[:5]) or "nothing"
        raise InputError(
            f"`{source}` holds no data file, but {listed}", "a .zip may hold CSV, JSON, Excel and the like"
        )
    if len(tables) > _MOST_TABLES:
        raise InputError(
            f"`{source}` holds {len(tables):,} data files, and at most {_MOST_TABLES} are read out of an archive",
            f"unpack it first: unzip {source.path}",
        )
    members = tuple(_extract(source, archive, each, opened) for each in tables)
    if len(members) == 1:
        return members[0]
    return replace(source, members=members, copy=source.place)


def _open_part(
    source: Source, archive: zipfile.ZipFile, tables: Sequence[zipfile.ZipInfo], opened: ExitStack
) -> Source:
    by_name = {each.filename: each for each in tables}
    by_name = {**{PurePosixPath(name).name: each for name, each in by_name.items()}, **by_name}
    member = by_name.get(source.part or "")
    if member is None:
        close = nearest(source.part or "", list(by_name))
        listed = ", ".join(f"`{each.filename}`" for each in tables[:8]) or "no data file"
        hint = f"did you mean `{source.path}{PART_MARK}{close}`?" if close else f"it holds {listed}"
        raise InputError(f"`{source.path}` holds no `{source.part}`", hint)
    return _extract(source, archive, member, opened)


def _is_table(item: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(item.filename)
    ending = PurePosixPath(path.stem).suffix if path.suffix.lower() in PACKINGS else path.suffix
    return not _is_clutter(item) and ending.lower() in FORMATS and path.stem.lower() not in ("readme", "license")


def _is_text(item: zipfile.ZipInfo) -> bool:
    path = PurePosixPath(item.filename)
    return not _is_clutter(item) and len(path.parts) > 1 and is_text_name(path.name)


def _is_clutter(item: zipfile.ZipInfo) -> bool:
    """Tell folders, and what systems leave in archives, from files."""
    parts = PurePosixPath(item.filename).parts
    return item.is_dir() or "__MACOSX" in parts or any(part.startswith(".") and part != ".." for part in parts)


def _extract(source: Source, archive: zipfile.ZipFile, item: zipfile.ZipInfo, opened: ExitStack) -> Source:
    """Return a member of an archive as a source of its own, whatever kind of file it is."""
    copy = opened.enter_context(temporary_file())
    with archive.open(item) as packed, copy.open("wb") as target:
        shutil.copyfileobj(packed, target)
    member = Source(source.path, f"{source.path}{PART_MARK}{item.filename}", copy)
    with copy.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        if item.filename.lower().endswith(".zip"):
            raise InputError(f"`{source}` holds another archive, `{item.filename}`", "unpack it first")
        return unpack(member, opened)
    return member


def _open_folder(
    source: Source, archive: zipfile.ZipFile, texts: Sequence[zipfile.ZipInfo], opened: ExitStack
) -> Source:
    folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="txt-")))
    for each in texts:
        archive.extract(each, folder)  # takes `..` and the root out of names
    inner = list(folder.iterdir())
    while len(inner) == 1 and inner[0].is_dir() and any(path.is_dir() for path in inner[0].iterdir()):
        folder, inner = inner[0], list(inner[0].iterdir())  # an archive of a folder has the folder around it
    return replace(source, copy=folder)


def _say(error: Exception) -> str:
    return " ".join(str(error).split())
