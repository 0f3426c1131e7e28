"""Tickets with several labels each, written as a file may write them."""

import csv
import json

import numpy as np

WORDS = {"late": "delivery arrived days after", "broken": "screen cracked dead", "kind": "friendly helpful staff"}


def write_tickets(path, form, count=150):
    """Write tickets that say what their labels are; every seventh has none."""
    rng = np.random.default_rng(0)
    rows = []
    for number in range(count):
        held = [name for name in WORDS if rng.random() < 0.4] if number % 7 else []
        words = " and ".join(WORDS[name] for name in held) or "nothing to say today"
        rows.append((f"ticket {number}: {words}", held))
    with path.open("w", newline="", encoding="utf-8") as file:
        if form == "jsonl":
            file.writelines(json.dumps({"text": text, "labels": held}) + "\n" for text, held in rows)
        elif form == "columns":
            writer = csv.writer(file)
            writer.writerow(["text", *WORDS])
            writer.writerows([text, *(int(name in held) for name in WORDS)] for text, held in rows)
        else:
            writer = csv.writer(file)
            writer.writerow(["text", "labels"])
            writer.writerows([text, "|".join(reversed(held)) or "[]"] for text, held in rows)
    return path
