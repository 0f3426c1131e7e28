"""Tells values that are ids, dates, addresses or amounts from names of classes, however few of them there are."""

import re
from collections.abc import Sequence

_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_ENDINGS = "csv|tsv|txt|json|jsonl|xml|html?|pdf|docx?|xlsx?|zip|gz|jpe?g|png|gif|wav|mp3|mp4|eml|log|parquet"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]+\d{1,2}:\d\d.*)?",  # 2024-03-01, 1.3.24 10:30
        rf"(?=.*\d)(?=.*\b({_MONTHS})[a-z]*\b)[\w\s,.:/+-]{{6,40}}\d[\w\s:]*",  # Mar 1, 2024; Mon Apr 06 22:19:45 2009
        r"\d{4}年\d{1,2}月(\d{1,2}日)?",
        r"\d{1,2}:\d\d(:\d\d(\.\d+)?)?( ?[ap]\.?m\.?)?",
        r"1\d{9}(\d{3})?(\.\d+)?",  # seconds or milliseconds since 1970
        r"\d{8,}",
        r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{7,}",  # a hash
        r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
        r"[^@\s]+@[^@\s]+\.\w+",
        r"@\w+",
        r"(https?://|www\.)\S+",
        r"\d{1,3}(\.\d{1,3}){3}(:\d+)?",
        rf"\S+\.({_ENDINGS})",
        r"[$€£¥₹]\s?\d[\d.,]*|\d[\d.,]*\s?[$€£¥₹]",
        r"\d{1,3}(,\d{3})+\.\d\d",
    )
)


def are_other_things(values: Sequence[str]) -> bool:
    """Tell whether nearly all values have the form of an id, a date, a time, an address, a file or an amount."""
    distinct = {value.strip() for value in values}
    return bool(distinct) and any(
        sum(form.fullmatch(value) is not None for value in distinct) >= 0.9 * len(distinct) for form in _FORMS
    )
