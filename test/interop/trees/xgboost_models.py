"""
Models of XGBoost with their own predictions: `xgboost_models.py <folder>`. Writes the model files and `cases.json`: a list of cases, each with its file,
the columns and rows (a missing cell is null), and XGBoost's answers.
"""
import sys

import numpy
import pandas
import xgboost
from _models import Cases, codes, flights, numbers, penguins, targets_of, with_categories

cases = Cases(sys.argv[1])
newer = tuple(int(part) for part in xgboost.__version__.split(".")[:2])


def case(name, booster, frame, matrix, iterations="all", best=None, **more):
    answers = booster.predict(matrix, iteration_range=(0, best + 1)) if best is not None else booster.predict(matrix)
    for ending in ("json", "ubj"):
        file = f"{len(cases.cases)}.{ending}"
        booster.save_model(f"{cases.folder}/{file}")
        cases.add(f"{name} ({ending})", file, frame, answers, iterations=iterations, **more)


def edges(frame, booster):
    """Rows at the thresholds of the trees and beside them, as float64."""
    table = booster.trees_to_dataframe()
    table = table[table.Feature != "Leaf"]
    rows = frame.head(len(table)).copy().astype(float)
    for i, (feature, split) in enumerate(zip(table.Feature[: len(rows)], table.Split[: len(rows)])):
        beside = [split, numpy.nextafter(split, -1e30), numpy.nextafter(split, 1e30), numpy.float64(numpy.nextafter(numpy.float32(split), numpy.float32(-1e30)))]
        middle = (beside[0] + beside[3]) / 2
        rows.loc[rows.index[i], feature] = [*beside, middle, numpy.nextafter(middle, 1e30), numpy.nextafter(middle, -1e30)][i % 7]
    return rows


rng = numpy.random.default_rng(11)
frame = numbers(rng, 400, 6)
targets = targets_of(frame, rng)
unseen = numbers(rng, 300, 6, 0.15)
objectives = {
    "reg:squarederror": "number", "reg:squaredlogerror": "positive", "reg:pseudohubererror": "number", "reg:absoluteerror": "number", "reg:logistic": "share",
    "binary:logistic": "two", "binary:logitraw": "two", "binary:hinge": "two", "multi:softprob": "four", "multi:softmax": "four", "count:poisson": "count",
    "reg:gamma": "positive", "reg:tweedie": "positive", "survival:cox": "positive", "survival:aft": "positive", "rank:pairwise": "count", "rank:ndcg": "count",
}
if newer >= (2, 0):
    objectives["reg:quantileerror"] = "number"


def train(objective, options, rounds=12, **more):
    target = targets[objectives[objective]]
    matrix = xgboost.DMatrix(frame, target)
    if objective == "survival:aft":
        matrix.set_float_info("label_lower_bound", target)
        matrix.set_float_info("label_upper_bound", target + 1)
    if objective.startswith("rank"):
        matrix.set_group([40] * 10)
    fixed = {"num_class": 4} if objective.startswith("multi") else {"quantile_alpha": 0.7} if objective == "reg:quantileerror" else {}
    return xgboost.train({"objective": objective, "tree_method": "hist", "seed": 1, **fixed, **options}, matrix, rounds, **more)


for objective in objectives:
    booster = train(objective, {"max_depth": 4})
    rows = pandas.concat([unseen, edges(unseen, booster)])
    case(objective, booster, rows, xgboost.DMatrix(rows), objective=objective)

draws = numpy.random.default_rng(3)
for number in range(int(sys.argv[2]) if len(sys.argv) > 2 else 30):
    objective = str(draws.choice(["reg:squarederror", "binary:logistic", "multi:softprob", "count:poisson"]))
    options = {
        "max_depth": int(draws.integers(1, 9)), "eta": float(draws.uniform(0.05, 1)), "subsample": float(draws.uniform(0.5, 1)),
        "num_parallel_tree": int(draws.integers(1, 4)), "tree_method": str(draws.choice(["exact", "hist", "approx"])),
        "booster": str(draws.choice(["gbtree", "dart"])), "reg_lambda": float(draws.uniform(0, 3)), "gamma": float(draws.choice([0, 0.5])),
        "base_score": float(draws.uniform(0.1, 0.9)), "seed": number,
    }
    if options["booster"] == "dart":
        options.update(rate_drop=float(draws.uniform(0, 0.5)), normalize_type=str(draws.choice(["tree", "forest"])))
    booster = train(objective, options, int(draws.integers(1, 20)))
    rows = pandas.concat([unseen, edges(unseen, booster)])
    case(f"drawn {number}: {objective} {options}", booster, rows, xgboost.DMatrix(rows), objective=objective)

# Early stopping: as XGBClassifier predicts, and with all trees.
matrix = xgboost.DMatrix(frame.head(250), targets["two"][:250])
held = xgboost.DMatrix(frame.tail(150), targets["two"][250:])
booster = xgboost.train({"objective": "binary:logistic", "eta": 0.7}, matrix, 60, [(held, "held")], early_stopping_rounds=4, verbose_eval=False)
case(f"best iteration {booster.best_iteration}", booster, unseen, xgboost.DMatrix(unseen), "best", booster.best_iteration)
case("all iterations", booster, unseen, xgboost.DMatrix(unseen))

# Without names; one tree that is a leaf; one feature.
booster = xgboost.train({"objective": "reg:squarederror"}, xgboost.DMatrix(frame.to_numpy(), targets['number']), 5)
case("no names", booster, unseen.rename(columns=lambda name: name.replace("x", "f")), xgboost.DMatrix(unseen.to_numpy()))
booster = xgboost.train({"objective": "reg:squarederror", "gamma": 1e9}, xgboost.DMatrix(frame, targets['number']), 3)
case("leaves alone", booster, unseen, xgboost.DMatrix(unseen))


for kinds in (3, 40, 300):
    for most in (1, 100):
        table = with_categories(rng, 1500, kinds)
        target = (table["kind"].cat.codes % 3 == 1) + table["x2"].fillna(0) * 0.4 + (table["size"] == "M") * 0.7
        booster = xgboost.train(
            {"objective": "reg:squarederror", "tree_method": "hist", "max_cat_to_onehot": most, "max_depth": 5},
            xgboost.DMatrix(table, target, enable_categorical=True), 8,
        )
        seen = with_categories(rng, 200, kinds)
        matrix = xgboost.DMatrix(seen, enable_categorical=True)
        lists = {"kind": list(seen["kind"].cat.categories), "size": ["S", "M", "L"]}
        case(f"{kinds} categories as texts, max_cat_to_onehot {most}", booster, seen, matrix, categories=None if newer >= (3, 1) else lists)
        case(f"{kinds} categories as codes, max_cat_to_onehot {most}", booster, codes(seen), matrix, categories={"kind": "codes", "size": "codes"})

def real(name, table, target, unseen, objective, **options):
    matrix = xgboost.DMatrix(table, target, enable_categorical=True)
    booster = xgboost.train({"objective": objective, "tree_method": "hist", "max_depth": 6, **options}, matrix, 40)
    columns = [column for column in table.columns if hasattr(table[column], "cat")]
    lists = {column: list(map(str, table[column].cat.categories)) for column in columns}
    case(name, booster, unseen, xgboost.DMatrix(unseen, enable_categorical=True), categories=None if newer >= (3, 1) else lists)


real("flights", *flights(8000, 1), flights(1500, 2)[0], "binary:logistic")
real("penguins", *penguins(), penguins()[0], "multi:softprob", num_class=3)
cases.write(xgboost=xgboost.__version__)
