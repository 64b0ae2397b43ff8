"""
Small models of XGBoost and LightGBM with their own answers: `.venvs/trees/bin/python test/golden/make_trees.py > test/golden/trees.json`. The UBJSON files are
in base 64.
"""
import base64
import json
import sys
import tempfile

import lightgbm
import numpy
import pandas
import xgboost

sys.path.insert(0, "test/interop/trees")
from _models import cells, numbers, targets_of, with_categories  # noqa: E402

rng = numpy.random.default_rng(7)
frame = numbers(rng, 200, 4)
targets = targets_of(frame, rng)
unseen = numbers(rng, 24, 4, 0.2, 0.1)
table = with_categories(rng, 300, 40)
kinds = (table["kind"].cat.codes % 3 == 1) + table["x2"].fillna(0) * 0.4 + (table["size"] == "M") * 0.7
seen = with_categories(rng, 24, 40)
models = {"xgboost": [], "lightgbm": []}


def add(library, name, files, rows, answers, **more):
    models[library].append({
        "name": name, **files, "columns": list(rows.columns), "rows": cells(rows.round(4) if "kind" not in rows else rows),
        "answers": numpy.asarray(answers, "float64").ravel().tolist(), **more,
    })


def of_xgboost(name, objective, target, options, rounds=3, data=None, rows=None, **more):
    data, rows = (frame, unseen.round(4)) if data is None else (data, rows)
    matrix = xgboost.DMatrix(data, target, enable_categorical=True)
    booster = xgboost.train({"objective": objective, "max_depth": 3, "tree_method": "hist", "seed": 1, **options}, matrix, rounds)
    with tempfile.TemporaryDirectory() as folder:
        booster.save_model(f"{folder}/m.json")
        booster.save_model(f"{folder}/m.ubj")
        files = {"json": open(f"{folder}/m.json").read(), "ubj": base64.b64encode(open(f"{folder}/m.ubj", "rb").read()).decode()}
    add("xgboost", name, files, rows, booster.predict(xgboost.DMatrix(rows, enable_categorical=True)), **more)


def of_lightgbm(name, objective, target, options, rounds=3, data=None, rows=None):
    data, rows = (frame, unseen.round(4)) if data is None else (data, rows)
    options = {"objective": objective, "verbose": -1, "num_leaves": 6, "min_data_in_leaf": 5, "seed": 1, **options}
    booster = lightgbm.train(options, lightgbm.Dataset(data, target), rounds)
    text = booster.model_to_string()
    text = text[: text.index("parameters:")] + text[text.index("pandas_categorical:"):]
    add("lightgbm", name, {"text": text}, rows, lightgbm.Booster(model_str=text).predict(rows))


of_xgboost("two classes", "binary:logistic", targets["two"], {})
of_xgboost("four classes", "multi:softprob", targets["four"], {"num_class": 4, "max_depth": 2}, 2)
of_xgboost("counts", "count:poisson", targets["count"], {})
of_xgboost("dart", "reg:squarederror", targets["number"], {"booster": "dart", "rate_drop": 0.5}, 6)
of_xgboost("parallel trees", "reg:squarederror", targets["number"], {"num_parallel_tree": 3, "subsample": 0.5}, 2)
of_xgboost("sets of categories", "reg:squarederror", kinds, {"max_cat_to_onehot": 1}, data=table, rows=seen)
of_xgboost("single categories", "reg:squarederror", kinds, {"max_cat_to_onehot": 100}, 4, data=table, rows=seen)
of_lightgbm("two classes", "binary", targets["two"], {"sigmoid": 1.5})
of_lightgbm("four classes", "multiclass", targets["four"], {"num_class": 4}, 2)
of_lightgbm("one class against the others", "multiclassova", targets["four"], {"num_class": 4}, 2)
of_lightgbm("counts", "poisson", targets["count"], {})
of_lightgbm("square roots", "regression", targets["positive"], {"reg_sqrt": True})
of_lightgbm("zeros as missing", "regression", targets["number"], {"zero_as_missing": True})
of_lightgbm("forest", "binary", targets["two"], {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6})
of_lightgbm("sets of categories", "regression", kinds, {"max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1}, data=table, rows=seen)
of_lightgbm("cross entropy lambda", "cross_entropy_lambda", targets["share"], {})
print(json.dumps({"xgboost": xgboost.__version__, "lightgbm": lightgbm.__version__, "pandas": pandas.__version__, "models": models}))
