"""Makes test/golden/penalized.json: coefficients of scikit-learn's Ridge and Lasso on diabetes (rows in forest.json) and on correlated features.

.venvs/bench/bin/python test/golden/make_penalized.py
"""
import json
import pathlib

import numpy as np
import sklearn
from sklearn.linear_model import Lasso, Ridge

here = pathlib.Path(__file__).parent
diabetes = json.loads((here / "forest.json").read_text())["sets"]["diabetes"]
rng = np.random.default_rng(5)
base = rng.normal(size=(80, 3))
x = np.round(np.hstack([base, base + 0.1 * rng.normal(size=(80, 3)), 100 + 20 * rng.normal(size=(80, 2)), np.ones((80, 1))]), 6)
y = np.round(x[:, 0] * 3 - x[:, 4] + 0.2 * x[:, 6] + rng.normal(size=80), 6)
sets = {"diabetes": (np.array(diabetes["rows"]), np.array(diabetes["target"])), "correlated": (x, y)}
out = {"sklearn": sklearn.__version__, "correlated": {"rows": x.tolist(), "target": y.tolist()}, "cases": []}
for name, (rows, target) in sets.items():
    for kind, make in {"ridge": Ridge, "lasso": lambda alpha, **o: Lasso(alpha, max_iter=1_000_000, tol=1e-14)}.items():
        for alpha in [0.01, 0.1, 1, 10]:
            model = make(alpha).fit(rows, target)
            out["cases"].append({"set": name, "kind": kind, "alpha": alpha, "coefficients": model.coef_.tolist(), "intercept": float(model.intercept_)})
(here / "penalized.json").write_text(json.dumps(out) + "\n")
