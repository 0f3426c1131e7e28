"""Sanitizes text from data before it is shown, so that no control code reaches the terminal."""

import re

# Bidirectional controls reorder the text around them (CVE-2021-42574), so they are shown as their code points too.
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SEPARATORS = [0x2028, 0x2029]

_REPLACEMENTS = {code: chr(0x2400 + code) for code in range(0x20)}  # C0: ␀ … ␟, the Unicode control pictures
_REPLACEMENTS[0x7F] = "␡"
_REPLACEMENTS |= {code: f"‹{code:02X}›" for code in range(0x80, 0xA0)}
_REPLACEMENTS |= {code: f"‹{code:04X}›" for code in [*_BIDI, *_SEPARATORS]}
_REPLACEMENTS |= dict.fromkeys(range(55296, 57344), "�")  # lone surrogates cannot be encoded

_MULTILINE_REPLACEMENTS = {code: shown for code, shown in _REPLACEMENTS.items() if code not in (0x09, 0x0A)}


_COLORS = re.compile("(\x1b\\[[0-9;]{0,40}m)")  # SGR: it changes how the letters after it look, and nothing else

_JSON_ESCAPES = {code: f"\\u{code:04x}" for code in _REPLACEMENTS if code >= 0x7F}


def escape_controls(json_text: str) -> str:
    """Return JSON with C1, DEL and bidirectional controls escaped; C0 is escaped by JSON itself."""
    return json_text.translate(_JSON_ESCAPES)


def sanitize(text: str) -> str:
    """Return `text` on one line, with C0, C1, DEL and bidirectional controls replaced by visible characters."""
    return text.translate(_REPLACEMENTS)


def sanitize_lines(text: str) -> str:
    """Do as `sanitize` does, but keep newlines and tabs, and read CRLF as a newline."""
    return text.replace("\r\n", "\n").translate(_MULTILINE_REPLACEMENTS)


def sanitize_colored(text: str) -> str:
    """Do as `sanitize_lines` does, but keep the codes that set colours and weights: for what `txt` itself printed."""
    return "".join(part if place % 2 else sanitize_lines(part) for place, part in enumerate(_COLORS.split(text)))


def clip(text: str, width: int) -> str:
    """Return `sanitize(text)` cut to at most `width` characters, ending in … where something was cut."""
    shown = sanitize(text[: width + 1])
    return shown if len(shown) <= width and len(text) <= width else shown[: width - 1] + "…"
