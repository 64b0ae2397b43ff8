"""Opens with the real MLflow what registry.ts wrote, and writes into the same tree. Needs: pip install mlflow (onnx onnxruntime for ONNX)."""
import json
import logging
import os
import pathlib
import sys
import warnings

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
warnings.simplefilter("ignore")
import mlflow
from mlflow import MlflowClient
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

logging.getLogger("mlflow").setLevel(logging.ERROR)
root = pathlib.Path(sys.argv[1]).resolve() / "mlruns"
mlflow.set_tracking_uri(root.as_uri())
mlflow.set_registry_uri(root.as_uri())
client = MlflowClient()

models = {model.name: model for model in client.search_registered_models()}
assert "flights" in models, models
flights = models["flights"]
assert flights.description == "no" and flights.tags == {"owner": "ops"}, flights
assert flights.aliases == {"champion": "1"}, flights.aliases

champion = client.get_model_version_by_alias("flights", "champion")
assert str(champion.version) == "1" and champion.user_id == "ada", champion
assert champion.description == "yes: it's größe #1\nand a second line", repr(champion.description)
tags = {k: v for k, v in champion.tags.items() if not k.startswith("millwright.")}
assert tags == {"team": "ops", "with/slash": "ü"}, champion.tags
assert champion.status == "READY" and champion.current_stage == "None"
versions = sorted(int(v.version) for v in client.search_model_versions("name='flights'"))
assert versions == [1, 2], versions

logged = client.get_logged_model(champion.model_id)
assert logged.status.name == "READY" and logged.model_type == "classification", logged
assert champion.model_id in [m.model_id for m in client.search_logged_models(["0"])]

info = mlflow.models.get_model_info("models:/flights@champion")
assert [c.name for c in info.signature.inputs] == ["dep_delay", "carrier", "on"], info.signature
assert "millwright" in info.flavors
local = pathlib.Path(mlflow.artifacts.download_artifacts("models:/flights@champion"))
example = mlflow.models.Model.load(str(local)).load_input_example(str(local))
assert list(example.columns) == ["dep_delay", "carrier", "on"] and example["dep_delay"][0] == 1.5, example
assert json.loads((local / "model.json").read_text()) == {"trees": []}

if "onnx-model" in models:
    try:
        import numpy as np
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401
        loaded = mlflow.pyfunc.load_model("models:/onnx-model@champion")
        print("onnx through pyfunc:", type(loaded).__name__, loaded.metadata.signature.inputs.input_names())
    except ImportError as error:
        print("left out: loading the ONNX model,", error)

client.set_model_version_tag("flights", "2", "reviewed", "by python")
client.update_model_version("flights", "2", description="a long description that PyYAML folds over lines, " * 6 + "with: colon")
client.set_registered_model_alias("flights", "champion", "2")


class Doubler(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input


signature = ModelSignature(inputs=Schema([ColSpec("double", "a"), ColSpec("string", "b")]), outputs=Schema([ColSpec("double", "y")]))
with mlflow.start_run():
    mlflow.pyfunc.log_model(name="model", python_model=Doubler(), signature=signature, registered_model_name="from-python",
                            pip_requirements=[])
client.set_model_version_tag("from-python", "1", "made", "there")
client.set_registered_model_alias("from-python", "challenger", "1")
print(json.dumps(mlflow.__version__))
