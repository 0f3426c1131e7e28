"""Which language texts are in, told by their commonest words; enough to refuse English synonyms for German texts."""

from collections.abc import Iterable

from txt.augmentation.spans import words_of

_COMMON = {
    "en": "the and of to is in that it for was with this are you have be on not as but they at i we what",
    "de": "der die und das nicht ist ein zu ich es mit den von auf für sich eine dem auch wie wir nur noch dass",
    "fr": "le la les et de des un une est pas que qui dans pour sur avec je vous nous il elle ce sont mais ne au",
    "es": "el la los las de que y en un una es no por con para se lo su como más pero muy está me fue",
    "it": "il la che di e un una non è per in con si sono ma come del della anche mi più questo i gli ho",
    "nl": "de het een en van is dat niet in op te zijn voor met ik je maar er ook aan wat heb dit naar",
    "pl": "i w nie na się z do to że jest o jak ale po co za tak od być mnie już tylko dla",
    "tr": "bir ve bu da de için çok ne ile ben o var daha gibi kadar ama en her olarak değil",
}
_FEWEST = 0.05  # of the words; fewer are accidents


def find_language(texts: Iterable[str]) -> str | None:
    """Return the language's two letters, or None where no known language's commonest words stand out."""
    words = [word for text in texts for word in text.lower().split()]
    shares = {language: _share(words, words_of(common)) for language, common in _COMMON.items()}
    best = max(shares, key=lambda language: shares[language])
    return best if shares[best] >= _FEWEST else None


def _share(words: list[str], common: frozenset[str]) -> float:
    return sum(word in common for word in words) / max(len(words), 1)
