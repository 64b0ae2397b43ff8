"""
MLflow's Python client on its own SQLite store: what bench/tracking.ts compares with. Prints one line of JSON; times are seconds.

The best way MLflow has: `log_batch` of 1000 points (its limit), `synchronous=True`, on its default store settings.
"""

import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor

import mlflow
from mlflow import MlflowClient
from mlflow.entities import Metric, Param, RunTag

given = json.loads(sys.argv[1])
points, single, runs, together, at_once, repeats = (given[k] for k in ("points", "single", "runs", "together", "atOnce", "repeats"))
searches = given["searches"]


def seconds(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def search(client, experiment, kind):
    """How many runs are found; `pages` goes through all of them, a page of `limit` at a time."""
    token, found = None, 0
    while True:
        page = client.search_runs(
            [experiment], kind.get("filter", ""), order_by=kind.get("orderBy"), max_results=kind["limit"], page_token=token
        )
        found += len(page)
        token = page.token
        if not kind.get("pages") or not token:
            return found


if "cold" in given:
    def cold():
        client = MlflowClient(given["cold"])
        return search(client, client.get_experiment_by_name("bench").experiment_id, searches[0])

    print(json.dumps(seconds(cold)))
    sys.exit()

folder = tempfile.TemporaryDirectory()
uri = f"sqlite:///{pathlib.Path(folder.name) / 'mlflow.db'}"
client = MlflowClient(uri)
experiment = client.create_experiment("bench")
told = {"version": mlflow.__version__, "python": sys.version.split()[0], "search": {}, "found": {}}


def one_by_one():
    run = client.create_run(experiment).info.run_id
    for step in range(single):
        client.log_metric(run, "loss", 1 / (step + 1), step=step)
    client.set_terminated(run)


def in_batches():
    run = client.create_run(experiment).info.run_id
    for start in range(0, points, 1000):
        now = int(time.time() * 1000)
        batch = [Metric("loss", 1 / (i + 1), now, i) for i in range(start, min(start + 1000, points))]
        client.log_batch(run, metrics=batch, synchronous=True)
    client.set_terminated(run)
    return run


rng = random.Random(1)


def make_run(i):
    run = client.create_run(experiment, run_name=f"run {i}").info.run_id
    now = int(time.time() * 1000)
    client.log_batch(
        run,
        metrics=[Metric("acc", rng.random(), now, 0), Metric("loss", rng.random(), now, 0)],
        params=[Param("model", rng.choice(["forest", "linear"])), Param("depth", str(i % 20)), Param("seed", str(i))],
        tags=[RunTag("team", rng.choice(["blue", "red"]))],
        synchronous=True,
    )
    client.set_terminated(run)


def make_together():
    with ThreadPoolExecutor(at_once) as pool:
        list(pool.map(make_run, range(runs - together, runs)))


def repeated(kind):
    times, found = [], 0
    while len(times) < repeats and (sum(times) < 20 or not times):
        took, found = seconds(lambda: search(client, experiment, kind))
        times.append(took)
    return statistics.median(times), found


def say(what):
    print(f"MLflow: {what}", file=sys.stderr, flush=True)


told["single"], _ = seconds(one_by_one)
told["batches"], run = seconds(in_batches)
# MLflow's one way is both rows: the disk is waited for after every batch.
told["flushed"] = told["batches"]
told["history"], history = seconds(lambda: client.get_metric_history(run, "loss"))
assert len(history) == points, len(history)
say("points logged")
told["runs"], _ = seconds(lambda: [make_run(i) for i in range(runs - together)])
say("runs made")
told["together"], _ = seconds(make_together)
say("runs made, many at once")
for kind in searches:
    told["search"][kind["name"]], told["found"][kind["name"]] = repeated(kind)
cold = subprocess.run([sys.executable, "-W", "ignore", __file__, json.dumps({**given, "cold": uri})], capture_output=True, text=True, check=True)
told["cold"] = json.loads(cold.stdout.strip().split("\n")[-1])[0]
print(json.dumps(told))
