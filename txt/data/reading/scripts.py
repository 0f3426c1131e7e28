"""Recognises old encodings of other scripts than Latin, by how often the decoded letters are common ones."""

import re
from dataclasses import dataclass

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa\u30fc]")
_HANGUL = re.compile("[\uac00-\ud7a3]")
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于起还发成事只作"
    "当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长很这太吧吗给让买用过质量"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能好都然沒日於起還發成事只作"
    "當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長很太吧嗎給讓買"
)
_FEWEST_LETTERS = 8


@dataclass(frozen=True)
class Script:
    """A codec, and the sign that it is the right one."""

    codec: str
    because: str


@dataclass(frozen=True)
class _Alphabet:
    """A single-byte script: its codecs, all its letters in lower case, and the ten most common ones."""

    name: str
    codecs: tuple[str, ...]
    letters: str
    common: str


_ALPHABETS = (
    _Alphabet(
        "Cyrillic",
        ("cp1251", "koi8-r", "cp866", "iso8859-5", "koi8-u"),
        "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґ",
        "оеаинтсрвл",
    ),
    _Alphabet("Greek", ("cp1253",), "αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώ", "αοιετσηνυρςάόί"),
    _Alphabet("Hebrew", ("cp1255",), "אבגדהוזחטיכלמנסעפצקרשתךםןףץ", "יוהלאברתמנש"),
    _Alphabet("Arabic", ("cp1256",), "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي", "ايلمنوترهبعة"),
    _Alphabet("Thai", ("cp874",), "".join(map(chr, range(0x0E01, 0x0E4F))), "านรอกเงวมย่้ีั"),
)
_KOI8_U = re.compile(rb"[\xc0-\xff][\xa4\xa6\xa7\xad]|[\xa4\xa6\xa7\xad][\xc0-\xdf]")
"""Ukrainian letters beside others; koi8-r has lines for drawing in their places."""

_LEAST_COMMON = 0.45
"""Share of the ten commonest letters in texts of any such script; wrong codecs give about 0.25."""


def recognize_script(sample: bytes) -> Script | None:
    """Return the codec of bytes that are not UTF-8, where their letters show it; None for Latin scripts."""
    return _recognize_wide(sample) or _recognize_alphabet(sample)


def _recognize_wide(sample: bytes) -> Script | None:
    for codec, common, least, sign in (
        ("cp932", _KANA, 0.15, "it has Japanese kana"),
        ("euc_jp", _KANA, 0.15, "it has Japanese kana"),
        ("gb18030", _SIMPLIFIED, 0.15, "it has the commonest Chinese characters"),
        ("big5", _TRADITIONAL, 0.15, "it has the commonest Chinese characters"),
        ("cp949", _HANGUL, 0.85, "it has Korean syllables"),
    ):
        letters = _decode_letters(sample, codec)
        if len(letters) < _FEWEST_LETTERS or any("\uff61" <= letter <= "\uff9f" for letter in letters[:2000]):
            continue
        known = (
            sum(letter in common for letter in letters)
            if isinstance(common, frozenset)
            else len(common.findall("".join(letters)))
        )
        if known >= least * len(letters):
            return Script(codec, sign)
    return None


def _recognize_alphabet(sample: bytes) -> Script | None:
    """Return the alphabet that most words are written in, whole words and not single accents."""
    words = re.findall(rb"[A-Za-z\x80-\xff]+", sample)
    whole = sum(
        len(word) for word in words if len(re.findall(rb"[\x80-\xff]", word)) >= 0.8 * len(word) and len(word) > 1
    )
    if whole < _FEWEST_LETTERS or whole < 0.3 * sum(map(len, words)):
        return None
    scores = []
    for alphabet in _ALPHABETS:
        for codec in alphabet.codecs:
            letters = _decode_letters(sample, codec)
            if len(letters) >= _FEWEST_LETTERS:
                own = [
                    letter for letter in letters if letter in alphabet.letters
                ]  # capitals are rare, so they do not count
                share = sum(letter in alphabet.common for letter in own) / len(letters)
                scores.append((share, codec, alphabet.name))
    best = max(scores, key=lambda score: score[0], default=None)
    if best is None or best[0] < _LEAST_COMMON:
        return None
    if best[1] == "koi8-r" and _KOI8_U.search(sample):
        return Script("koi8-u", "its letters are Ukrainian")
    if best[1] == "cp1251" and _is_mac_cyrillic(sample):
        return Script("mac-cyrillic", "its letters are Cyrillic")
    return Script(best[1], f"its letters are {best[2]}")


def _is_mac_cyrillic(sample: bytes) -> bool:
    """Tell whether text that looks like cp1251 is from an old Mac: they differ in the capitals and in `я`."""
    words = re.findall("[а-яё]{2,}[А-ЯЁ]?", sample.decode("cp1251", "replace"))
    return bool(sum(word[-1].isupper() for word in words) > 0.03 * len(words))


def _decode_letters(sample: bytes, codec: str) -> list[str]:
    """Return the letters that are not ASCII, none if the bytes do not fit."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return []
    return [
        letter
        for letter in text[:200_000]
        if not letter.isascii() and (letter.isalpha() or "\u0e00" <= letter <= "\u0e7f")
    ]
