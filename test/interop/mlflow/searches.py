"""Reads with MLflow's Python client the searches of searches.ts: usage searches.py <url> <experiment>"""

import json
import sys

import mlflow
from mlflow import MlflowClient

url, experiment = sys.argv[1:]
mlflow.set_tracking_uri(url)
client = MlflowClient()
experiment_id = client.get_experiment_by_name(experiment).experiment_id
parents = [run for run in client.search_runs([experiment_id]) if "mlflow.parentRunId" not in run.data.tags]
found = {}
for parent in parents:
    trials = client.search_runs([experiment_id], f"tags.mlflow.parentRunId = '{parent.info.run_id}' and attributes.status = 'FINISHED'")
    assert parent.info.status == "FINISHED", parent.info.status
    best = min((run for run in trials if run.data.tags["millwright.trial_status"] == "finished"), key=lambda run: run.data.metrics["score"])
    assert parent.data.metrics["best_cv_score"] == best.data.metrics["score"], parent.data.metrics
    for name, value in best.data.params.items():
        assert parent.data.tags.get(f"best_{name}", parent.data.params[f"best_{name}"]) == value, (name, parent.data.tags, parent.data.params)
    rows = []
    for run in trials:
        document = mlflow.artifacts.load_dict(f"runs:/{run.info.run_id}/trial.json")
        assert document["number"] == int(run.data.tags["millwright.trial"]), document
        assert document["score"] == run.data.metrics["score"] == run.data.metrics["mean_test_logLoss"], document
        rows.append({
            "number": document["number"], "status": run.info.status, "score": run.data.metrics["score"], "params": run.data.params,
            "trial_status": run.data.tags["millwright.trial_status"],
            "reported": [[point.step, point.value] for point in client.get_metric_history(run.info.run_id, "reported")],
        })
    found[parent.info.run_name] = sorted(rows, key=lambda row: row["number"])
print(json.dumps(found))
