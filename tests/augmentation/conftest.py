"""A small WordNet in the original's format, so that no test needs the real one or the network."""

from pathlib import Path

import pytest

from txt.augmentation import wordnet

SYNSETS = {
    "noun": [("film", "movie", "picture"), ("auto", "car"), ("physician", "doctor"), ("child", "kid"), ("fox",)],
    "verb": [("buy", "purchase"), ("end", "finish"), ("watch", "see")],
    "adj": [("big", "large"), ("hot",), ("cold",)],
    "adv": [("really", "truly")],
}
ANTONYMS = [("adj", "hot", "cold")]


def write_wordnet(folder: Path, line_end: str = "\n") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for part, synsets in SYNSETS.items():
        letter = {"noun": "n", "verb": "v", "adj": "a", "adv": "r"}[part]
        number_of = {words[0]: f"{number:08d}" for number, words in enumerate(synsets, start=1)}
        data = ["  1 This software and database is licensed"]
        senses: dict[str, list[str]] = {}
        for words in synsets:
            offset = number_of[words[0]]
            listed = " ".join(f"{word} 0" for word in words)
            against = [(a, b) for p, a, b in ANTONYMS if p == part and words[0] in (a, b)]
            pointers = "".join(f" ! {number_of[b if words[0] == a else a]} {letter} 0101" for a, b in against)
            data.append(
                f"{offset} 00 {letter} {len(words):02x} {listed} {len(against):03d}{pointers} | gloss ! of it  "
            )
            for word in words:
                senses.setdefault(word, []).append(offset)
        index = ["  1 This software and database is licensed"]
        for word, offsets in sorted(senses.items()):
            index.append(f"{word} {letter} {len(offsets)} 0 {len(offsets)} 0 {' '.join(offsets)}  ")
        (folder / f"data.{part}").write_bytes((line_end.join(data) + line_end).encode())
        (folder / f"index.{part}").write_bytes((line_end.join(index) + line_end).encode())
        (folder / f"{part}.exc").write_bytes(
            (f"bought buy{line_end}saw see{line_end}" if part == "verb" else "children child\n").encode()
        )
    return folder


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def wordnet_folder(tmp_path_factory):
    return write_wordnet(tmp_path_factory.mktemp("wordnet"))


@pytest.fixture
def no_wordnet(monkeypatch):
    monkeypatch.setattr(wordnet, "_usual_places", lambda: iter(()))
