"""What the Python client sees of the runs of tee_server.ts in an experiment: parents, values and logged models by the server's own ids."""

import json
import sys

import mlflow
import yaml
from mlflow import MlflowClient

url, name = sys.argv[1:3]
mlflow.set_tracking_uri(url)
client = MlflowClient()
told = {}
experiment = client.get_experiment_by_name(name)
for run in client.search_runs([experiment.experiment_id]):
    models = []
    for output in client.get_run(run.info.run_id).outputs.model_outputs:
        model = client.get_logged_model(output.model_id)
        with open(mlflow.artifacts.download_artifacts(f"models:/{model.model_id}") + "/MLmodel") as file:
            described = yaml.safe_load(file)
        models.append(
            {
                "status": str(model.status),
                "isOfThisRun": model.source_run_id == run.info.run_id,
                "isNamedInFile": described["model_id"] == model.model_id and described.get("run_id") == run.info.run_id,
            }
        )
    told.setdefault(run.info.run_name, []).append(
        {
            "runId": run.info.run_id,
            "parent": run.data.tags.get("mlflow.parentRunId"),
            "teeId": run.data.tags.get("millwright.tee_id"),
            "queueId": run.data.tags.get("millwright.queue_id"),
            "status": run.info.status,
            "params": run.data.params,
            "steps": [m.step for m in client.get_metric_history(run.info.run_id, "loss")],
            "note": mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/note.txt"),
            "models": models,
        }
    )
print()
print(json.dumps(told))
