"""Files that hold no rows of data, told by how they begin, and what to do with each."""

import re

from txt.data.reading.source import Source
from txt.errors import InputError

_KINDS = (  # how the content begins, what it is, and what helps
    (b"PK\x03\x04", "a zip archive or an Excel file", None),
    (b"\xd0\xcf\x11\xe0", "an old Excel or Word file", None),
    (b"%PDF", "a PDF", "copy its texts into a .csv or .txt, a text a line"),
    (b"\x89PNG", "a PNG picture", None),
    (b"\xff\xd8\xff", "a JPEG picture", None),
    (b"GIF8", "a GIF picture", None),
    (b"\x7fELF", "a program", None),
    (b"MZ", "a Windows program", None),
    (b"{\\rtf", "a rich text document", "save it as plain text"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x {path}"),
    (b"Rar!", "a RAR archive", "unpack it first: unrar x {path}"),
    (b"\x93NUMPY", "an array of NumPy", "it has numbers, not texts"),
    (b"\x89HDF", "an HDF5 file", "in Python: pandas.read_hdf('{path}').to_parquet('data.parquet')"),
    (b"RDX", "a file of R", "in R: write.csv(data, 'data.csv')"),
    (b"RDA", "a file of R", "in R: write.csv(data, 'data.csv')"),
    (b"X\n\0\0\0", "a file of R", "in R: write.csv(readRDS('{path}'), 'data.csv')"),
    (b"Obj\x01", "an Avro file", "convert it to Parquet or JSON lines"),
    (b"ORC", "an ORC file", "in Python: pandas.read_orc('{path}').to_parquet('data.parquet')"),
    (b"MATLAB 5", "a file of MATLAB", "save its texts as CSV"),
)
_PICKLE = re.compile(rb"\x80[\x02-\x05][\x00-\xff]")
_XML = re.compile(rb"(\xef\xbb\xbf)?\s*(<\?xml|<![A-Za-z]|<html|<[A-Za-z][\w.:-]*(\s[^<>]*)?>\s*(<|$))", re.IGNORECASE)
_HTML = re.compile(rb"<!doctype html|<html", re.IGNORECASE)
_LFS = b"version https://git-lfs.github.com/spec/"
_SHORTCUT = re.compile(rb'\{\s*"(url|doc_id|resource_id)"\s*:')


def refuse_unreadable(source: Source, head: bytes) -> None:
    """Refuse a file that has no rows, by how it begins.

    Raises:
        InputError: it is one; what it is and what helps are named.
    """
    for beginning, kind, hint in _KINDS:
        if head.startswith(beginning) and not (beginning in (b"MZ", b"ORC", b"RDA", b"RDX") and _is_plain(head)):
            raise _refusal(source, kind, hint)
    if head[257:262] == b"ustar":
        raise _refusal(source, "a tar archive", "unpack it first: tar -xf {path}")
    if _PICKLE.match(head) and not _is_plain(head):
        hint = "in Python: pandas.read_pickle('{path}').to_parquet('data.parquet'); a pickle can run programs"
        raise _refusal(source, "a pickle of Python", hint)
    if head.startswith(_LFS):
        raise _refusal(source, "a pointer of Git LFS", "git lfs pull fetches the file itself")
    if source.ending in (".gsheet", ".gdoc") and _SHORTCUT.match(head):
        raise _refusal(source, "a link to a Google document", "download it: File > Download > Comma-separated values")
    if _XML.match(head) and source.ending not in (".csv", ".tsv", ".tab", ".txt"):
        if _HTML.search(head[:1024]):
            raise _refusal(
                source, "a web page", "a login page may have been saved instead of the file: download it again"
            )
        hint = "in Python: pandas.read_xml('{path}').to_csv('data.csv')"
        raise _refusal(source, "XML", hint)
    if _HTML.match(head.lstrip()[:64]):
        raise _refusal(source, "a web page", "a login page may have been saved instead of the file: download it again")


def _is_plain(head: bytes) -> bool:
    """Tell whether these bytes are letters: a text may begin with `MZ`, too."""
    return b"\0" not in head and not re.search(rb"[\x01-\x08\x0e-\x1f]", head)


def _refusal(source: Source, kind: str, hint: str | None) -> InputError:
    told = hint.format(path=source.path) if hint else "name a file of texts: CSV, TSV, JSON, Parquet, Excel …"
    return InputError(f"`{source}` is {kind}, not a data file", told)
