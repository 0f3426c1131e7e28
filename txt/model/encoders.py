"""The pretrained encoders that come as Python packages, and which of them suits a language."""

from collections.abc import Sequence

from txt.augmentation.language_data import find_language
from txt.data import minilm

ENGLISH = "en"
NAMES = (minilm.NAME,)
"""Names of encoders that may be installed, for `--from`."""


def installed_encoders() -> tuple[str, ...]:
    """Return the encoders that are installed here."""
    return tuple(name for name in NAMES if minilm.is_installed())


def choose_encoder(texts: Sequence[str]) -> tuple[str, str] | None:
    """Return the installed encoder that suits the language of some texts best, and why; None where none is installed.

    An encoder of another language is better than none: the ladder takes it only where that helps out of fold.
    """
    installed = installed_encoders()
    if not installed:
        return None
    return installed[0], describe_choice(texts, installed[0])


def describe_choice(texts: Sequence[str], encoder: str) -> str:
    """Say why an encoder was chosen, in a few words."""
    language = find_language(texts)
    if language == ENGLISH:
        return f"the texts are in English: encoder {encoder}"
    if language is None:
        return f"no known language found in the texts: encoder {encoder}"
    return (
        f"the texts are not in English (`{language}`), and {encoder} is an encoder of English; it counts where it helps"
    )
