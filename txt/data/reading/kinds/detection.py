"""Tells which kind of file that is not lines of text a source is, and how to read it."""

from collections.abc import Callable

from txt.data.reading.dialect import Dialect
from txt.data.reading.kinds.statistics_file import find_program
from txt.data.reading.source import Source
from txt.errors import InputError

_HEAD_BYTES = 512


def detect_kind(
    source: Source, encoding: str | None, delimiter: str | None, detect: Callable[[Source], Dialect]
) -> Dialect | None:
    """Return how to read a source that is not lines of text; None for one that is.

    `detect` finds out how a file among several is read.

    Raises:
        InputError: it cannot be read, or an option has no effect on such a file.
    """
    if source.members:
        from txt.data.reading.kinds.several_files import detect_several

        return detect_several(source, detect)
    if source.place.is_dir():
        from txt.data.reading.kinds import arrow_file, text_folder

        if arrow_file.is_saved_dataset(source.place):
            _refuse_options(source, encoding, delimiter)
            return arrow_file.detect_dataset(source)
        _refuse_options(source, None, delimiter)
        return text_folder.detect_folder(source, encoding)
    head = next(source.chunks(_HEAD_BYTES), b"")
    if head.startswith(b"SQLite format 3\0"):
        from txt.data.reading.kinds.sqlite_table import detect_sqlite

        _refuse_options(source, None, delimiter)
        return detect_sqlite(source, encoding)
    if find_program(head, source.ending):
        from txt.data.reading.kinds.statistics_file import detect_statistics

        _refuse_options(source, None, delimiter)
        return detect_statistics(source, encoding)
    from txt.data.reading.kinds.arrow_file import detect_arrow, is_arrow

    if is_arrow(head):
        _refuse_options(source, encoding, delimiter)
        return detect_arrow(source)
    return None


def _refuse_options(source: Source, encoding: str | None, delimiter: str | None) -> None:
    for flag, value in (("--encoding", encoding), ("--delimiter", delimiter)):
        if value is not None:
            raise InputError(f"{flag} has no effect on `{source}`, which is not a text file", f"leave {flag} out")
