"""What the Python client sees of the runs of offline_queue.ts, by the run's name."""

import json
import sys

import mlflow
from mlflow import MlflowClient

mlflow.set_tracking_uri(sys.argv[1])
client = MlflowClient()
experiment = client.get_experiment_by_name("offline")
told = {}
for run in client.search_runs([experiment.experiment_id]):
    run_id = run.info.run_id
    told.setdefault(run.info.run_name, []).append(
        {
            "steps": [m.step for m in client.get_metric_history(run_id, "loss")],
            "nan": len(client.get_metric_history(run_id, "nan")),
            "params": len(run.data.params),
            "last": run.data.tags["last"],
            "notes": [f.path for f in client.list_artifacts(run_id, "notes")],
        }
    )
print()
print(json.dumps(told))
