"""Classify texts with the model beside this file: python predict_onnx.py "a text" "another"."""

import json
import os
import sys
from pathlib import Path

if len(sys.argv) < 2:
    sys.exit(f'usage: python {sys.argv[0]} "a text" "another"')

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # or onnxruntime tells its maker of the model

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

FOLDER = Path(__file__).parent


def classify(texts: list[str]) -> list[tuple[str, float]]:
    """Return the label and its probability for each text."""
    labels = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
    (model,) = (FOLDER / "onnx").glob("*.onnx")
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    rows = tokenizer.encode_batch(texts)
    feed = {"input_ids": [row.ids for row in rows], "attention_mask": [row.attention_mask for row in rows]}
    logits = session.run(["logits"], {name: np.array(value, np.int64) for name, value in feed.items()})[0]
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = odds / odds.sum(axis=1, keepdims=True)
    return [(str(labels[row.argmax()]), float(row.max())) for row in probabilities]


def show(text: str) -> str:
    """Return a text without what a terminal obeys: control codes, and what turns the order of letters round."""
    return "".join(letter if letter.isprintable() or letter in "\t\u200c\u200d" else "\ufffd" for letter in text)


try:
    found = classify(sys.argv[1:])
except Exception as error:  # of four packages, each with its own
    reason = (str(error).splitlines() or [type(error).__name__])[0][:300]
    sys.exit(f"error: the model in {show(str(FOLDER))} cannot be used: {show(reason)}")
for text, (label, probability) in zip(sys.argv[1:], found, strict=True):
    print(f"{show(label)}\t{probability:.4f}\t{show(text)}")
