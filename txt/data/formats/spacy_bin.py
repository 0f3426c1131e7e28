"""spaCy's binary training files, `.spacy`: a DocBin of documents with `cats`, as `spacy train` takes them."""

from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from txt.data.formats.record import LabelRecord, LabelTask, RowStatus, convert_to_texts, replace_surrogates
from txt.errors import InputError
from txt.extras import say_how_to_install

if TYPE_CHECKING:
    from spacy.tokens import Doc

ENDING = ".spacy"

_META = "meta"


def write(file: IO[bytes], records: Iterable[LabelRecord], task: LabelTask) -> None:
    """Write a document a record, cut into words for any language; unlabeled ones have no `cats`.

    `spacy train` cuts them again, by the rules of the language that its configuration names. Other columns stand under
    `meta` of a document's `user_data`.

    Raises:
        InputError: spaCy is missing.
    """
    spacy = _import_spacy()
    make_document = _make_pipeline().make_doc
    documents = spacy.tokens.DocBin(attrs=[], store_user_data=True)
    for record in records:
        document = make_document(replace_surrogates(record.text))
        if record.status == "labeled":
            document.cats = {name: float(name in record.labels) for name in task.classes}
        if record.columns:
            document.user_data[_META] = {name: replace_surrogates(each) for name, each in record.columns.items()}
        documents.add(document)
    file.write(documents.to_bytes())


def read(path: Path, _task: LabelTask) -> Iterator[LabelRecord]:
    """Yield the documents of a file; a class counts from one half up.

    Raises:
        InputError: spaCy is missing, or the file is damaged.
    """
    spacy = _import_spacy()
    try:
        documents = spacy.tokens.DocBin().from_bytes(path.read_bytes())
        found = list(documents.get_docs(spacy.vocab.Vocab()))
    except Exception as error:  # zlib, msgpack and numpy each raise their own
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise InputError(f"`{path}` is not a file of spaCy's documents: {reason}", "make it again") from None
    for number, document in enumerate(found, 1):
        yield _make_record(document, f"`{path}` document {number}")


def _make_record(document: "Doc", where: str) -> LabelRecord:
    cats: dict[str, Any] = document.cats
    labels = tuple(str(name) for name, score in cats.items() if score >= 0.5)
    status: RowStatus = "labeled" if cats else "unlabeled"
    return LabelRecord(document.text, labels, status, columns=convert_to_texts(document.user_data.get(_META), where))


@cache
def _make_pipeline() -> Any:
    """Return what cuts texts of any language into words."""
    return _import_spacy().blank("xx")


def _import_spacy() -> Any:
    try:
        import spacy
        import spacy.tokens
        import spacy.vocab
    except ImportError:
        raise InputError("files of spaCy's documents need spaCy", say_how_to_install("spacy")) from None
    return spacy
