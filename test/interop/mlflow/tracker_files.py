"""Reads with the real MLflow what our file tracker wrote, converts it with `mlflow migrate-filestore`, and writes back for us to read.

Run: node scripts/run.mjs test/interop/mlflow/tracker_files.ts   (in the lane mlflow)
"""

import json
import math
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import ViewType  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]
VERSION = tuple(int(part) for part in mlflow.__version__.split(".")[:2])
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def driver(folder, mode):
    command = ["node", "scripts/run.mjs", "test/interop/mlflow/tracker_files.ts", str(folder), mode]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"the driver failed:\n{done.stdout}\n{done.stderr}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def read_runs(client, told):
    run = client.get_run(told["runId"])
    check(run.info.run_name == "main run" and run.info.status == "FINISHED", "head of the main run")
    check(run.info.user_id == "ada" and run.info.end_time >= run.info.start_time, "user and times")
    check(
        run.data.params
        == {"alpha": "0.1", "nested.depth": "3", "nested.names": '["a","b"]', "text": 'ü\r\n"x"', "empty": "", "flag": "true", "none": "null"},
        f"params: {run.data.params}",
    )
    tags = run.data.tags
    check(tags["team"] == "blue" and tags["mlflow.note.content"] == "**bold**" and tags["millwright.seed"] == "7", "tags")
    check(tags["mlflow.user"] == "ada" and tags["mlflow.source.type"] == "LOCAL" and tags["mlflow.source.name"], "reserved tags")
    history = client.get_metric_history(run.info.run_id, "loss")
    check([(m.step, m.value) for m in history] == [(s, 1 / (s + 1)) for s in range(500)], "history of loss")
    last = run.data.metrics
    check(last["loss"] == 1 / 500 and last["val/loss"] == 499 / 3 and last["名前 with space"] == -0.5, "last values")
    check(math.isnan(last["nan"]) and last["inf"] == math.inf and last["minusInf"] == -math.inf, "NaN and infinities")
    check(last["tiny"] == 5e-324 and last["big"] == 1.7976931348623157e308, "the smallest and the greatest number")
    datasets = {d.dataset.name: d for d in run.inputs.dataset_inputs}
    check(set(datasets) == {"flights", "weather"}, "dataset inputs")
    flights = datasets["flights"]
    check(flights.dataset.digest == "abc123" and json.loads(flights.dataset.source) == {"uri": "data/f.csv"}, "a dataset")
    check(json.loads(flights.dataset.schema)["mlflow_colspec"][0]["name"] == "x", "its schema")
    check([(t.key, t.value) for t in flights.tags] == [("mlflow.data.context", "training")], "its context")
    files = {f.path for f in client.list_artifacts(run.info.run_id)}
    # The patch is there when the checkout that runs this has uncommitted changes.
    check(files - {"uncommitted.patch"} == {"notes", "table.json", "environment.json"}, f"artifacts: {files}")
    text = pathlib.Path(client.download_artifacts(run.info.run_id, "notes/hello.txt")).read_text()
    check(text == "hello", "an artifact")
    mlflow.set_experiment(experiment_id=run.info.experiment_id)
    table = mlflow.load_table("table.json", run_ids=[run.info.run_id])
    check(list(table["a"]) == [1, 2], "mlflow.load_table")
    outputs = run.outputs.model_outputs
    check([(o.model_id, o.step) for o in outputs] == [(told["modelId"], 4)], "model outputs")
    model = client.get_logged_model(told["modelId"])
    check(model.name == "forest" and model.status.value == "READY" and model.source_run_id == run.info.run_id, "the logged model")
    check(model.params == {"trees": "10"} and model.tags == {"kind": "test"}, "its params and tags")
    info = mlflow.models.get_model_info(f"models:/{told['modelId']}")
    check(list(info.flavors) == ["millwright"] and info.signature.inputs.input_names() == ["x"], "its MLmodel")
    searched = client.search_logged_models(experiment_ids=[run.info.experiment_id])
    check([m.model_id for m in searched] == [told["modelId"]], "search for logged models")
    children = client.search_runs([run.info.experiment_id], f"tags.mlflow.parentRunId = '{run.info.run_id}'")
    check([c.info.run_name for c in children] == ["child"], "the nested run")
    check(client.get_run(told["empty"]).data.metrics == {}, "a run that logged nothing")
    check(client.get_run(told["running"]).info.status == "RUNNING", "a run that still runs")
    failing = client.search_runs([run.info.experiment_id], "attributes.run_name = 'failing'")[0]
    check(failing.info.status == "FAILED" and failing.data.tags["millwright.error"] == "Error: boom", "a failed run")
    for i, name in enumerate(told["names"]):
        experiment = next(e for e in client.search_experiments() if e.name == f"experiment {name}")
        odd = client.search_runs([experiment.experiment_id])[0]
        check(odd.info.run_name == name and odd.data.tags["odd"] == name and odd.data.params["odd"] == f"{name}{i}", f"the name {name!r}")
    check(client.get_experiment_by_name("Default").experiment_id == "0", "the default experiment")


def same_searches(client, told):
    experiment = client.get_experiment_by_name("search")
    if VERSION < (3, 4):
        # IS [NOT] NULL came later.
        told["searched"] = [search for search in told["searched"] if " IS N" not in search["filter"]]
    for search in told["searched"]:
        runs = client.search_runs([experiment.experiment_id], search["filter"], order_by=search["orderBy"])
        found = [r.info.run_id for r in runs]
        check(found == search["runIds"], f"search {search['filter']!r} by {search['orderBy']}: {len(found)} against {len(search['runIds'])} runs")


def migrate(folder, told):
    database = folder / "migrated.db"
    command = [sys.executable, "-m", "mlflow", "migrate-filestore", "--source", str(folder / "mlruns"), "--target", f"sqlite:///{database}"]
    done = subprocess.run(command, capture_output=True, text=True)
    check(done.returncode == 0, f"migrate-filestore: {done.stdout[-2000:]} {done.stderr[-2000:]}")
    with sqlite3.connect(database) as db:
        count = lambda table: db.execute(f"select count(*) from {table}").fetchone()[0]  # noqa: E731
        told["migrated"] = {t: count(t) for t in ("experiments", "runs", "params", "metrics", "tags", "datasets", "inputs", "logged_models")}
    client = MlflowClient(f"sqlite:///{database}")
    run = client.get_run(told["runId"])
    check(run.data.metrics["loss"] == 1 / 500 and run.data.params["nested.depth"] == "3", "the migrated run")
    check(len(client.get_metric_history(told["runId"], "loss")) == 500, "its history")
    check(len(client.get_metric_history(told["runId"], "tied")) == 2, "points that are equal are one")
    check(len(run.inputs.dataset_inputs) == 2 and run.outputs.model_outputs[0].model_id == told["modelId"], "its inputs and outputs")


def write_back(folder):
    uri = (folder / "mlruns").as_uri()
    mlflow.set_tracking_uri(uri)
    mlflow.set_experiment("by python")
    with mlflow.start_run(run_name="1234e5") as run:
        mlflow.log_params({"a": 1, "b/c": "x"})
        for step in range(10):
            mlflow.log_metric("loss", step / 10, step=step)
        mlflow.log_metric("nan", float("nan"))
        mlflow.set_tag("note", "ü")
        mlflow.log_text("hi", "x/y.txt")
    told = driver(folder, "read")
    check("interop" in told["experiments"] and "by python" in told["experiments"], "experiments of both")
    (read,) = told["runs"]
    check(read["runId"] == run.info.run_id and read["runName"] == "1234e5" and read["status"] == "finished", "their run, read by us")
    check(read["params"] == {"a": "1", "b/c": "x"} and read["tags"]["note"] == "ü", "its params and tags")
    check(read["history"] == [[s, s / 10] for s in range(10)], "its history")
    again = MlflowClient(uri).get_run(run.info.run_id)
    check(again.data.metrics["loss"] == 99 and again.data.params["from"] == "typescript" and again.info.status == "FINISHED", "extended by us")


def take_turns(folder):
    """Names, tags, deletion and restoration: each side finds what the other changed, and takes it back."""
    told = driver(folder, "change")
    client = MlflowClient((folder / "mlruns").as_uri())
    renamed = client.get_experiment_by_name("renamed by us")
    check(renamed is not None and renamed.tags["team"] == "blue" and client.get_experiment_by_name("by python") is None, "an experiment renamed by us")
    tags = client.get_run(told["runId"]).data.tags
    check("note" not in tags and tags["seen"] == "yes", "a tag removed by us")
    check(client.get_experiment(told["experimentId"]).lifecycle_stage == "deleted", "an experiment deleted by us")
    check("search" in [e.name for e in client.search_experiments(ViewType.DELETED_ONLY)], "deleted experiments of both")
    deleted = client.search_runs([told["experimentId"]], run_view_type=ViewType.DELETED_ONLY, max_results=1000)
    check(len(deleted) == told["runs"] == 40, f"its runs: {len(deleted)}")
    client.restore_experiment(told["experimentId"])
    client.delete_experiment(renamed.experiment_id)
    back = driver(folder, "change back")
    check(back["stages"]["search"] == "active" and back["runs"] == 40, "an experiment restored by them, with its runs")
    check(back["stages"]["renamed by us"] == "deleted", "an experiment deleted by them")
    check(client.get_experiment(renamed.experiment_id).lifecycle_stage == "active", "and restored by us")
    check(client.get_run(told["runId"]).info.lifecycle_stage == "active", "with its run")


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name) / "with space é"
        folder.mkdir()
        told = driver(folder, "write")
        uri = (folder / "mlruns").as_uri()
        mlflow.set_tracking_uri(uri)
        client = MlflowClient(uri)
        read_runs(client, told)
        same_searches(client, told)
        if VERSION >= (3, 10):
            migrate(folder, told)
        else:
            told["migrated"] = "nothing: this MLflow has no migrate-filestore"
        write_back(folder)
        take_turns(folder)
        print(f"mlflow {mlflow.__version__}: {checks} checks, {len(told['searched'])} searches equal, migrated {told['migrated']}")


main()
