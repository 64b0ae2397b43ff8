"""Makes test/golden/forest.json: two real sets and how well scikit-learn's forests do on them.

.venvs/bench/bin/python test/golden/make_forest.py
"""
import json
import pathlib
import platform

import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.model_selection import StratifiedKFold, KFold, cross_val_score

here = pathlib.Path(__file__).parent
out = {"versions": {"python": platform.python_version(), "scikit-learn": sklearn.__version__, "numpy": np.__version__}, "sets": {}}
for name, load in [("iris", load_iris), ("wine", load_wine), ("breast_cancer", load_breast_cancer), ("diabetes", load_diabetes)]:
    data = load()
    if name == "diabetes":
        scores = [cross_val_score(RandomForestRegressor(100, random_state=s), data.data, data.target, cv=KFold(5, shuffle=True, random_state=s), scoring="r2").mean() for s in range(5)]
    else:
        scores = [cross_val_score(RandomForestClassifier(100, random_state=s), data.data, data.target, cv=StratifiedKFold(5, shuffle=True, random_state=s)).mean() for s in range(5)]
    entry = {"score": float(np.mean(scores)), "spread": float(np.std(scores))}
    if name != "breast_cancer":
        entry["names"] = [str(n) for n in data.feature_names]
        entry["rows"] = [[float(f"{v:.6g}") for v in row] for row in data.data]
        entry["target"] = [float(t) if name == "diabetes" else int(t) for t in data.target]
    out["sets"][name] = entry
    print(name, entry["score"], entry["spread"])
(here / "forest.json").write_text(json.dumps(out) + "\n")
