"""The pretrained encoders that come as Python packages, and which of them suits a language."""

from collections.abc import Sequence

from txt.augmentation.language_data import find_language
from txt.data import e5, minilm
from txt.data.packaged_encoders import ENCODERS

ENGLISH = "en"
NAMES = tuple(ENCODERS)
"""Names of encoders that may be installed, for `--from`."""

_CHOSEN = (minilm.NAME, e5.NAME)  # by themselves: of English, and of many languages; another one is only for who asks

INSTALL = f"{minilm.INSTALL} for English, {e5.INSTALL} for other languages"


def installed_encoders() -> tuple[str, ...]:
    """Return the encoders that are installed here and fast enough to be taken without being asked for."""
    return tuple(name for name in _CHOSEN if ENCODERS[name].is_installed())


def choose_encoder(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return the installed encoder that suits the language of some texts best, and why; None where none is installed.

    An encoder of another language is better than none: the ladder takes it only where that helps out of fold.
    """
    installed = installed_encoders()
    if not installed:
        return None
    language = find_language(texts)
    wanted = minilm.NAME if language == ENGLISH else e5.NAME
    encoder = wanted if wanted in installed else installed[0]
    if language == ENGLISH:
        return encoder, f"the texts are in English: encoder {encoder}"
    what = "of no language that is known here" if language is None else f"not in English (`{language}`)"
    if encoder == wanted:
        return encoder, f"the texts are {what}: encoder {encoder}"
    return (
        encoder,
        f"the texts are {what}, and {encoder} is of English; it counts where it helps. {e5.INSTALL} suits them",
    )
