"""MLflow's scoring client against our server: scoring.py <url>."""
import json
import sys

import pandas as pd
import requests
from mlflow.pyfunc.scoring_server.client import ScoringServerClient

url = sys.argv[1]
host, port = url.removeprefix("http://").split(":")
client = ScoringServerClient(host=host, port=int(port))
client.wait_server_ready(timeout=10)
client.ping()
# MLflow's own server says which MLflow it is; ours says which version of the model it serves.
assert json.loads(client.get_version()) == {"version": "7"}

frame = pd.DataFrame(
    {"length": [31.0, 62.0, 40.0], "depth": [15.5, 16.0, None], "island": ["Dream", "Biscoe", "Dream"], "tagged": [True, False, True]}
)
complete = frame.fillna({"depth": 17.0})
answers = client.invoke(complete).get_predictions()
assert list(answers.iloc[:2, 0]) == ["Adelie", "Gentoo"], answers

expected = list(answers.iloc[:, 0])
for body in (
    {"dataframe_split": complete.to_dict(orient="split")},
    {"dataframe_records": complete.to_dict(orient="records")},
    {"instances": complete.to_dict(orient="records")},
    {"inputs": complete.to_dict(orient="list")},
):
    reply = requests.post(f"{url}/invocations", json=body, timeout=10)
    assert reply.status_code == 200 and reply.json() == {"predictions": expected}, reply.text
reply = requests.post(f"{url}/invocations", data=complete.to_csv(index=False), headers={"content-type": "text/csv"}, timeout=10)
assert reply.json() == {"predictions": expected}, reply.text

try:
    client.invoke(complete.drop(columns="length"))
    raise SystemExit("a frame without a column was accepted")
except Exception as error:
    assert "length" in str(error), error
print("mlflow's scoring client:", len(expected), "predictions in six forms")
