"""Opens with the real MLflow what onnx_models.ts registered: onnx.load_model, pyfunc.load_model, and `mlflow models serve` on a free port."""
import json
import logging
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
import warnings

os.environ["MLFLOW_ALLOW_FILE_STORE"] = "true"
warnings.simplefilter("ignore")
import mlflow
import numpy
import onnx
import pandas

logging.getLogger("mlflow").setLevel(logging.ERROR)
root = pathlib.Path(sys.argv[1]).resolve()
uri = (root / "mlruns").as_uri()
mlflow.set_tracking_uri(uri)
mlflow.set_registry_uri(uri)
dtypes = {"double": float, "integer": numpy.int32, "boolean": bool, "string": object}
lines = []


def check(case, answers, how):
    own = case["predictions"]
    if case.get("classes") is None:
        differing = int(numpy.sum(~numpy.isclose(answers["prediction"].to_numpy(float), own, rtol=1e-6, atol=0)))
    else:
        label = [bool(x) if isinstance(own[0], bool) else x for x in answers["label"].tolist()]
        differing = sum(a != b for a, b in zip(label, own))
        name = lambda label: f"probability_{str(label).lower() if isinstance(label, bool) else label}"
        scores = answers[[name(label) for label in case["classes"]]].to_numpy(float)
        furthest = float(numpy.max(numpy.abs(scores.ravel() - case["probabilities"])))
        assert furthest < 1e-6, (case["name"], how, furthest)
    assert len(answers) == len(own) and differing == 0, (case["name"], how, differing, len(answers))
    lines.append(f"{case['name']} by {how}: {len(own)} rows, all equal")


def frame(case, signature):
    types = {column.name: str(column.type).split(".")[-1] for column in signature.inputs}
    rows = pandas.DataFrame(case["rows"], columns=case["features"])
    for name in case["features"]:
        rows[name] = rows[name].fillna("").astype(object) if types[name] == "string" else rows[name].astype(dtypes[types[name]])
    return rows


def serve(case, rows):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", f"models:/{case['name']}@champion", "--env-manager", "local", "-p", str(port)]
    # MLflow hands the text columns of pandas 3 to onnxruntime as they are, which takes NumPy's only; this makes pandas read JSON as before.
    environment = {**os.environ, "PANDAS_FUTURE_INFER_STRING": "0", "MLFLOW_TRACKING_URI": uri, "MLFLOW_REGISTRY_URI": uri, "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True)
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=2).read()
                break
            except OSError:
                assert server.poll() is None, server.stderr.read().decode()[-2000:]
                time.sleep(0.5)
        body = json.dumps({"dataframe_split": json.loads(rows.to_json(orient="split", index=False))}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body, {"Content-Type": "application/json"})
        try:
            answers = json.loads(urllib.request.urlopen(request, timeout=60).read())["predictions"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(error.read().decode()[-1500:]) from None
        check(case, pandas.DataFrame(answers), "mlflow models serve")
    finally:
        os.killpg(server.pid, 15)
        server.wait()


for case in json.loads((root / "cases.json").read_text()):
    model = f"models:/{case['name']}@champion"
    onnx.checker.check_model(mlflow.onnx.load_model(model))
    loaded = mlflow.pyfunc.load_model(model)
    signature = loaded.metadata.signature
    rows = frame(case, signature)
    check(case, loaded.predict(rows), "mlflow.pyfunc")
    lines.append(f"  inputs {', '.join(f'{c.name} {c.type.name}{chr(63) if not c.required else str()}' for c in signature.inputs)}")
    if case["name"] in ("species", "line"):
        serve(case, rows)
print(json.dumps([f"mlflow {mlflow.__version__}", *lines]))
