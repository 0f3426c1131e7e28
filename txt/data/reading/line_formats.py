"""Files of lines that are not texts or rows of a table, told by their first lines: mail, subtitles, SQL, features."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from txt.data.reading.source import Source
from txt.errors import InputError

_LINES = 60  # of the head are looked at
_NEARLY_ALL = 0.9
_TABLES = (".csv", ".tsv", ".tab")  # endings of files in which such lines would be cells
_AS_LINES = "--delimiter none reads each line as a text"

_MAIL_FIELD = re.compile(r"(From|To|Subject|Date|Message-ID|Received|Return-Path|MIME-Version|Delivered-To|Cc):", re.I)
_MAIL_START = re.compile(r"From \S+ .*\d\d:\d\d")
_ANY_FIELD = re.compile(r"[A-Za-z][\w-]*:|[ \t]+\S")
_TIMES = re.compile(r"(\d+:)?\d\d:\d\d[,.]\d{3} --> (\d+:)?\d\d:\d\d[,.]\d{3}")
_SQL_START = re.compile(r"--|/\*|SET |PRAGMA |BEGIN|USE |DROP TABLE|CREATE |INSERT INTO ", re.I)
_SQL_ROWS = re.compile(r"^(INSERT INTO |COPY \S+ .*FROM stdin;|CREATE TABLE )", re.I | re.M)
_FEATURES = re.compile(r"[-+]?[\d.]+(,\d+)*( qid:\d+)?( \d+:[-+\d.eE]+)+\s*(#.*)?")
_NAMESPACE = re.compile(r"([-+]?[\d.]+(:[\d.]+)?\s+)*('?[^\s|]+\s*)?\|([A-Za-z_]\w*)?(:[\d.]+)? .*")
_BAR_BEHIND_NUMBER = re.compile(r"[-+\d.:]+\|")
_TAGGED_WORD = re.compile(r"\S+([ \t]\S+)*[ \t](O|[BIESLU]-\S+)")
_NUMBERED_WORD = re.compile(r"\d+([-.]\d+)?(\t[^\t]*){9}")
_TREE = re.compile(r"\(\d (\(\d |[^\s()]+\)).*\)")
_ASSIGNMENT = re.compile(r"\s*((var|let|const)\s+[\w$]+|[\w$]+\.[\w.$]+)\s*=\s*[\[{]|\s*export default\s*[\[{]")


@dataclass(frozen=True)
class _Kind:
    """A format: what people call it, how its first lines show it, and what helps."""

    name: str
    is_it: Callable[[list[str]], bool]
    hint: str


def refuse_line_format(source: Source, text: str) -> None:
    """Refuse a file whose lines are neither texts nor rows, by the beginning of its text.

    Raises:
        InputError: it is one; what it is and what helps are named.
    """
    if source.ending in (".yaml", ".yml", ".toml"):
        name = "YAML" if source.ending != ".toml" else "TOML"
        raise InputError(f"`{source}` is {name}, not a table", "write its records as JSON, a list of objects")
    if source.ending in _TABLES:
        return
    lines = [line.rstrip("\r") for line in text[: 1 << 16].split("\n")[:_LINES]]
    for kind in _KINDS:
        if kind.is_it(lines):
            raise InputError(f"`{source}` is {kind.name}, not a table", _fill_hint(kind.hint, source.path))


def _fill_hint(hint: str, path: Path) -> str:
    made = {name: shlex.quote(f"{path.stem}.{name}") for name in ("tsv", "csv", "json", "jsonl")}
    return hint.format(path=shlex.quote(str(path)), texts=shlex.quote(f"{path.stem}.texts.txt"), **made)


def _share(lines: list[str], form: re.Pattern[str]) -> float:
    """Return the share of the lines that are not blank and have this form from end to end."""
    filled = [line for line in lines if line.strip()]
    return sum(form.fullmatch(line.strip()) is not None for line in filled) / len(filled) if len(filled) > 1 else 0.0


def _is_mail(lines: list[str]) -> bool:
    start = 1 if _MAIL_START.match(lines[0]) else 0
    fields = []
    for line in lines[start:]:
        if not _ANY_FIELD.match(line):
            break
        fields.append(line)
    named = {found[1].lower() for line in fields if (found := _MAIL_FIELD.match(line))}
    ended = len(fields) + start < len(lines) and not lines[len(fields) + start].strip()
    return "from" in named and len(named) > 2 and (ended or start == 1)


def _is_subtitles(lines: list[str]) -> bool:
    return sum(_TIMES.match(line) is not None for line in lines) > 1


def _is_sql(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    text = "\n".join(lines)
    is_whole = ";" in text and ("CREATE TABLE" in text.upper() or " dump" in text.lower())
    return is_whole and _SQL_START.match(first) is not None and _SQL_ROWS.search(text) is not None


def _is_weka(lines: list[str]) -> bool:
    firsts = [line.split()[0].lower() for line in lines if line.strip() and not line.startswith("%")]
    return firsts[:1] == ["@relation"] and "@attribute" in firsts


def _is_vowpal_wabbit(lines: list[str]) -> bool:
    """Tell whether numbers and a namespace come before the text, in all lines the same; or a weight and a tag.

    Tables with bars have a space on both sides of a bar or on none, and here there is one before it alone.
    """
    filled = [line.strip() for line in lines if line.strip()]
    found = [each for line in filled if (each := _NAMESPACE.fullmatch(line)) and not _BAR_BEHIND_NUMBER.match(line)]
    names = {each[4] for each in found}
    tagged = all(each[1] and each[3] and not each[3].isspace() and not each[3].endswith(" ") for each in found)
    return (
        len(found) > 1 and len(found) >= _NEARLY_ALL * len(filled) and len(names) == 1 and (names != {None} or tagged)
    )


def _is_tagged_words(lines: list[str]) -> bool:
    parted = "" in [line.strip() for line in lines[:-1]] and len(lines) > 3
    words = [line for line in lines if not line.startswith(("-DOCSTART-", "# "))]
    return parted and max(_share(words, _TAGGED_WORD), _share(words, _NUMBERED_WORD)) >= _NEARLY_ALL


def _is_assignment(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return _ASSIGNMENT.match(first) is not None


def _is_python(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip()), "")
    return re.match(r"\s*\[?\s*\{\s*u?'[\w ]+'\s*:", first) is not None


def _has_form(form: re.Pattern[str]) -> Callable[[list[str]], bool]:
    return lambda lines: _share(lines, form) >= _NEARLY_ALL


_KINDS = (
    _Kind(
        "mail", _is_mail, "in Python, mailbox.mbox reads such files: write the text of each mail into a row of a CSV"
    ),
    _Kind(
        "subtitles",
        _is_subtitles,
        "grep -vE '^[0-9]*[[:space:]]*$|-->|^WEBVTT' {path} > {texts} leaves a text in each line",
    ),
    _Kind("an SQL dump", _is_sql, "load it into its database, and export the table as CSV"),
    _Kind("a file of Weka", _is_weka, "sed '1,/^@[Dd][Aa][Tt][Aa]/d' {path} > {csv} keeps its rows"),
    _Kind(
        "features of LibSVM", _has_form(_FEATURES), "it has numbers in the place of words; read the texts themselves"
    ),
    _Kind(
        "Vowpal Wabbit's lines",
        _is_vowpal_wabbit,
        r"sed -E 's/^([^ |]*)[^|]*\|[^ ]* */\1\t/; s/ *\|[^ ]* */ /g' {path} > {tsv} makes a table of label and text",
    ),
    _Kind("words with tags", _is_tagged_words, "join the words of each text, and write it into a row with its label"),
    _Kind(
        "trees of sentences",
        _has_form(_TREE),
        f"in Python, nltk.Tree.fromstring(line).leaves() has the words; {_AS_LINES}",
    ),
    _Kind(
        "a program that holds JSON",
        _is_assignment,
        "sed '1s/^[^[{{]*//; $s/;[[:space:]]*$//' {path} > {json} leaves the JSON",
    ),
    _Kind(
        "Python's lists and objects",
        _is_python,
        'python -c "import ast, json, sys; [print(json.dumps(ast.literal_eval(line))) for line in sys.stdin]" '
        "< {path} > {jsonl} makes JSON lines of it",
    ),
)
