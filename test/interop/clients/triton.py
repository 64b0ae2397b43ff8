"""What a user of tritonclient does, against our server: triton.py <host:port> <token of administrators>."""
import sys

import numpy as np
import tritonclient.http as triton

url, token = sys.argv[1:]
client = triton.InferenceServerClient(url)
admin = {"authorization": f"Bearer {token}"}

assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready("penguins") and client.is_model_ready("penguins", "7")
assert not client.is_model_ready("nobody")
server = client.get_server_metadata()
assert server["name"] == "millwright" and "binary_tensor_data" in server["extensions"], server
model = client.get_model_metadata("penguins")
assert [i["name"] for i in model["inputs"]] == ["length", "depth", "island", "tagged"], model
assert model["outputs"] == [
    {"name": "prediction", "datatype": "BYTES", "shape": [-1]},
    {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]},
], model
assert client.get_model_config("penguins")["input"][2]["data_type"] == "TYPE_STRING"
assert {m["name"]: m["state"] for m in client.get_model_repository_index()} == {n: "READY" for n in ("penguins", "tensors", "line", "flights")}


def column(name, values, datatype, binary):
    array = np.array(values, dtype=object if datatype == "BYTES" else triton.triton_to_np_dtype(datatype))
    tensor = triton.InferInput(name, list(array.shape), datatype)
    tensor.set_data_from_numpy(array, binary_data=binary)
    return tensor


def penguins(binary):
    return [
        column("length", [31.0, 62.0, 40.0], "FP64", binary),
        column("depth", [15.5, 16.0, 17.0], "FP32", binary),
        column("island", ["Dream", "Biscoe", "Dream"], "BYTES", binary),
        column("tagged", [True, False, True], "BOOL", binary),
    ]


answers = []
for binary_input in (True, False):
    for binary_output in (True, False):
        for compression in (None, "gzip", "deflate"):
            outputs = [triton.InferRequestedOutput(n, binary_data=binary_output) for n in ("prediction", "probabilities")]
            result = client.infer(
                "penguins",
                penguins(binary_input),
                outputs=outputs,
                request_id="r1",
                request_compression_algorithm=compression,
                response_compression_algorithm="gzip",
            )
            assert result.get_response()["id"] == "r1" and result.get_response()["model_version"] == "7"
            species = [s.decode() if isinstance(s, bytes) else s for s in result.as_numpy("prediction")]
            assert species[:2] == ["Adelie", "Gentoo"], species
            answers.append(result.as_numpy("probabilities"))
assert all(a.shape == (3, 2) and np.array_equal(a, answers[0]) for a in answers)
assert np.allclose(answers[0].sum(axis=1), 1)
# All outputs, unasked, as bytes.
assert client.infer("penguins", penguins(True)).as_numpy("probabilities").shape == (3, 2)

# Tensors as they are: 64-bit integers beyond 2**53, floats, texts beyond ASCII.
big = np.array([[1, 2**53 + 1, -(2**62)]], dtype=np.int64)
floats = np.array([[1.5, np.nan]], dtype=np.float32)
texts = np.array(["Zürich 日本".encode()], dtype=np.object_)
inputs = [triton.InferInput("x", [1, 3], "INT64"), triton.InferInput("h", [1, 2], "FP32"), triton.InferInput("text", [1], "BYTES")]
for tensor, array in zip(inputs, (big, floats, texts)):
    tensor.set_data_from_numpy(array)
result = client.infer("tensors", inputs)
assert (result.as_numpy("sum") == big + 1).all(), result.as_numpy("sum")
assert np.array_equal(result.as_numpy("half"), floats / 2, equal_nan=True)
assert result.as_numpy("upper")[0].decode() == "Zürich 日本"

# Errors come as the client's own exception, with the message of the server.
for inputs_, part in ((penguins(True)[1:], "required"), ([column("x", [1], "INT64", True)], "no input")):
    try:
        client.infer("penguins", inputs_)
        raise SystemExit("a wrong input was accepted")
    except triton.InferenceServerException as error:
        assert part in str(error), error

try:
    client.unload_model("penguins")
    raise SystemExit("unload without a token was accepted")
except triton.InferenceServerException:
    pass
client.unload_model("penguins", headers=admin)
assert not client.is_model_ready("penguins")
client.load_model("penguins", headers=admin)
assert client.is_model_ready("penguins")
statistics = client.get_inference_statistics("penguins")["model_stats"][0]
assert statistics["inference_count"] == 39 and statistics["inference_stats"]["fail"]["count"] == 1, statistics
print(f"tritonclient {triton.__version__ if hasattr(triton, '__version__') else ''}: {len(answers) + 2} inferences agree")
