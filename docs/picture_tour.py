"""The tour: one moving SVG of label, train and eval, from shots of the real program; and the social card.

Every shot is a group that the style sheet shows for its share of the time. A reader who asks for less motion sees the
first one stand still.
"""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_CARD = (1280, 640)


def join_shots(svgs: Sequence[str], seconds: Sequence[float]) -> str:
    """Return one SVG that shows each of `svgs` for its seconds, again and again."""
    sizes = [tuple(map(float, _find_size(svg))) for svg in svgs]
    width, height = max(size[0] for size in sizes), max(size[1] for size in sizes)
    total, begin, rules, groups = sum(seconds), 0.0, [], []
    for number, (svg, lasting) in enumerate(zip(svgs, seconds, strict=True)):
        first, last = 100 * begin / total, 100 * (begin + lasting) / total
        shown = f"{first:.3f}% {{visibility: visible}} {last:.3f}% {{visibility: hidden}}"
        before = "0% {visibility: hidden} " if number else ""
        rules.append(f"@keyframes shot{number} {{{before}{shown}}}")
        rules.append(f".shot{number} {{animation: shot{number} {total:.1f}s step-end infinite}}")
        groups.append(f'<g class="shot shot{number}">{_rename(svg, number)}</g>')
        begin += lasting
    calm = ".shot {animation: none} .shot0 {visibility: visible}"
    style = f".shot {{visibility: hidden}} {' '.join(rules)} @media (prefers-reduced-motion: reduce) {{{calm}}}"
    head = f'<svg viewBox="0 0 {width:g} {height:g}" xmlns="http://www.w3.org/2000/svg">'
    return f"{head}\n<style>{style}</style>\n" + "\n".join(groups) + "\n</svg>\n"


def split_shots(tour: str) -> list[str]:
    """Return the shots that `join_shots` joined."""
    whole = r'<g class="shot shot\d+">(.*?)</g>\n(?=<g class="shot |</svg>\s*\Z)'
    return re.findall(whole, tour, re.DOTALL)


def draw_card(shot: str, path: Path) -> bool:
    """Write the social card, a PNG with the name beside a shot; return False where nothing here can draw it."""
    if shutil.which("rsvg-convert") is None:
        return False
    wide, high = map(float, _find_size(shot))
    scale = 740 / wide
    inner = re.sub(
        r"<svg ", f'<svg x="520" y="{320 - high * scale / 2:g}" width="740" height="{high * scale:g}" ', shot, count=1
    )
    words = (
        ("txt", 96, 270, "bold", "#f5f5f5"),
        ("From a CSV of raw text", 30, 340, "normal", "#c5c8c6"),
        ("to a text classifier", 30, 384, "normal", "#c5c8c6"),
        ("you can trust", 30, 428, "normal", "#c5c8c6"),
    )
    lines = "".join(
        f'<text x="56" y="{y}" font-family="DejaVu Sans Mono, monospace" font-size="{size}" font-weight="{weight}" '
        f'fill="{fill}">{text}</text>'
        for text, size, y, weight, fill in words
    )
    card = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_CARD[0]} {_CARD[1]}">'
        f'<rect width="100%" height="100%" fill="#16181d"/>{lines}{inner}</svg>'
    )
    with tempfile.NamedTemporaryFile("w", suffix=".svg", encoding="utf-8") as file:
        file.write(card.replace("font-family: Fira Code, ", "font-family: "))  # the first font that there is everywhere
        file.flush()
        subprocess.run(["rsvg-convert", "-w", str(_CARD[0]), "-o", str(path), file.name], check=True)
    return True


def _find_size(svg: str) -> tuple[str, str]:
    found = _SIZE.search(svg)
    assert found
    return found.group(1), found.group(2)


def _rename(svg: str, number: int) -> str:
    """Return a shot whose names do not meet those of another one."""
    named = re.sub(r"\b(?:terminal-[\w-]*?|t\d+)-(?=matrix|title|r\d|line|clip)", f"t{number}-", svg)
    return re.sub(r"<!--.*?-->\s*", "", named)
