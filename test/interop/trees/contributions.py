"""
Models with sets of categories and several classes, and the libraries' own SHAP values: `contributions.py <folder>`. LightGBM weighs ways through a tree by the
training rows, and so does XGBoost under the squared error.
"""
import sys

import lightgbm
import numpy
import xgboost
from _models import Cases, cells, flights, penguins, with_categories

cases = Cases(sys.argv[1])


def of_lightgbm(name, table, target, unseen, **options):
    booster = lightgbm.train({"verbose": -1, "num_leaves": 12, "min_data_in_leaf": 5, **options}, lightgbm.Dataset(table, target), 12)
    file = f"{len(cases.cases)}.txt"
    booster.save_model(f"{cases.folder}/{file}")
    cases.add(name, file, unseen, booster.predict(unseen, pred_contrib=True), background=cells(table), library="lightgbm")


def of_xgboost(name, table, target, unseen, **options):
    matrix = xgboost.DMatrix(table, target, enable_categorical=True)
    booster = xgboost.train({"objective": "reg:squarederror", "tree_method": "hist", "max_depth": 4, **options}, matrix, 12)
    file = f"{len(cases.cases)}.json"
    booster.save_model(f"{cases.folder}/{file}")
    cases.add(
        name, file, unseen, booster.predict(xgboost.DMatrix(unseen, enable_categorical=True), pred_contribs=True), background=cells(table), library="xgboost"
    )


rng = numpy.random.default_rng(4)
table = with_categories(rng, 900, 40)
number = (table["kind"].cat.codes % 3 == 1) + table["x2"].fillna(0) * 0.4 + (table["size"] == "M") * 0.7
unseen = with_categories(rng, 60, 40)
sets = {"max_cat_to_onehot": 1, "min_data_per_group": 5, "cat_smooth": 1}
of_lightgbm("LightGBM: sets of categories", table, number, unseen, **sets)
of_lightgbm("LightGBM: single categories", table, number, unseen, max_cat_to_onehot=100)
of_lightgbm("LightGBM: three classes, sets of categories", table, numpy.digitize(number, [0, 0.8]), unseen, objective="multiclass", num_class=3, **sets)
of_lightgbm("LightGBM: penguins", *penguins(), penguins()[0].head(80), objective="multiclass", num_class=3)
late = flights(3000, 1)
of_lightgbm("LightGBM: flights", *late, flights(60, 2)[0], objective="binary", **sets)
of_xgboost("XGBoost: sets of categories", table, number, unseen, max_cat_to_onehot=1)
of_xgboost("XGBoost: single categories", table, number, unseen, max_cat_to_onehot=100)
cases.write(lightgbm=lightgbm.__version__, xgboost=xgboost.__version__)
