"""Finds with the real MLflow what was kept under hostile names; prints how much of each kind.

usage: hostile_names.py <told.json>
"""

import json
import os
import pathlib
import re
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402

told = json.loads(pathlib.Path(sys.argv[1]).read_text())
# MLflow's client makes an empty `mlruns` where it is started.
os.chdir(tempfile.mkdtemp())
# MLflow 3.0 downloads from the store that is set for all.
mlflow.set_tracking_uri(told["uri"])
client = MlflowClient(told["uri"], told["uri"])
counts = {}


def check(condition, what):
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def every(call, **filters):
    items, token = [], None
    while True:
        page = call(page_token=token, **filters)
        items.extend(page)
        token = page.token
        if not token:
            return items


experiments = {e.name: e.experiment_id for e in every(client.search_experiments, max_results=1000)}
for name, experiment_id in told["experiments"].items():
    check(experiments.get(name) == experiment_id, f"experiment {name!r}")
counts["experiments"] = len(told["experiments"])

run = client.get_run(told["runId"])
runs = {r.info.run_id: r.info.run_name for r in every(lambda **k: client.search_runs([run.info.experiment_id], **k), max_results=1000)}
for name, run_id in told["runNames"].items():
    check(runs.get(run_id) == name, f"run {name!r}: {runs.get(run_id)!r}")
counts["runs"] = len(told["runNames"])

check(run.data.params == told["params"], f"params: {set(run.data.params.items()) ^ set(told['params'].items())}")
tags = {key: value for key, value in run.data.tags.items() if not key.startswith(("mlflow.", "millwright.")) or key in told["tags"]}
check(tags == told["tags"], f"tags: {set(tags.items()) ^ set(told['tags'].items())}")
check(run.data.metrics == told["metrics"], f"metrics: {set(run.data.metrics.items()) ^ set(told['metrics'].items())}")
counts.update({"params": len(told["params"]), "tags": len(told["tags"]), "metrics": len(told["metrics"])})

datasets = [d.dataset.name for d in run.inputs.dataset_inputs]
check(sorted(datasets) == sorted(told["datasets"]), f"datasets: {set(datasets) ^ set(told['datasets'])}")
counts["datasets"] = len(datasets)

# Each artifact by its own name: the bytes we put, or a refusal; never those of another one. MLflow's client itself takes paths for parts of a
# URI, in which # begins a fragment and %XX is a letter: what it makes of those is no matter of the store.
refused = misread = 0
for i, (path, text) in enumerate(told["artifacts"].items()):
    with tempfile.TemporaryDirectory() as folder:
        try:
            got = pathlib.Path(client.download_artifacts(told["runId"], path, folder)).read_text()
        except Exception as error:  # noqa: BLE001: of many kinds, by repository and version
            refused += 1
            if refused <= int(os.environ.get("TELL", "0")):
                print(f"{path!r}: {type(error).__name__} {str(error)[:150]}", file=sys.stderr)
            continue
        if got != text and re.search(r"#|%[0-9a-fA-F]{2}", path):
            misread += 1
            continue
        check(got == text, f"artifact {path!r}: {got!r}")
counts["artifacts"] = len(told["artifacts"]) - refused - misread
counts["artifacts of whose path it reads # or %XX as another"] = misread
counts["artifacts that it refuses to read"] = refused

models = {m.name: m for m in every(client.search_registered_models, max_results=100)}
for name in told["models"]:
    check(name in models, f"model {name!r}")
counts["models"] = len(told["models"])
check(sorted(client.get_registered_model("known").aliases) == sorted(told["aliases"]), "aliases")
counts["aliases"] = len(told["aliases"])
version = client.get_model_version("known", "1")
tags = {key: value for key, value in version.tags.items() if not key.startswith("millwright.")}
check(tags == told["versionTags"], f"tags of a version: {set(tags.items()) ^ set(told['versionTags'].items())}")
counts["tags of a version"] = len(tags)
print(json.dumps(counts))
