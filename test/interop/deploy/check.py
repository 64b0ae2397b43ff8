"""Judges generated files: check.py <folder> <compose schema>. Prints problems, one a line."""
import pathlib, sys, json
import yaml, jsonschema
from kserve import models

folder, schema_path = pathlib.Path(sys.argv[1]), sys.argv[2]


def load(path):
    return yaml.safe_load(path.read_text())


compose = folder / "docker-compose.yml"
schema = json.loads(pathlib.Path(schema_path).read_text())
# The schema on npm is of 2021, just before the specification got the top-level name.
schema["properties"].setdefault("name", {"type": "string"})
for error in jsonschema.validators.validator_for(schema)(schema).iter_errors(load(compose)):
    print(f"{compose}: {list(error.path)} {error.message}")


def walk(kind, value, at):
    """KServe's own models: every key must be one of them, recursively."""
    for start, end in (("list[", "]"), ("dict(str, ", ")")):
        if kind.startswith(start):
            items = value if start == "list[" else value.values()
            for i, item in enumerate(items):
                walk(kind[len(start) : -len(end)], item, f"{at}[{i}]")
            return
    model = getattr(models, kind, None)
    if model is None or not hasattr(model, "openapi_types"):
        basic = {"str": str, "int": int, "bool": bool, "float": (int, float)}.get(kind)
        if basic is not None and not isinstance(value, basic):
            print(f"{at}: {value!r} is no {kind}")
        return
    names = {json_name: name for name, json_name in model.attribute_map.items()}
    for key, item in value.items():
        if key not in names:
            print(f"{at}: {kind} has no {key}")
        else:
            walk(model.openapi_types[names[key]], item, f"{at}.{key}")


service = folder / "kserve" / "inferenceservice.yaml"
walk("V1beta1InferenceService", load(service), str(service))
predictor = load(service)["spec"]["predictor"]
containers = predictor["containers"]
if [container["name"] for container in containers] != ["kserve-container"]:
    print(f"{service}: the container must be called kserve-container")
# The containers are Kubernetes' own: judged as a pod by kubernetes-validate.
pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
known = {"containers", "volumes", "securityContext", "automountServiceAccountToken", "terminationGracePeriodSeconds"}
pod["spec"] = {key: value for key, value in predictor.items() if key in known}
(folder / "kserve-pod.yaml").write_text(yaml.safe_dump(pod))
