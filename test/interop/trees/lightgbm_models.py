"""
Models of LightGBM with their own predictions: `lightgbm_models.py <folder> [drawn models]`. Writes the model files and `cases.json`: a list of cases, each
with its file, the columns and rows (a missing cell is null), and LightGBM's answers.
"""
import sys

import lightgbm
import numpy
import pandas
from _models import Cases, codes, flights, numbers, penguins, targets_of, with_categories

cases = Cases(sys.argv[1])


def case(name, booster, frame, answers=None, **more):
    file = f"{len(cases.cases)}.txt"
    booster.save_model(f"{cases.folder}/{file}", num_iteration=-1)
    cases.add(name, file, frame, booster.predict(frame) if answers is None else answers, **more)


def edges(frame, booster):
    """Rows at the thresholds of the trees and beside them."""
    table = booster.trees_to_dataframe()
    table = table[table.split_feature.notna()]
    rows = frame.head(len(table)).copy().astype(float)
    for i, (feature, split) in enumerate(zip(table.split_feature[: len(rows)], table.threshold[: len(rows)])):
        rows.loc[rows.index[i], feature] = [split, numpy.nextafter(split, -1e30), numpy.nextafter(split, 1e30)][i % 3]
    return rows


rng = numpy.random.default_rng(11)
frame = numbers(rng, 400, 6)
targets = targets_of(frame, rng)
whole = frame.fillna(0.25)
unseen = numbers(rng, 300, 6, 0.15, 0.1)
objectives = {
    "regression": "number", "regression_l1": "number", "huber": "number", "fair": "number", "poisson": "count", "quantile": "number", "mape": "positive",
    "gamma": "positive", "tweedie": "positive", "binary": "two", "multiclass": "four", "multiclassova": "four", "cross_entropy": "share",
    "cross_entropy_lambda": "share", "lambdarank": "count", "rank_xendcg": "count",
}


def train(objective, options, rounds=12, table=frame, **more):
    grouped = {"group": [40] * 10} if objective in ("lambdarank", "rank_xendcg") else {}
    fixed = {"num_class": 4} if objective.startswith("multi") else {}
    data = lightgbm.Dataset(table, targets[objectives[objective]], free_raw_data=False, **grouped)
    return lightgbm.train({"objective": objective, "verbose": -1, "min_data_in_leaf": 5, "seed": 1, **fixed, **options}, data, rounds, **more)


for objective in objectives:
    booster = train(objective, {"num_leaves": 15})
    case(objective, booster, pandas.concat([unseen, edges(unseen, booster)]), objective=objective)
case("regression sqrt", train("regression", {"reg_sqrt": True}), unseen)
case("sigmoid of 2.5", train("binary", {"sigmoid": 2.5}), unseen)
case("sigmoids of 0.7", train("multiclassova", {"sigmoid": 0.7}), unseen)
case("an objective of one's own", lightgbm.train(
    {"objective": lambda predicted, data: (predicted - data.get_label(), numpy.ones(len(predicted))), "verbose": -1},
    lightgbm.Dataset(frame, targets["number"]), 5), unseen)
case("nothing missing in training", train("regression", {}, table=whole), unseen)
case("zeros as missing", train("regression", {"zero_as_missing": True}), pandas.concat([unseen, unseen.head(50).fillna(1e-36), unseen.head(50).fillna(-2e-35)]))
case("no missing values", train("regression", {"use_missing": False}), unseen)
case("forest", train("binary", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6, "feature_fraction": 0.7}), unseen)
case("forest of numbers", train("regression", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}), unseen)
case("forest of classes", train("multiclass", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.6}), unseen)
booster = train("multiclass", {})
case("the first 4 iterations", booster, unseen, booster.predict(unseen, num_iteration=4), iterations=4)
case("leaves alone", lightgbm.train({"verbose": -1, "min_data_in_leaf": 10_000}, lightgbm.Dataset(frame, targets["number"]), 3), unseen)

draws = numpy.random.default_rng(3)
for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 40):
    objective = str(draws.choice(["regression", "binary", "multiclass", "poisson"]))
    options = {
        "num_leaves": int(draws.integers(2, 60)), "learning_rate": float(draws.uniform(0.05, 1)), "boosting": str(draws.choice(["gbdt", "dart"])),
        "data_sample_strategy": str(draws.choice(["bagging", "goss"])), "max_bin": int(draws.choice([15, 255])), "lambda_l2": float(draws.uniform(0, 3)),
        "extra_trees": bool(draws.integers(2)), "min_data_in_leaf": int(draws.integers(1, 20)), "zero_as_missing": bool(draws.integers(2)), "seed": number,
    }
    booster = train(objective, options, int(draws.integers(1, 20)))
    case(f"drawn {number}: {objective} {options}", booster, pandas.concat([unseen, edges(unseen, booster)]), objective=objective)

for kinds in (3, 40, 300):
    for most in (1, 100):
        table = with_categories(rng, 1500, kinds)
        target = (table["kind"].cat.codes % 3 == 1) + table["x2"].fillna(0) * 0.4 + (table["size"] == "M") * 0.7
        options = {"verbose": -1, "max_cat_to_onehot": most, "min_data_per_group": 5, "cat_smooth": 1, "min_data_in_leaf": 3}
        booster = lightgbm.train(options, lightgbm.Dataset(table, target), 8)
        seen = with_categories(rng, 200, kinds)
        case(f"{kinds} categories as texts, max_cat_to_onehot {most}", booster, seen)
        numbered = codes(seen)
        odd = numbered.head(20).copy()
        odd["kind"] = [-1.0, -3.0, 1.7, 2.2, 1e6, 5000.0, 299.9, 31.0, 32.0, 63.0] * 2
        bare = lightgbm.train(options, lightgbm.Dataset(codes(table), target, categorical_feature=["kind", "size"]), 8)
        case(f"{kinds} categories as codes, max_cat_to_onehot {most}", bare, pandas.concat([numbered, odd]))

for name, (table, target), new, options in (
    ("flights", flights(8000, 1), flights(1500, 2)[0], {"objective": "binary"}),
    ("penguins", penguins(), penguins()[0], {"objective": "multiclass", "num_class": 3}),
):
    case(name, lightgbm.train({"verbose": -1, "num_leaves": 31, **options}, lightgbm.Dataset(table, target), 40), new)
cases.write(lightgbm=lightgbm.__version__)
