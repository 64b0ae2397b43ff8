"""
Quantizes and halves models with Python's onnxruntime and compares: `quantize.py <folder> [<golden file>]`. `cases.json` there lists the cases: a model, its feeds, how
it was made smaller, and our file. Prints one JSON line per case: the errors of both files against the model, how far their answers are apart, and which
initializers differ. The golden file gets the constants of Python's eight-bit files.
"""
import json
import logging
import sys
from pathlib import Path

import numpy
import onnx
import onnxruntime
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic
from onnxruntime.transformers.float16 import convert_float_to_float16

logging.disable(logging.WARNING)
folder = Path(sys.argv[1])
types = {"tensor(float)": numpy.float32, "tensor(float16)": numpy.float16, "tensor(int64)": numpy.int64, "tensor(bool)": bool}


def answers(path, feeds):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = {v.name: numpy.array(feeds[v.name]["data"], types[v.type]).reshape(feeds[v.name]["dims"]) for v in session.get_inputs()}
    return {output.name: numpy.asarray(value, float) for output, value in zip(session.get_outputs(), session.run(None, given))}


def furthest(a, b):
    """The largest difference, in units of the root mean square of the output."""
    return max(float(numpy.max(numpy.abs(a[name] - b[name]), initial=0) / max(1e-30, numpy.sqrt(numpy.mean(a[name] ** 2)))) for name in a)


def rms(a, b):
    return max(float(numpy.sqrt(numpy.mean((a[name] - b[name]) ** 2)) / max(1e-30, numpy.sqrt(numpy.mean(a[name] ** 2)))) for name in a)


golden = {}
for case in json.loads((folder / "cases.json").read_text()):
    model, ours, theirs = folder / case["model"], folder / case["ours"], folder / f"{case['ours']}.python"
    feeds = json.loads((folder / case["feeds"]).read_text())
    onnx.checker.check_model(str(ours), full_check=True)
    if case["how"] == "float16":
        onnx.save(convert_float_to_float16(onnx.load(model), keep_io_types=case["options"]["keepIoTypes"]), theirs)
    else:
        options = case["options"]
        quantize_dynamic(model, theirs, per_channel=options["perChannel"], reduce_range=options["reduceRange"],
                         weight_type=QuantType.QInt8 if options["weightType"] == "int8" else QuantType.QUInt8)
    constants = lambda path: {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(path).graph.initializer}
    own, other = constants(ours), constants(theirs)
    names = [name for name in other if case["how"] == "float16" or name.endswith(("_quantized", "_scale", "_zero_point"))]
    if case["how"] == "int8":
        golden[case["name"]] = {"model": case["model"], "options": case["options"], "constants": {name: other[name].ravel().tolist() for name in names}}
    differing = [name for name in names if name not in own or own[name].dtype != other[name].dtype or not numpy.array_equal(own[name], other[name])]
    found = {"name": case["name"], "compared": len(names), "differing": differing, "bytes": [model.stat().st_size, ours.stat().st_size, theirs.stat().st_size]}
    before, after = answers(model, feeds), answers(ours, feeds)
    found["ourError"] = rms(before, after)
    try:
        python = answers(theirs, feeds)
        found |= {"theirError": rms(before, python), "apart": furthest(python, after)}
    except Exception as error:
        found["refused"] = str(error).split("\n")[0][:160]
    print(json.dumps(found))
if len(sys.argv) > 2:
    Path(sys.argv[2]).write_text(json.dumps({name: case for name, case in golden.items() if case["model"] != "matmul.onnx"}))
