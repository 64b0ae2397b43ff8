"""The peer of bench/forest.ts: fits scikit-learn's forest on the same bytes and prints one JSON line.

usage: forest_sklearn.py <folder> <name> <rows> <test_rows> <features> <trees> <repeats> <n_jobs>
The folder holds <name>.x.f64, <name>.y.u8 (training rows, then test rows; little endian, row-major).
"""
import json
import platform
import statistics
import sys
import time

import numpy
import sklearn
from sklearn.ensemble import RandomForestClassifier

folder, name = sys.argv[1:3]
rows, test_rows, features, trees, repeats, n_jobs = map(int, sys.argv[3:9])
x = numpy.fromfile(f"{folder}/{name}.x.f64", dtype="<f8").reshape(rows + test_rows, features)
y = numpy.fromfile(f"{folder}/{name}.y.u8", dtype="u1")


def timed(work, times):
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        result = work()
        taken.append(time.perf_counter() - start)
    return result, statistics.median(taken), taken


cpu = time.process_time()
model, fit, fits = timed(lambda: RandomForestClassifier(trees, n_jobs=n_jobs, random_state=7).fit(x[:rows], y[:rows]), repeats)
cpu = (time.process_time() - cpu) / repeats
test = x[rows:]
model.n_jobs = 1
one = test[:1]
model.predict_proba(one)
_, one_row, _ = timed(lambda: model.predict_proba(one), 50)
many = numpy.resize(test, (10_000, features))
_, ten_thousand, _ = timed(lambda: model.predict_proba(many), 5)
print(json.dumps({
    "fitSeconds": fit,
    "fitRuns": fits,
    "fitCpuSeconds": cpu,
    "oneRowSeconds": one_row,
    "tenThousandRowsSeconds": ten_thousand,
    "accuracy": float((model.predict(test) == y[rows:]).mean()),
    "nodes": int(sum(tree.tree_.node_count for tree in model.estimators_)),
    "versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
}))
