"""Classify texts with the model beside this file: python predict_onnx.py "a text" "another"."""

import json
import os
import sys
from pathlib import Path
from typing import Any

if len(sys.argv) < 2:
    sys.exit(f'usage: python {sys.argv[0]} "a text" "another"')

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # or onnxruntime tells its maker of the model

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

FOLDER = Path(__file__).parent


def classify(texts: list[str]) -> list[str]:
    """Return what to say of each text: a label and its probability, or where rows may have several, each that holds."""
    labels = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    (model,) = (FOLDER / "onnx").glob("*.onnx")
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rows = tokenizer.encode_batch(texts)
    feed = {"input_ids": [row.ids for row in rows], "attention_mask": [row.attention_mask for row in rows]}
    logits = session.run(["logits"], {name: np.array(value, np.int64) for name, value in feed.items()})[0]
    path = FOLDER / "decision.json"
    decision = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    if "thresholds" in decision:
        return [name_all(labels, each, decision) for each in 1 / (1 + np.exp(-logits.astype(np.float64)))]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return [name_one(labels, each, decision) for each in odds / odds.sum(axis=1, keepdims=True)]


def name_all(labels: list[str], probabilities: np.ndarray, decision: dict[str, Any]) -> str:
    """Return the labels that hold for a text, each with its probability."""
    holds = probabilities >= np.array(decision["thresholds"])
    if decision["at_least_one"] and not holds.any():
        holds[probabilities.argmax()] = True
    return ", ".join(f"{labels[place]} {probabilities[place]:.4f}" for place in np.flatnonzero(holds)) or "none"


def name_one(labels: list[str], probabilities: np.ndarray, decision: dict[str, Any]) -> str:
    """Return the label of a text with its probability: the most probable, or as classes in an order are chosen."""
    place = int(probabilities.argmax())
    if decision.get("ordered_answer") == "median":
        place = int((np.cumsum(probabilities) >= 0.5).argmax())
    elif decision.get("ordered_answer") == "mean":
        place = int(probabilities @ np.arange(len(probabilities)) + 0.5)
    return f"{labels[place]}\t{probabilities[place]:.4f}"


def show(text: str) -> str:
    """Return a text without what a terminal obeys: control codes, and what turns the order of letters round."""
    return "".join(letter if letter.isprintable() or letter in "\t\u200c\u200d" else "\ufffd" for letter in text)


try:
    found = classify(sys.argv[1:])
except Exception as error:  # of four packages, each with its own
    reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
    sys.exit(f"error: the model in {show(str(FOLDER))} cannot be used: {show(reason)}")
for text, answer in zip(sys.argv[1:], found, strict=True):
    print(f"{show(answer)}\t{show(text)}")
