"""Text from data, made safe to show: no control code reaches a terminal."""

# Bidirectional controls reorder what stands around them (CVE-2021-42574), so they are shown by name as well.
_BIDI = [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_SEPARATORS = [0x2028, 0x2029]

_VISIBLE = {code: chr(0x2400 + code) for code in range(0x20)}  # C0: ␀ … ␟, the Unicode control pictures
_VISIBLE[0x7F] = "␡"
_VISIBLE |= {code: f"‹{code:02X}›" for code in range(0x80, 0xA0)}
_VISIBLE |= {code: f"‹{code:04X}›" for code in [*_BIDI, *_SEPARATORS]}
_VISIBLE |= dict.fromkeys(range(55296, 57344), "�")  # lone surrogates cannot be encoded

_MULTILINE = {code: shown for code, shown in _VISIBLE.items() if code not in (0x09, 0x0A)}


_ESCAPED = {code: f"\\u{code:04x}" for code in _VISIBLE if code >= 0x7F}


def without_controls(json_text: str) -> str:
    """Return JSON with C1, DEL and bidirectional controls escaped; C0 is escaped by JSON itself."""
    return json_text.translate(_ESCAPED)


def visible(text: str) -> str:
    """Return `text` on one line, with C0, C1, DEL and bidirectional controls replaced by visible characters."""
    return text.translate(_VISIBLE)


def visible_lines(text: str) -> str:
    """Like `visible`, with newlines and tabs kept and CRLF read as a newline."""
    return text.replace("\r\n", "\n").translate(_MULTILINE)


def clip(text: str, width: int) -> str:
    """Return `visible(text)` cut to at most `width` characters, ending in … where something was cut."""
    shown = visible(text[: width + 1])
    return shown if len(shown) <= width and len(text) <= width else shown[: width - 1] + "…"
