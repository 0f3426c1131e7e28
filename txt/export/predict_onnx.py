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
labels = json.loads((FOLDER / "labels.json").read_text(encoding="utf-8"))
tokenizer = Tokenizer.from_file(str(FOLDER / "tokenizer.json"))
(model,) = (FOLDER / "onnx").glob("*.onnx")
session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])

rows = tokenizer.encode_batch(sys.argv[1:])
feed = {"input_ids": [row.ids for row in rows], "attention_mask": [row.attention_mask for row in rows]}
logits = session.run(["logits"], {name: np.array(value, np.int64) for name, value in feed.items()})[0]
odds = np.exp(logits - logits.max(axis=1, keepdims=True))
for text, probabilities in zip(sys.argv[1:], odds / odds.sum(axis=1, keepdims=True), strict=True):
    print(f"{labels[probabilities.argmax()]}\t{probabilities.max():.4f}\t{text}")
