"""Detects the character encoding of a text file, and checks every byte against it."""

import codecs
import re
from dataclasses import dataclass

from txt.data.reading.how_read import Guess
from txt.data.reading.latin_letters import recognize_latin
from txt.data.reading.scripts import recognize_script
from txt.data.reading.source import READABLE, Source
from txt.errors import InputError, did_you_mean

_BOMS = {  # the UTF-32 marks begin with the UTF-16 ones, so they come first
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = ("utf-16", "utf-32")  # encodings in which NUL bytes are parts of letters
_COMMON = ("utf-8", "utf-16", "cp1252", "latin-1", "cp1250", "cp1251", "gb18030", "shift_jis", "euc-kr", "mac-roman")
_UTF8_LETTER = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_HIGH_BYTE = re.compile(rb"[\x80-\xff]")
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_SHIFT = re.compile(rb"\x1b\$[@B][\x21-\x7e]{2}")  # how ISO-2022-JP begins two-byte letters
_SAMPLE_BYTES = 1 << 20
_MIXED = 0.2  # share of the lines beyond ASCII that are UTF-8, from which on this is no accident
_FEWEST_LINES = 10
_WINDOWS_SIGN = re.compile(rb"[\x80-\x9f]")
_LATIN9_EURO = b"\xa4"  # a sign of currency in cp1252, which nobody writes
_NOT_CP1252 = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True)
class Encoding:
    """A codec's name, and what the user should be told about the choice, if anything."""

    name: str
    warning: str | None = None
    because: str | None = None

    @property
    def guesses(self) -> tuple[Guess, ...]:
        """How the encoding was found out; nothing where the file is UTF-8, or the user named it."""
        return (Guess("encoding", self.name, self.because, "--encoding", told=True),) if self.because else ()


def find_encoding(source: Source, wanted: str | None = None) -> Encoding:
    """Return the encoding of the whole file: `wanted`, or by its mark, UTF-8, UTF-16, its script, cp1252 or latin-1.

    Raises:
        InputError: `wanted` is unknown, some byte does not fit, the file mixes encodings, or it has a NUL byte.
    """
    head = next(source.chunks(), b"")
    name = _resolve_codec(wanted) if wanted else _recognize_mark(head) or _recognize_utf16(head) or "utf-8"
    if name == "utf-8" and not wanted and _SHIFT.search(head) and not _find_wrong_byte(source, "iso2022_jp"):
        because = "it switches to Japanese letters and back"
        return Encoding("iso2022_jp", f"`{source}` was read as iso2022_jp: {because} (--encoding)", because)
    wrong = _find_wrong_byte(source, name)
    if wrong is None:
        return Encoding(name)
    if not wanted and _is_binary(head):
        raise InputError(f"`{source}` is a binary file", READABLE)
    line = find_line(source, wrong.offset, name)
    if wrong.value == 0 and not name.startswith(_WIDE):
        hint = "a text file has none; `tr -d '\\000'` takes them out"
        raise InputError(f"`{source}` has a NUL byte in line {line}", hint)
    if wanted or name != "utf-8":
        hint = "leave --encoding out to detect it" if wanted else "--encoding NAME reads it in another encoding"
        spoken = name.removesuffix("-sig")
        raise InputError(f"`{source}` is not {spoken}: line {line} has a byte 0x{wrong.value:02x}", hint)
    return _choose_single_byte_encoding(source, wrong)


def find_line(source: Source, offset: int, encoding: str) -> int:
    """Return the number, from 1, of the line that holds the byte at `offset` of the decompressed file."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    newlines, left = 0, offset
    for piece in source.chunks():
        newlines += decoder.decode(piece[: max(left, 0)]).count("\n")
        left -= len(piece)
        if left <= 0:
            break
    return newlines + 1


@dataclass(frozen=True)
class _WrongByte:
    offset: int
    value: int


def _resolve_codec(name: str) -> str:
    try:
        "".encode(name)  # refuses what codecs.lookup takes: base64, zip and other codecs that are not encodings
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        hint = did_you_mean(name, _COMMON, f"for example {', '.join(_COMMON)}")
        raise InputError(f"--encoding `{name}` is unknown", hint) from None
    return "utf-8-sig" if found == "utf-8" else found  # a mark at the start is never data


def _is_binary(head: bytes) -> bool:
    """Tell whether bytes that are not UTF-8 are not text at all: many of them are control codes."""
    return len(_CONTROL.findall(head)) > 0.03 * len(head)


def _recognize_mark(head: bytes) -> str | None:
    return next((name for mark, name in _BOMS.items() if head.startswith(mark)), None)


def _recognize_utf16(head: bytes) -> str | None:
    """Recognise UTF-16 without a mark: every other byte of its spaces, digits and line ends is NUL."""
    pairs = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if pairs and odd > 0.3 * pairs and even < 0.1 * odd:
        return "utf-16-le"
    if pairs and even > 0.3 * pairs and odd < 0.1 * even:
        return "utf-16-be"
    return None


def _find_wrong_byte(source: Source, encoding: str) -> _WrongByte | None:
    """Decode the whole file and return the first byte that cannot be, or that is NUL where letters are single bytes."""
    decoder = codecs.getincrementaldecoder(encoding)()
    wide = encoding.startswith(_WIDE)
    read = 0
    try:
        for piece in source.chunks():
            if not wide and 0 in piece:
                return _WrongByte(read + piece.index(0), 0)
            decoder.decode(piece)
            read += len(piece)
        piece = b""
        decoder.decode(piece, final=True)
    except UnicodeDecodeError as error:
        held = len(error.object) - len(piece)  # bytes of a letter that the end of the last piece cut
        return _WrongByte(read - held + error.start, error.object[error.start])
    except UnicodeError:  # for UTF-16 and UTF-32 without a mark, the error has no position
        return _WrongByte(0, next(source.chunks())[0])
    return None


def _choose_single_byte_encoding(source: Source, wrong: _WrongByte) -> Encoding:
    """Choose the encoding of a file that is not UTF-8, by its letters; it is refused where most of them are UTF-8."""
    letters = strays = 0
    only_latin1 = windows_signs = euro = False
    for piece in source.chunks():
        found = _UTF8_LETTER.findall(piece)
        letters += len(found)
        strays += len(_HIGH_BYTE.findall(piece)) - sum(map(len, found))
        only_latin1 = only_latin1 or _NOT_CP1252.search(piece) is not None
        windows_signs = windows_signs or _WINDOWS_SIGN.search(piece) is not None
        euro = euro or _LATIN9_EURO in piece
    sample = _read_high_sample(source)
    if letters > strays or _measure_utf8(sample) > _MIXED:
        line = find_line(source, wrong.offset, "utf-8")
        raise InputError(
            f"`{source}` mixes encodings: most of it is UTF-8, but line {line} has a byte 0x{wrong.value:02x}"
            if letters > strays
            else f"`{source}` mixes encodings: a part of it is UTF-8, and line {line} has a byte 0x{wrong.value:02x}",
            "fix that line, or read all of it as Windows text with --encoding cp1252",
        )
    line = find_line(source, wrong.offset, "latin-1")
    script = recognize_script(sample) or recognize_latin(sample)
    if script is not None and _find_wrong_byte(source, script.codec) is None:
        return Encoding(
            script.codec,
            f"`{source}` is not UTF-8, so it was read as {script.codec}: {script.because}; if line {line} looks wrong, "
            "give --encoding",
            script.because,
        )
    name = "latin-1" if only_latin1 else "iso8859-15" if euro and not windows_signs else "cp1252"
    return Encoding(
        name,
        f"`{source}` is not UTF-8, so it was read as {name}; if line {line} looks wrong, give --encoding",
        f"line {line} is not UTF-8",
    )


def _measure_utf8(sample: bytes) -> float:
    """Return the share of lines that are UTF-8 among some beyond ASCII: in a file of another encoding hardly any is."""
    lines = sample.split(b"\n")
    if len(lines) < _FEWEST_LINES:
        return 0.0
    return sum(_is_utf8(line) for line in lines) / len(lines)


def _is_utf8(line: bytes) -> bool:
    try:
        return bool(line.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _read_high_sample(source: Source) -> bytes:
    """Return lines that are not plain ASCII, up to a megabyte of them."""
    sample = b""
    for piece in source.chunks():
        if _HIGH_BYTE.search(piece):
            lines = piece.split(b"\n")[1:-1] or [piece]
            sample += b"\n".join(line for line in lines if _HIGH_BYTE.search(line)) + b"\n"
        if len(sample) > _SAMPLE_BYTES:
            break
    return sample[:_SAMPLE_BYTES].rpartition(b"\n")[0] or sample
