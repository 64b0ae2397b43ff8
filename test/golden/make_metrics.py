"""Makes test/golden/metrics.json and test/golden/learn.json: inputs and what scikit-learn says.

.venvs/bench/bin/python test/golden/make_metrics.py
"""
import json
import pathlib
import platform

import numpy as np
import scipy
import sklearn
from sklearn import impute, linear_model, metrics, preprocessing

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(20261122)
versions = {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}


def clean(value):
    if isinstance(value, np.ndarray):
        return clean(value.tolist())
    if isinstance(value, list):
        return [clean(item) for item in value]
    if isinstance(value, (float, np.floating)):
        return None if np.isnan(value) else float(value)
    if isinstance(value, np.integer):
        return int(value)
    return value


def classification(name, actual, proba, labels):
    labels = np.array(labels)
    actual = np.array(actual)
    predicted = labels[np.argmax(proba, axis=1)]
    out = {
        "accuracy": metrics.accuracy_score(actual, predicted),
        "balancedAccuracy": metrics.balanced_accuracy_score(actual, predicted),
        "matthews": metrics.matthews_corrcoef(actual, predicted),
        "logLoss": metrics.log_loss(actual, proba, labels=labels),
        "confusion": metrics.confusion_matrix(actual, predicted, labels=labels).ravel(),
    }
    for average in ["macro", "weighted", "micro"]:
        for metric, function in [("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)]:
            out[f"{metric}.{average}"] = function(actual, predicted, average=average, zero_division=0)
    if len(labels) == 2:
        for metric, function in [("precision", metrics.precision_score), ("recall", metrics.recall_score), ("f1", metrics.f1_score)]:
            out[f"{metric}.binary"] = function(actual, predicted, pos_label=labels[1], zero_division=0)
        binary = (actual == labels[1]).astype(int)
        out["rocAuc"] = metrics.roc_auc_score(binary, proba[:, 1])
        out["averagePrecision"] = metrics.average_precision_score(binary, proba[:, 1])
        out["brier"] = metrics.brier_score_loss(binary, proba[:, 1])
    else:
        out["rocAuc"] = metrics.roc_auc_score(actual, proba, multi_class="ovr", average="macro", labels=labels)
        onehot = (actual[:, None] == labels[None, :]).astype(int)
        out["averagePrecision"] = metrics.average_precision_score(onehot, proba, average="macro")
        out["brier"] = float(((proba - onehot) ** 2).sum(axis=1).mean())
    return {"name": name, "classes": clean(labels), "actual": clean(actual), "probabilities": clean(proba.ravel()), "expected": {k: clean(v) for k, v in out.items()}}


def probabilities(n, k, digits):
    raw = rng.dirichlet(np.ones(k), n)
    raw = np.round(raw, digits)
    raw[:, -1] = 1 - raw[:, :-1].sum(axis=1)
    return np.clip(raw, 0, 1)


def noisy(n, k, labels, digits):
    proba = probabilities(n, k, digits)
    codes = np.array([rng.choice(k, p=0.6 * row / row.sum() + 0.4 / k) for row in proba])
    return np.array(labels)[codes], proba


def regression(name, actual, predicted):
    return {
        "name": name,
        "actual": clean(actual),
        "predicted": clean(predicted),
        "expected": {k: clean(v) for k, v in {
            "mse": metrics.mean_squared_error(actual, predicted),
            "rmse": metrics.mean_squared_error(actual, predicted) ** 0.5,
            "mae": metrics.mean_absolute_error(actual, predicted),
            "r2": metrics.r2_score(actual, predicted),
            "mape": metrics.mean_absolute_percentage_error(actual, predicted),
            "medianAbsoluteError": metrics.median_absolute_error(actual, predicted),
            "maxError": metrics.max_error(actual, predicted),
            "explainedVariance": metrics.explained_variance_score(actual, predicted),
        }.items()},
    }


cases = []
for name, n, k, labels, digits in [
    ("binary strings", 120, 2, ["no", "yes"], 6),
    ("binary with many ties", 200, 2, [0, 1], 1),
    ("binary, few rows", 7, 2, [0, 1], 2),
    ("three classes", 150, 3, ["a", "b", "c"], 4),
    ("five classes with ties", 120, 5, [1, 2, 3, 4, 5], 1),
]:
    actual, proba = noisy(n, k, labels, digits)
    cases.append(classification(name, actual, proba, labels))
certain = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]])
cases.append(classification("certain, and once wrong", [0, 1, 1, 1], certain, [0, 1]))

actual = rng.normal(50, 10, 101)
numbers = [
    regression("noise", actual, actual + rng.normal(1, 4, 101)),
    regression("even count", actual[:40], actual[:40] * 0.9),
    regression("constant actual", np.full(5, 3.0), np.array([3.0, 3.5, 2.0, 3.0, 4.0])),
    regression("perfect", actual[:10], actual[:10]),
    regression("with a zero", np.array([0.0, 1.0, 2.0]), np.array([0.5, 1.0, 1.5])),
]
(here / "metrics.json").write_text(json.dumps({"versions": versions, "classification": cases, "regression": numbers}) + "\n")

x = np.round(rng.normal([0, 100, 1e6], [1, 20, 3], (40, 3)), 3)
x[3, 0] = x[7, 1] = x[8, 1] = x[39, 2] = np.nan
x[:, 1] = np.round(x[:, 1] / 10) * 10
filled = impute.SimpleImputer().fit_transform(x)
words = np.array([["red", "green", "blue", "Äpfel"][i] for i in rng.integers(0, 4, 40)])
x3 = preprocessing.StandardScaler().fit_transform(filled)
y2 = (x3[:, 0] + 0.5 * x3[:, 1] + rng.normal(0, 1, 40) > 0).astype(int)
y3 = np.digitize(x3[:, 0] + rng.normal(0, 1, 40), [-0.5, 0.5])
yr = 3 + 2 * x3[:, 0] - x3[:, 2] + rng.normal(0, 0.1, 40)
learn = {
    "versions": versions,
    "columns": clean(x.T),
    "words": clean(words),
    "imputer": {s: clean(impute.SimpleImputer(strategy=s if s != "mostFrequent" else "most_frequent").fit_transform(x).T) for s in ["mean", "median", "mostFrequent"]},
    "scaler": {"mean": clean(preprocessing.StandardScaler().fit(filled).mean_), "scale": clean(preprocessing.StandardScaler().fit(filled).scale_), "columns": clean(x3.T)},
    "oneHot": {"categories": clean(preprocessing.OneHotEncoder().fit(words[:, None]).categories_[0]), "columns": clean(preprocessing.OneHotEncoder(sparse_output=False).fit_transform(words[:, None]).T)},
    "ordinal": clean(preprocessing.OrdinalEncoder().fit_transform(words[:, None]).ravel()),
    "features": clean(x3.T),
    "binary": {"target": clean(y2)},
    "multi": {"target": clean(y3)},
    "regression": {"target": clean(yr)},
}
for name, y, c in [("binary", y2, 1.0), ("binary", y2, 0.1), ("multi", y3, 1.0)]:
    model = linear_model.LogisticRegression(C=c, tol=1e-10, max_iter=10000).fit(x3, y)
    learn[name][f"c={c}"] = {"coefficients": clean(model.coef_.ravel()), "intercepts": clean(model.intercept_), "probabilities": clean(model.predict_proba(x3).ravel())}
for alpha in [0.0, 2.5]:
    model = (linear_model.LinearRegression() if alpha == 0 else linear_model.Ridge(alpha=alpha)).fit(x3, yr)
    learn["regression"][f"alpha={alpha:g}"] = {"coefficients": clean(model.coef_), "intercept": float(model.intercept_)}
(here / "learn.json").write_text(json.dumps(learn) + "\n")
