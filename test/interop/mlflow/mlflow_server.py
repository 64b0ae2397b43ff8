"""Reads with the Python client what mlflow_server.ts logged over REST, and logs a run for it to read back."""

import json
import math
import pathlib
import sys

import mlflow
from mlflow import MlflowClient

url, run_id, model_id = sys.argv[1:]


def odd(value):
    """A SQL store keeps an infinity as the greatest double."""
    return "nan" if math.isnan(value) else "-inf" if value < -1.7e308 else "inf" if value > 1.7e308 else str(value)


mlflow.set_tracking_uri(url)
client = MlflowClient()
run = client.get_run(run_id)
experiment_id = run.info.experiment_id
params = {f"p/{i}": "ü" * (i * 10) + str(i) for i in range(450)}
file = pathlib.Path(client.download_artifacts(run_id, "large/file.bin")).read_bytes()
model = client.get_logged_model(model_id)
weights = mlflow.artifacts.download_artifacts(artifact_uri=f"{model.artifact_location}/deep/wéights 1.bin")
told = {
    "name": run.info.run_name,
    "status": run.info.status,
    "user": run.info.user_id,
    "params": len(run.data.params),
    "sameParams": run.data.params == params,
    "tags": sum(1 for key in run.data.tags if key.startswith("t.")),
    "loss": len(client.get_metric_history(run_id, "loss")),
    "valAcc": len(client.get_metric_history(run_id, "val/acc")),
    "lastLoss": run.data.metrics["loss"],
    "odd": [odd(m.value) for m in client.get_metric_history(run_id, "odd")],
    "datasets": [[d.dataset.name, d.dataset.digest, d.tags[0].value] for d in run.inputs.dataset_inputs],
    "outputs": [[o.model_id, o.step] for o in run.outputs.model_outputs],
    "children": [r.info.run_name for r in client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{run_id}'")],
    "model": [model.name, model.status.value, model.params, {k: v for k, v in model.tags.items() if not k.startswith(("mlflow.", "millwright."))}],
    "modelBytes": list(pathlib.Path(weights).read_bytes()),
    "large": [len(file), sum(file)],
    "experimentTags": {k: v for k, v in client.get_experiment(experiment_id).tags.items() if not k.startswith("mlflow.")},
}
import pandas  # noqa: E402

mlflow.set_experiment(experiment_id=experiment_id)
with mlflow.start_run(run_name="by python"):
    mlflow.log_params({"a": 1, "b/c": "x"})
    for step in range(10):
        mlflow.log_metric("m", step, step=step)
    mlflow.log_text("from python", "notes/n.txt")
    mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1.0, 2.0]}), name="frame"), context="training")
print()
print(json.dumps(told))
