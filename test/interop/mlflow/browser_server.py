"""What the Python client sees of the runs that browser_server.ts logged from a page."""

import json
import pathlib
import sys

import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
experiment = client.get_experiment_by_name("from a page")
told = {}
for run in client.search_runs([experiment.experiment_id]):
    files = [f.path for f in client.list_artifacts(run.info.run_id) if f.path != "environment.json"]
    told[run.info.run_name] = {
        "status": run.info.status,
        "user": run.info.user_id,
        "params": run.data.params,
        "steps": [m.step for m in client.get_metric_history(run.info.run_id, "loss")],
        "files": files,
        "note": pathlib.Path(client.download_artifacts(run.info.run_id, "note.txt")).read_text() if "note.txt" in files else None,
    }
print()
print(json.dumps(told))
