"""Names that people gave to clusters: kept beside the data file, and found again by a typical text of each.

A cluster that is found anew, with other neighbours or after the file grew, has the name if it holds that text.
"""

import re
from pathlib import Path

import numpy as np

from txt.data.reading.source import exists, name_beside
from txt.errors import InputError
from txt.exploration.corpus import Corpus
from txt.exploration.exploration import Clusters
from txt.files import FORMAT, read_json, write_json
from txt.json_input import take_field

_ENDING = ".clusters.json"
_HASH = re.compile("[0-9a-f]{16}")


def locate_names(source: str) -> Path:
    """Return the file that keeps the names of a data file's clusters."""
    return name_beside(source).with_name(name_beside(source).name + _ENDING)


def give_names(corpus: Corpus, found: Clusters) -> None:
    """Give clusters the names that were kept for this file.

    Raises:
        InputError: the file of names is damaged.
    """
    kept = _read(corpus.path)
    if not kept:
        return
    order = np.argsort(corpus.hashes, kind="stable")
    for text_hash, name in kept.items():
        place = int(np.searchsorted(corpus.hashes, np.uint64(int(text_hash, 16)), sorter=order))
        if place < len(order) and corpus.hashes[order[place]] == np.uint64(int(text_hash, 16)):
            code = int(found.codes[order[place]])
            if code >= 0:
                found.clusters[code].name = name


def keep_name(corpus: Corpus, found: Clusters, number: int, name: str) -> None:
    """Name a cluster, and keep the name for the next time; an empty one takes it away.

    Raises:
        InputError: the file of names is damaged.
        OSError: it cannot be written.
    """
    cluster = found.clusters[number]
    kept = _read(corpus.path)
    own = {f"{int(each):016x}" for each in corpus.hashes[cluster.rows]}
    kept = {text_hash: each for text_hash, each in kept.items() if text_hash not in own}
    if name:
        kept[f"{int(corpus.hashes[cluster.typical[0]]):016x}"] = name
    write_json(locate_names(corpus.path), {"format": FORMAT, "names": kept})
    cluster.name = name or None


def _read(source: str) -> dict[str, str]:
    if source == "-" or not exists(source):
        return {}
    path = locate_names(source)
    if not path.is_file():
        return {}
    names = take_field(read_json(path), "names", dict, str(path))
    if not all(_HASH.fullmatch(text_hash) for text_hash in names):
        raise InputError(f"`{path}` does not hold names of clusters", "move it away, and name them again")
    return {text_hash: str(name) for text_hash, name in names.items()}
