"""Makes test/golden/calibration.json: .venvs/sklearn/bin/python test/golden/make_calibration.py"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.calibration import CalibratedClassifierCV, _SigmoidCalibration
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

here = pathlib.Path(__file__).parent
rng = np.random.default_rng(15)
iris = json.loads((here / "forest.json").read_text())["sets"]["iris"]
flowers = np.array(iris["rows"], dtype=float)
x = np.round(rng.normal(0, 1, (80, 3)), 3)
noise = x @ [1.5, -1, 0] + rng.normal(0, 1.5, 80)
tables = {"two": (x, (noise > 0).astype(int)), "iris": (flowers, np.array(iris["target"]))}
models = []
for name, (features, target) in tables.items():
    order = rng.permutation(len(target))
    tests = [np.sort(order[i::4]) for i in range(4)]
    folds = [(np.setdiff1d(np.arange(len(target)), test), test) for test in tests]
    for method in ["sigmoid", "isotonic"]:
        for scaled in [False, True]:
            base = LogisticRegression(C=1.0, tol=1e-12, max_iter=10000)
            model = make_pipeline(StandardScaler(), base) if scaled else base
            fitted = CalibratedClassifierCV(model, method=method, cv=folds, ensemble=False).fit(features, target)
            models.append({"table": name, "method": method, "scaled": scaled, "tests": [t.tolist() for t in tests], "probabilities": fitted.predict_proba(features).ravel().tolist()})
curves = []
for digits in [1, 2, 12]:
    scores = np.round(rng.random(60), digits)
    hits = (rng.random(60) < scores * 0.7 + 0.1).astype(int)
    at = np.round(np.linspace(-0.2, 1.2, 29), 3)
    curves.append({
        "scores": scores.tolist(), "hits": hits.tolist(), "at": at.tolist(),
        "isotonic": IsotonicRegression(out_of_bounds="clip").fit(scores, hits).predict(at).tolist(),
        "sigmoid": _SigmoidCalibration().fit(scores, hits).predict(at).tolist(),
    })
out = {"versions": {"scikit-learn": sklearn.__version__, "numpy": np.__version__}, "two": {"features": x.T.tolist(), "target": tables["two"][1].tolist()}, "models": models, "curves": curves}
(here / "calibration.json").write_text(json.dumps(out) + "\n")
