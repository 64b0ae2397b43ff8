"""Opens with the Python client the SQLite files of sqlite_store.ts: `read` what we wrote and add to it, read it `again`, or `make` a file."""

import json
import math
import pathlib
import sys

import mlflow
from mlflow import MlflowClient
from mlflow.entities import ViewType

mode, path, *rest = sys.argv[1:]
mlflow.set_tracking_uri(f"sqlite:///{path}")
client = MlflowClient()


def plain(value):
    """A SQL store keeps an infinity as the greatest double."""
    return "nan" if math.isnan(value) else "inf" if value > 1.7e308 else "-inf" if value < -1.7e308 else value


def own(tags):
    return {k: v for k, v in sorted(tags.items()) if not k.startswith("mlflow.logged")}


def read(run_id, model_id):
    run = client.get_run(run_id)
    model = client.get_logged_model(model_id)
    experiment = client.get_experiment(run.info.experiment_id)
    assert experiment.tags == {"team": "blue"}, experiment.tags
    told = {
        "experiments": sorted(e.name for e in client.search_experiments()),
        "head": [run.info.run_name, run.info.status, run.info.user_id, run.info.start_time, run.info.end_time],
        "params": run.data.params,
        "tags": own(run.data.tags),
        "metrics": {k: plain(v) for k, v in run.data.metrics.items()},
        "history": [[m.step, m.value] for m in client.get_metric_history(run_id, "loss")],
        "datasets": [[d.dataset.name, d.dataset.digest, d.tags[0].value] for d in run.inputs.dataset_inputs],
        "outputs": [[o.model_id, o.step] for o in run.outputs.model_outputs],
        "model": [model.name, model.status.value, model.params, own(model.tags)],
        "artifact": pathlib.Path(client.download_artifacts(run_id, "notes/hello.txt")).read_text(),
        "found": [r.info.run_name for r in client.search_runs([run.info.experiment_id], "metrics.loss < 0.1 and params.alpha = '0.1'")],
    }
    mlflow.set_experiment(experiment_id=run.info.experiment_id)
    import pandas

    with mlflow.start_run(run_name="by python"):
        mlflow.log_params({"a": 1, "b/c": "x"})
        for step in range(10):
            mlflow.log_metric("m", step, step=step)
        mlflow.log_text("from python", "n.txt")
        mlflow.log_input(mlflow.data.from_pandas(pandas.DataFrame({"x": [1.0]}), name="frame"), context="eval")
        made = mlflow.initialize_logged_model(name="theirs", source_run_id=mlflow.active_run().info.run_id)
        client.log_outputs(mlflow.active_run().info.run_id, [mlflow.entities.LoggedModelOutput(made.model_id, 0)])
    mlflow.set_experiment("python experiment")
    return told


def again(run_id, model_id):
    run = client.get_run(run_id)
    model = client.get_logged_model(model_id)
    second = client.search_runs([client.get_experiment_by_name("after the upgrade").experiment_id])[0]
    first = client.search_runs([run.info.experiment_id], "run_name = 'first'")[0]
    return {
        "m": run.data.metrics["m"],
        "points": len(client.get_metric_history(run_id, "m")),
        "from": run.data.params["from"],
        "experiments": sorted((e.name for e in client.search_experiments()), key=lambda n: (n != "Default", n != "it's é / 日本", n)),
        "second": second.info.run_name,
        "late": [model.name, model.status.value, model.params],
        "state": first.data.tags["state"],
        "gone": gone(),
    }


def gone():
    """The experiment that was deleted: its name, tag and stage, and the tags of its run; then it is restored."""
    (experiment,) = client.search_experiments(ViewType.DELETED_ONLY)
    (run,) = client.search_runs([experiment.experiment_id], run_view_type=ViewType.DELETED_ONLY)
    client.restore_experiment(experiment.experiment_id)
    return [experiment.name, experiment.tags["team"], run.info.lifecycle_stage, [k for k in own(run.data.tags) if k != "mlflow.runName"]]


def make():
    return len(client.search_experiments())


print()
print(json.dumps({"read": read, "again": again, "make": make}[mode](*rest)))
