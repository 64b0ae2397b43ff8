"""
Nearest neighbours and isolation forests of scikit-learn: `.venvs/trees/bin/python test/golden/make_neighbors.py > test/golden/neighbors.json`. Tables are seeded.
Of isolation forests: for each row the mean and the standard deviation of `score_samples` over 40 seeds, and path lengths c(n).
"""
import json

import numpy
import sklearn
from sklearn.ensemble import IsolationForest
from sklearn.ensemble._iforest import _average_path_length
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

rng = numpy.random.default_rng(5)
train = rng.normal(size=(150, 3)).round(6) * [1, 10, 0.1]
test = numpy.vstack([rng.normal(size=(20, 3)).round(6) * [1, 10, 0.1], train[:4]])
labels = (train[:, 0] + train[:, 1] / 10 + rng.normal(size=150) * 0.3 > 0).astype(int) + (train[:, 2] > 0.05)
numbers = (train[:, 0] ** 2 + train[:, 1]).round(6)
cases = []
for k in (1, 5, 40):
    for weights in ("uniform", "distance"):
        for metric, p in (("euclidean", 2), ("manhattan", 1), ("chebyshev", 2), ("minkowski", 3)):
            options = {"n_neighbors": k, "weights": weights, "metric": metric, "p": p}
            cases.append({
                "k": k, "weights": weights, "metric": metric, "p": p,
                "probabilities": KNeighborsClassifier(**options).fit(train, labels).predict_proba(test).ravel().tolist(),
                "numbers": KNeighborsRegressor(**options).fit(train, numbers).predict(test).tolist(),
            })
table = numpy.vstack([rng.normal(size=(300, 3)), [[4, 4, 4], [0, 0, 6], [-5, 0, 0]]]).round(6)
scores = numpy.array([IsolationForest(n_estimators=100, random_state=seed).fit(table).score_samples(table) for seed in range(40)])
isolation = {
    "table": table.tolist(), "mean": scores.mean(0).round(6).tolist(), "std": scores.std(0).round(6).tolist(),
    "paths": {str(n): float(_average_path_length(numpy.array([n]))[0]) for n in (1, 2, 3, 10, 256, 100_000)},
    "outliers": float((scores < -0.5).mean()),
}
print(json.dumps({
    "sklearn": sklearn.__version__, "train": train.tolist(), "test": test.tolist(), "labels": labels.tolist(), "numbers": numbers.tolist(), "cases": cases,
    "isolation": isolation,
}))
