"""
Loads the models that we wrote and predicts: `written.py <folder>` reads `cases.json`, a list of cases with the file, its library, columns, rows, the columns
of categories and our answers; prints one JSON line per library with the largest difference of answers, and fails on one that is too large.
"""
import json
import sys

import lightgbm
import numpy
import pandas
import xgboost

folder = sys.argv[1]
tolerances = {"xgboost": 2e-6, "lightgbm": 1e-12}
found = {name: {"models": 0, "answers": 0, "largest": 0.0} for name in tolerances}
failed = False
for case in json.load(open(f"{folder}/cases.json")):
    frame = pandas.DataFrame([[numpy.nan if cell is None else cell for cell in row] for row in case["rows"]], columns=case["columns"])
    for name, categories in case["categories"].items():
        frame[name] = frame[name].where(frame[name].isin(categories))
        frame[name] = pandas.Categorical(frame[name], categories=categories)
    for name in frame.columns:
        if name not in case["categories"]:
            frame[name] = frame[name].astype(float)
    path = f"{folder}/{case['file']}"
    if case["library"] == "xgboost":
        booster = xgboost.Booster(model_file=path)
        frame.columns = booster.feature_names
        answers = booster.predict(xgboost.DMatrix(frame, enable_categorical=True))
    else:
        booster = lightgbm.Booster(model_file=path)
        answers = booster.predict(frame)
    ours = numpy.array(case["answers"]).reshape(numpy.shape(answers))
    difference = float((numpy.abs(ours - answers) / numpy.maximum(1, numpy.abs(ours))).max())
    mine = found[case["library"]]
    mine.update(models=mine["models"] + 1, answers=mine["answers"] + ours.size, largest=max(mine["largest"], difference))
    if not difference <= case.get("tolerance", tolerances[case["library"]]):
        failed = True
        print(f"{case['name']}: {difference}", file=sys.stderr)
print(json.dumps({"xgboost": xgboost.__version__, "lightgbm": lightgbm.__version__, **found}))
sys.exit(failed)
