"""Loads a pipeline with the kfp SDK and runs it on this machine: kfp's own orchestrator, placeholders and artifacts; a container's command runs as a process."""
import json
import sys

from kfp import components, local
from kfp.local import subprocess_task_handler

path, root, arguments = sys.argv[1:4]
# kfp runs container components in Docker only; here the command of each container runs as a process of this machine.
subprocess_task_handler.SubprocessTaskHandler.validate_not_container_component = lambda self, command: None
subprocess_task_handler.SubprocessTaskHandler.validate_image = lambda self, image: None
local.init(local.SubprocessRunner(use_venv=False), pipeline_root=root, raise_on_error=True)
pipeline = components.load_component_from_file(path)
pipeline(**json.loads(arguments))
print("finished:", pipeline.name)
