"""
Small ONNX models of the operators that are quantized or made float16: `models.py <folder>` writes each as `<name>.onnx` with its inputs as `<name>.json`.
Weights are Gaussian, of a fixed seed; the matrix of `matmul` has columns of different scales.
"""
import json
import sys
from pathlib import Path

import numpy
import onnx
from onnx import TensorProto, helper, numpy_helper

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
random = numpy.random.default_rng(7)


def gaussian(*shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(numpy.float32)


def weight(name, values):
    return numpy_helper.from_array(values, name)


def save(name, nodes, inputs, outputs, weights, feeds, opset=17, extra=()):
    value = lambda spec: helper.make_tensor_value_info(*spec)
    graph = helper.make_graph(nodes, name, [value(spec) for spec in inputs], [value(spec) for spec in outputs], weights)
    sets = [helper.make_opsetid("", opset), *[helper.make_opsetid(domain, version) for domain, version in extra]]
    model = helper.make_model(graph, opset_imports=sets, ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, folder / f"{name}.onnx")
    described = {key: {"dims": list(array.shape), "data": array.ravel().tolist()} for key, array in feeds.items()}
    (folder / f"{name}.json").write_text(json.dumps(described))


F, I = TensorProto.FLOAT, TensorProto.INT64
columns = (1 + 0.2 * numpy.arange(64)).astype(numpy.float32)
save("matmul", [helper.make_node("MatMul", ["X", "W"], ["Y"], "product")], [("X", F, ["N", 256])], [("Y", F, ["N", 64])],
     [weight("W", gaussian(256, 64) * columns)], {"X": gaussian(32, 256)})

save("mlp", [
    helper.make_node("Gemm", ["X", "W1", "b1"], ["h"], "first", transB=1),
    helper.make_node("Relu", ["h"], ["r"], "relu"),
    helper.make_node("Gemm", ["r", "W2", "b2"], ["s"], "second"),
    helper.make_node("Gemm", ["s", "W3"], ["t"], "third", alpha=0.5),
    helper.make_node("MatMul", ["t", "W4"], ["Y"], ""),
], [("X", F, ["N", 12])], [("Y", F, ["N", 3])],
    [weight("W1", gaussian(16, 12)), weight("b1", gaussian(16)), weight("W2", gaussian(16, 8)), weight("b2", gaussian(8)), weight("W3", gaussian(8, 5)), weight("W4", gaussian(5, 3))],
    {"X": gaussian(20, 12)})

save("conv", [
    helper.make_node("Conv", ["X", "W1", "b1"], ["c1"], "conv1", pads=[1, 1, 1, 1], strides=[2, 2]),
    helper.make_node("Relu", ["c1"], ["r1"], "relu1"),
    helper.make_node("Conv", ["r1", "W2"], ["c2"], "conv2", group=2),
    helper.make_node("GlobalAveragePool", ["c2"], ["p"], "pool"),
    helper.make_node("Flatten", ["p"], ["f"], "flatten"),
    helper.make_node("Gemm", ["f", "W3", "b3"], ["Y"], "dense", transB=1),
], [("X", F, ["N", 3, 12, 12])], [("Y", F, ["N", 4])],
    [weight("W1", gaussian(8, 3, 3, 3)), weight("b1", gaussian(8)), weight("W2", gaussian(6, 4, 3, 3)), weight("W3", gaussian(4, 6)), weight("b3", gaussian(4))],
    {"X": gaussian(2, 3, 12, 12)})

save("embed", [
    helper.make_node("Gather", ["table", "ids"], ["rows"], "look"),
    helper.make_node("MatMul", ["rows", "W"], ["m"], "project"),
    helper.make_node("ReduceMean", ["rows"], ["mean"], "mean", axes=[1], keepdims=0),
    helper.make_node("ReduceMean", ["m"], ["Y"], "mean2", axes=[1], keepdims=0),
], [("ids", I, ["N", 6])], [("Y", F, ["N", 5]), ("mean", F, ["N", 16])],
    [weight("table", gaussian(50, 16)), weight("W", gaussian(16, 5))], {"ids": random.integers(0, 50, (9, 6))})

branch = lambda name, op: helper.make_graph([helper.make_node(op, ["m", "k"], [f"{name}_y"])], name, [], [helper.make_tensor_value_info(f"{name}_y", F, None)])
save("mixed", [
    helper.make_node("MatMul", ["X", "W"], ["m"], "product"),
    helper.make_node("Max", ["m", "zero"], ["p"], "positive"),
    helper.make_node("Min", ["p", "cap"], ["q"], "capped"),
    helper.make_node("TopK", ["q", "three"], ["top", "places"], "best", axis=1),
    helper.make_node("If", ["flag"], ["z"], "choice", then_branch=branch("then", "Add"), else_branch=branch("else", "Mul")),
    helper.make_node("Scaler", ["z"], ["sc"], "scaler", domain="ai.onnx.ml", offset=[0.5], scale=[2.0]),
    helper.make_node("Constant", [], ["tiny"], "constant", value_float=1e-9),
    helper.make_node("Add", ["sc", "tiny"], ["Y"], "sum"),
], [("X", F, ["N", 10]), ("flag", TensorProto.BOOL, [])], [("Y", F, ["N", 6]), ("top", F, ["N", 3]), ("places", I, ["N", 3])],
    [weight("W", gaussian(10, 6)), weight("zero", numpy.zeros(1, numpy.float32)), weight("cap", numpy.array([70000], numpy.float32)),
     weight("three", numpy.array([3])), weight("k", gaussian(6))],
    {"X": gaussian(7, 10), "flag": numpy.array(True)}, extra=[("ai.onnx.ml", 3)])
