"""All keys of a screen and what they do, as a page of help shows them."""

from collections.abc import Sequence

from rich.text import Text


def format_key_page(keys: Sequence[tuple[str, str]]) -> Text:
    """Return keys and what each does, a line each; the keys in bold, as wide as the widest of them."""
    width = max(len(key) for key, _ in keys)
    return Text("\n").join(Text.assemble((f"{key:<{width}}  ", "bold"), words) for key, words in keys)
