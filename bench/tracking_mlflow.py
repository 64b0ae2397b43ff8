"""MLflow's Python client on its own SQLite store: what bench/tracking.ts compares with. Prints one line of JSON."""

import json
import pathlib
import random
import sys
import tempfile
import time

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

points, single, runs, searches = map(int, sys.argv[1:])
folder = tempfile.TemporaryDirectory()
client = MlflowClient(f"sqlite:///{pathlib.Path(folder.name) / 'mlflow.db'}")
experiment = client.create_experiment("bench")
told = {"version": mlflow.__version__, "python": sys.version.split()[0]}


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def one_by_one():
    run = client.create_run(experiment).info.run_id
    for step in range(single):
        client.log_metric(run, "loss", 1 / (step + 1), step=step)


def in_batches():
    run = client.create_run(experiment).info.run_id
    for start in range(0, points, 1000):
        now = int(time.time() * 1000)
        client.log_batch(run, metrics=[Metric("loss", 1 / (i + 1), now, i) for i in range(start, min(start + 1000, points))])
    return run


def make_runs():
    rng = random.Random(1)
    for i in range(runs):
        run = client.create_run(experiment, run_name=f"run {i}").info.run_id
        now = int(time.time() * 1000)
        client.log_batch(
            run,
            metrics=[Metric("acc", rng.random(), now, 0), Metric("loss", rng.random(), now, 0)],
            params=[Param("model", rng.choice(["forest", "linear"])), Param("depth", str(i % 20)), Param("seed", str(i))],
            tags=[RunTag("team", rng.choice(["blue", "red"]))],
        )
        client.set_terminated(run)


def search():
    found = 0
    for i in range(searches):
        page = client.search_runs(
            [experiment], f"metrics.acc > {0.5 + i / 20} AND params.model = 'forest' AND tags.team = 'blue'",
            order_by=["metrics.acc DESC"], max_results=100,
        )
        found += len(page)
    return found


told["single"], _ = seconds(one_by_one)
told["batches"], run = seconds(in_batches)
told["history"], history = seconds(lambda: client.get_metric_history(run, "loss"))
assert len(history) == points, len(history)
told["runs"], _ = seconds(make_runs)
told["search"], told["found"] = seconds(search)
print(json.dumps(told))
