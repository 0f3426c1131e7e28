"""Tells which kind of file that is not lines of text a source is, and how to read it."""

from txt.data.reading.expansion import limit_memory
from txt.data.reading.how_read import Dialect, ReadingOptions, list_asked, refuse_text_options
from txt.data.reading.kinds.statistics_file import find_program
from txt.data.reading.source import Source

_HEAD_BYTES = 512


def detect_kind(source: Source, options: ReadingOptions) -> Dialect | None:
    """Return how to read a source that is not lines of text; None for one that is.

    Its libraries may take only so much memory for that.

    Raises:
        InputError: it cannot be read, or an option has no effect on such a file.
    """
    with limit_memory(str(source), source.size()):
        return _detect_decoded(source, options)


def _detect_decoded(source: Source, options: ReadingOptions) -> Dialect | None:
    if source.place.is_dir():
        from txt.data.reading.kinds import arrow_file, text_folder

        if arrow_file.is_saved_dataset(source.place):
            refuse_text_options(source, "a saved data set", options)
            return arrow_file.detect_dataset(source, list_asked(options))
        refuse_text_options(source, "a folder of texts", options, but=("encoding",))
        return text_folder.detect_folder(source, options.encoding)
    head = next(source.chunks(_HEAD_BYTES), b"")
    if head.startswith(b"SQLite format 3\0"):
        from txt.data.reading.kinds.sqlite_table import detect_sqlite

        refuse_text_options(source, "a database", options, but=("encoding",))
        return detect_sqlite(source, options.encoding)
    if program := find_program(head, source.ending):
        from txt.data.reading.kinds.statistics_file import detect_statistics

        refuse_text_options(source, f"a file of {program}", options, but=("encoding",))
        return detect_statistics(source, options.encoding)
    if source.ending == ".spacy":
        from txt.data.reading.kinds.spacy_documents import detect_documents

        refuse_text_options(source, "a file of spaCy's documents", options)
        return detect_documents(source)
    from txt.data.reading.kinds.arrow_file import detect_arrow, is_arrow

    if is_arrow(head):
        refuse_text_options(source, "Arrow", options)
        return detect_arrow(source, list_asked(options))
    return None
