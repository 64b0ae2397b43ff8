"""Opens our SQLite registry with plain MLflow: reads, loads, predicts, moves an alias, registers a model of its own. Prints what both sides must agree on.

usage: registry_sqlite.py <database> <expected.json of the penguins fixture> <empty database to upgrade>
"""
import json
import logging
import pathlib
import sys
import warnings

warnings.simplefilter("ignore")
import mlflow
import numpy as np
import onnx
import onnxruntime
from mlflow import MlflowClient
from mlflow.models import infer_signature
from onnx import TensorProto, helper

logging.disable(logging.WARNING)
path, expected_path, empty = sys.argv[1:4]
MlflowClient(f"sqlite:///{empty}").search_registered_models()
mlflow.set_tracking_uri(f"sqlite:///{path}")
client = MlflowClient()

models = {model.name: model for model in client.search_registered_models()}
assert sorted(models) == ["it's größe", "penguins"], sorted(models)
penguins = models["penguins"]
assert penguins.description == "three kinds" and penguins.tags == {"owner": "ops"}, penguins
assert {k: str(v) for k, v in penguins.aliases.items()} == {"champion": "1", "challenger": "2"}, penguins.aliases
champion = client.get_model_version_by_alias("penguins", "champion")
assert str(champion.version) == "1" and champion.user_id == "ada" and champion.status == "READY", champion
assert {k: v for k, v in champion.tags.items() if not k.startswith("millwright.")} == {"team": "ops", "with/slash": "ü"}, champion.tags
assert champion.description == "first — größe", champion.description
assert sorted(int(v.version) for v in client.search_model_versions("name='penguins'")) == [1, 2]

# The run and the model know each other.
run = client.get_run(champion.run_id)
outputs = [output.model_id for output in run.outputs.model_outputs]
assert champion.source == f"models:/{outputs[0]}", (champion.source, outputs)
logged = client.get_logged_model(outputs[0])
assert logged.status.name == "READY" and logged.source_run_id == champion.run_id and logged.model_type == "classification"
assert [(m.key, m.value) for m in logged.metrics] == [("accuracy", 0.97)], logged.metrics

# It loads, and predicts what onnxruntime-node predicts.
rows = json.loads(pathlib.Path(expected_path).read_text())["rows"][:50]
numeric = np.array([[np.nan if v is None else v for v in row["numeric"]] for row in rows], dtype=np.float32)
island = np.array([[row["island"]] for row in rows], dtype=str)
sex = np.array([[row["sex"]] for row in rows], dtype=str)
feeds = {"numeric": numeric, "island": island, "sex": sex}
wanted = [row["label"] for row in rows]
probabilities = np.array([row["probabilities"] for row in rows])
raw = mlflow.onnx.load_model("models:/penguins@champion")
onnx.checker.check_model(raw)
label, proba = onnxruntime.InferenceSession(raw.SerializeToString()).run(["label", "probabilities"], feeds)
assert list(label) == wanted and np.abs(proba - probabilities).max() < 1e-5
for uri in ["models:/penguins@champion", "models:/penguins/1", f"models:/{outputs[0]}"]:
    answer = mlflow.pyfunc.load_model(uri).predict(feeds)
    assert list(np.ravel(answer["label"])) == wanted, uri
    assert np.abs(np.array(answer["probabilities"]) - probabilities).max() < 1e-5, uri
info = mlflow.models.get_model_info("models:/penguins@challenger")
assert info.signature.inputs.input_names() == ["numeric", "island", "sex"], info.signature

# Theirs: an alias, tags, a deletion, a model of their own.
client.set_registered_model_alias("penguins", "champion", "2")
client.set_model_version_tag("penguins", "2", "reviewed", "by python")
client.update_model_version("penguins", "2", description="seen by python")
client.delete_model_version("it's größe", "1")
graph = helper.make_graph(
    [helper.make_node("MatMul", ["X", "W"], ["P"]), helper.make_node("Add", ["P", "B"], ["Y"])],
    "linear",
    [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])],
    [helper.make_tensor_value_info("Y", TensorProto.FLOAT, [None, 1])],
    [helper.make_tensor("W", TensorProto.FLOAT, [2, 1], [2.0, -1.0]), helper.make_tensor("B", TensorProto.FLOAT, [1], [0.5])],
)
linear = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
x = np.array([[1, 2], [3, 4], [-1, 0.5]], dtype=np.float32)
y = onnxruntime.InferenceSession(linear.SerializeToString()).run(None, {"X": x})[0]
with mlflow.start_run():
    mlflow.onnx.log_model(linear, name="linear", signature=infer_signature(x, y), input_example=x, registered_model_name="from-python")
client.set_registered_model_alias("from-python", "live", "1")
print(json.dumps({"mlflow": mlflow.__version__, "x": x.tolist(), "y": y.ravel().tolist()}))
