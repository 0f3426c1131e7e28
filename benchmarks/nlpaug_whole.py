"""What nlpaug's augmenters change in whole texts beside the words that they edit.

A copy is torn where what stands between its words (spaces, line breaks, punctuation, emoji) is not what it was.
Deleting a word joins what stood around it, so that only what is not a space is compared then. Names, tags and addresses
are those with `@`, `#` and `http` before them. Texts in which nothing was changed do not count.

    python benchmarks/nlpaug_whole.py --texts tweets.csv --column text
"""

import argparse
import csv
import random
import re
import warnings
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from machine import describe_machine

_KEPT = re.compile(r"https?://\S+|[@#]\w+")
_BETWEEN = re.compile(r"\W+")
AUGMENTERS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "keyboard": ("char.keyboard", "KeyboardAug", {}),
    "ocr": ("char.ocr", "OcrAug", {}),
    "spelling": ("word.spelling", "SpellingAug", {}),
    "split": ("word.split", "SplitAug", {}),
    "swap": ("word.random", "RandomWordAug", {"action": "swap"}),
    "delete": ("word.random", "RandomWordAug", {"action": "delete"}),
    "sentence": ("sentence.random", "RandomSentAug", {}),
    "synonym": ("word.synonym", "SynonymAug", {"aug_src": "wordnet"}),
    "antonym": ("word.antonym", "AntonymAug", {}),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--texts", type=Path, required=True, help="CSV file")
    options.add_argument("--column", default="text")
    options.add_argument("--rows", type=int, default=1000)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    print(describe_machine())
    with given.texts.open(newline="", encoding="utf-8") as file:
        texts = [row[given.column] for row in csv.DictReader(file)][: given.rows]
    print(f"\n{'method':16} {'changed':>8} {'torn':>7} {'lost a name, tag or address':>28}")
    for name, (module, kind, arguments) in AUGMENTERS.items():
        try:
            augmenter = getattr(import_module(f"nlpaug.augmenter.{module}"), kind)(**arguments)
            counts = count_torn(augmenter.augment, texts, only_marks=name in ("delete", "split"))
        except Exception as error:  # it is a measurement of whatever happens
            print(f"{name:16} fails: {type(error).__name__}: {str(error).strip().splitlines()[0][:80]}", flush=True)
            continue
        changed = counts["changed"]
        torn, lost = (counts[each] / max(changed, 1) for each in ("torn", "lost"))
        print(f"{name:16} {changed:8,} {torn:7.0%} {lost:28.0%}", flush=True)


def count_torn(augment: Callable[[str], Any], texts: list[str], *, only_marks: bool) -> Counter[str]:
    """Count the copies that were changed, that were torn, and that lost a name, a tag or an address."""
    random.seed(0)
    counts = Counter[str]()
    for text in texts:
        made = augment(text)
        copy = made[0] if isinstance(made, list) and made else made
        if not isinstance(copy, str) or copy == text:
            continue
        counts["changed"] += 1
        counts["torn"] += take_between(text, only_marks) != take_between(copy, only_marks)
        counts["lost"] += not set(_KEPT.findall(text)) <= set(_KEPT.findall(copy))
    return counts


def take_between(text: str, only_marks: bool) -> str | list[str]:
    """Return what stands between the words of a text; with `only_marks` without the spaces, as one."""
    between = _BETWEEN.findall(text)
    return "".join("".join(between).split()) if only_marks else between


if __name__ == "__main__":
    main()
