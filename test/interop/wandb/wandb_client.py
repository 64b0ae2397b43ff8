"""W&B's own package on both sides: writes offline runs, and reads ours with its own reader.

  wandb_client.py write FOLDER   three offline runs below FOLDER/wandb: full, killed (SIGKILL while logging), large
  wandb_client.py scan FILE      the records of a .wandb file, as JSON lines (needs the DataStore of wandb <= 0.29)
"""

import json
import os
import signal
import sys
import time


def settings():
    import wandb

    return wandb.Settings(x_stats_sampling_interval=0.2, silent=True, console="redirect")


def write_full(folder):
    import wandb

    run = wandb.init(
        project="vision",
        dir=folder,
        mode="offline",
        id="full0001",
        name="a full run",
        tags=["alpha", "beta gamma"],
        notes="first line\nsecond line",
        group="sweep-7",
        job_type="train",
        config={"lr": 0.1, "seed": 12345678901234567890, "model": {"kind": "forest", "layers": [8, 4]}, "on": True, "none": None},
        settings=settings(),
    )
    run.define_metric("epoch")
    run.define_metric("val/*", step_metric="epoch")
    run.define_metric("loss", summary="min")
    for i in range(20):
        run.log({"loss": 1 / (i + 1), "deep": {"x": i, "y": {"z": i / 2}}, "done": i > 18, "text": f"row {i}"})
        if i % 5 == 4:
            run.log({"epoch": 10 + i // 5, "val/acc": i / 20})
    run.log({"odd": float("nan"), "high": float("inf"), "low": -float("inf")})
    run.log({"page": wandb.Html("<b>hello</b>", inject=False)})
    for i in range(4):
        run.log({"blob": "x" * (i * 33_000)})
    run.summary["best"] = 0.25
    run.summary["words"] = "none"
    run.config["late"] = "yes"
    run.alert("lost", "the loss was lost")
    time.sleep(0.7)
    run.finish(exit_code=3)


def write_killed(folder):
    child = os.fork()
    if child == 0:
        import wandb

        run = wandb.init(project="vision", dir=folder, mode="offline", id="killed01", settings=settings())
        for i in range(1500):
            run.log({"loss": i, "pad": "p" * (i * 37 % 997)})
        # The core writes on its own, and would write an end when it lost us: it is killed first.
        for name in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    arguments = file.read().decode().split("\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if "wandb-core" in arguments[0] and str(os.getpid()) in arguments:
                os.kill(int(name), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def key_of(item):
    return item.key or ".".join(item.nested_key)


def scan(path):
    from wandb.proto.wandb_internal_pb2 import Record
    from wandb.sdk.internal.datastore import DataStore

    store = DataStore()
    store.open_for_scan(path)
    while True:
        try:
            data = store.scan_data()
        except AssertionError as error:
            print(json.dumps({"kind": "damage", "message": str(error)}))
            break
        if data is None:
            break
        record = Record()
        record.ParseFromString(data)
        kind = record.WhichOneof("record_type")
        out = {"kind": kind, "num": record.num}
        if kind == "history":
            out["step"] = record.history.step.num
            out["items"] = {key_of(item): item.value_json for item in record.history.item}
        elif kind == "summary":
            out["items"] = {key_of(item): item.value_json for item in record.summary.update}
        elif kind == "config":
            out["items"] = {key_of(item): item.value_json for item in record.config.update}
        elif kind == "run":
            run = record.run
            out.update(
                runId=run.run_id, project=run.project, entity=run.entity, name=run.display_name, notes=run.notes,
                group=run.run_group, jobType=run.job_type, tags=list(run.tags), host=run.host,
                start=run.start_time.ToMilliseconds(), commit=run.git.commit, url=run.git.remote_url,
                items={key_of(item): item.value_json for item in run.config.update},
            )
        elif kind == "metric":
            metric = record.metric
            out.update(name=metric.name, axis=metric.step_metric, defined=metric.options.defined)
        elif kind == "stats":
            out.update(time=record.stats.timestamp.ToMilliseconds(), items={key_of(item): item.value_json for item in record.stats.item})
        elif kind == "files":
            out["paths"] = [[item.path, item.policy, item.type] for item in record.files.files]
        elif kind == "exit":
            out.update(code=record.exit.exit_code, runtime=record.exit.runtime)
        elif kind == "header":
            out.update(producer=record.header.version_info.producer)
        print(json.dumps(out))


if __name__ == "__main__":
    if sys.argv[1] == "scan":
        scan(sys.argv[2])
    else:
        # First, so that the child has a core process of its own.
        write_killed(sys.argv[2])
        write_full(sys.argv[2])
