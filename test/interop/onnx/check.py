"""
Opens exported models with Python's onnx and onnxruntime: `check.py <folder>`. `cases.json` there lists, for each model, its file, the CSV of its rows
and our own answers. Prints one JSON line per model: the largest difference and how many labels differ.
"""
import json
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
import pandas

types = {"tensor(double)": "float64", "tensor(float)": "float32", "tensor(int32)": "int32", "tensor(int64)": "int64", "tensor(bool)": "bool"}
folder = Path(sys.argv[1])
print(json.dumps({"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__}))
for case in json.loads((folder / "cases.json").read_text()):
    path = folder / case["model"]
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    rows = pandas.read_csv(folder / case["rows"])
    feeds = {}
    for value in session.get_inputs():
        if value.name == "X":
            feeds["X"] = rows[case["columns"]].to_numpy(types[value.type])
            continue
        column = rows[value.name]
        cells = column.fillna("").astype(str).to_numpy(object) if value.type == "tensor(string)" else column.to_numpy(types[value.type])
        feeds[value.name] = cells.reshape(-1, 1)
    answers = dict(zip([output.name for output in session.get_outputs()], session.run(None, feeds)))
    own = numpy.array(case["scores"])
    scores = answers.get("probabilities", answers.get("prediction")).reshape(own.shape)
    difference = float(numpy.max(numpy.abs(own - scores) / numpy.maximum(1, numpy.abs(own))))
    labels = [str(label) for label in answers.get("label", [])]
    print(json.dumps({"name": case["name"], "rows": len(rows), "difference": difference, "labels": sum(a != b for a, b in zip(labels, case["labels"]))}))
