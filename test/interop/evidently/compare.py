"""What the real Evidently says of two tables: `compare.py TABLES.json`. Prints every column's default method, score and verdict, and the score of every method by name (not of a case with `defaultsOnly`)."""
import json
import sys

import pandas
from evidently import DataDefinition, Dataset, Report
from evidently.metrics import ValueDrift
from evidently.presets import DataDriftPreset

tables = json.load(open(sys.argv[1]))
NUMERIC = ["ks", "cramer_von_mises", "anderson", "es", "t_test", "mannw", "wasserstein", "ed", "psi", "kl_div", "jensenshannon", "hellinger"]
CATEGORICAL = ["chisquare", "z", "fisher_exact", "psi", "kl_div", "jensenshannon", "hellinger"]
out = []
for case in tables:
    reference, current = pandas.DataFrame(case["reference"]), pandas.DataFrame(case["current"])
    definition = DataDefinition(numerical_columns=case["numeric"], categorical_columns=case["categorical"])
    sides = [Dataset.from_pandas(frame, data_definition=definition) for frame in (current, reference)]

    def run(metrics):
        return json.loads(Report(metrics).run(*sides).json())["metrics"]

    preset = run([DataDriftPreset()])
    found = {"preset": {}, "methods": {}}
    for metric in preset:
        config = metric["config"]
        if "column" in config:
            found["preset"][config["column"]] = {"method": config["method"], "threshold": config["threshold"], "score": metric["value"]}
        else:
            found["share"] = metric["value"]["share"]
    by_name = [] if case.get("defaultsOnly") else [("numeric", NUMERIC), ("categorical", CATEGORICAL)]
    for kind, methods in by_name:
        for column in case[kind]:
            found["methods"][column] = {}
            for method in methods:
                try:
                    found["methods"][column][method] = run([ValueDrift(column=column, method=method)])[0]["value"]
                except Exception as error:  # some tests refuse some columns
                    found["methods"][column][method] = str(error)[:200]
    out.append(found)
print(json.dumps(out))
