"""Reads workflows of Argo by hera's models, which refuse unknown fields, and gives back what it read."""
import json
import sys

import yaml
from hera.workflows.models import CronWorkflow, Workflow, WorkflowTemplate

kinds = {"Workflow": Workflow, "WorkflowTemplate": WorkflowTemplate, "CronWorkflow": CronWorkflow}
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        given = yaml.safe_load(file)
    model = kinds[given["kind"]]
    read = json.loads(model.model_validate(given).model_dump_json(by_alias=True, exclude_none=True))


    def lost(here, there, at):
        """What hera did not read: it ignores fields that it does not know."""
        if isinstance(here, dict):
            return [each for key, value in here.items() for each in (lost(value, there.get(key), f"{at}.{key}") if key in (there or {}) else [f"{at}.{key}"])]
        if isinstance(here, list):
            return [each for index, value in enumerate(here) for each in lost(value, there[index], f"{at}[{index}]")]
        return [] if str(here) == str(there) else [f"{at}: {here!r} became {there!r}"]


    problems = lost(given, read, given["kind"])
    if problems:
        sys.exit("\n".join(problems))
    print(given["kind"], given["metadata"]["name"])
