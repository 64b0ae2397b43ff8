"""Reads dashboards into Grafana's published types and writes them back: what the types do not know is gone."""

import json
import sys

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

register_default_plugins()
dashboards = json.load(sys.stdin)
print(json.dumps([Dashboard.from_json(one) for one in dashboards], cls=JSONEncoder))
