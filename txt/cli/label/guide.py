"""The guide to the classes: which file it is, and that its classes are those of the data."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from txt.cli.console import say
from txt.config import LabelConfig
from txt.errors import InputError
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.data.reading.how_read import ReadingOptions
    from txt.labeling.guide import Guide


def open_guide(data: Path, config: LabelConfig, asked: "ReadingOptions") -> "tuple[Guide | None, LabelConfig]":
    """Return the guide, and the options with its classes where --labels names none; None where there is no guide.

    It is the file of --guide, else `labels.toml` beside the data file.

    Raises:
        InputError: something in it is wrong, or it names a class that the data does not have.
    """
    from txt.labeling.classes import parse_labels
    from txt.labeling.guide import FILE, read_guide

    path = config.guide or data.parent / FILE
    if config.guide is None and not path.is_file():
        return None, config
    if config.guide is None:
        say(f"the guide to the classes is {sanitize(str(path))}")
    if config.labels is not None:
        return read_guide(path, parse_labels(config.labels)), config
    guide = read_guide(path, _list_file_classes(data, config, asked))
    odd = next((name for name in guide.names if "," in name), None)
    if odd is not None:
        raise InputError(f"the class `{odd}` of `{path}` cannot have a comma", "give it another name")
    return guide, replace(config, labels=",".join(guide.names))


def _list_file_classes(data: Path, config: LabelConfig, asked: "ReadingOptions") -> list[str]:
    """Return the classes that stand in the data file; none where its labels are left aside."""
    from txt.labeling.open_labels import open_labels

    with closing(open_labels(data, config, asked, write=False, need_store=False)) as opened:
        return [] if opened.leaves_file_labels else sorted(opened.rows.index.label_names)
