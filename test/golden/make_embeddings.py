"""Drift of embeddings by Evidently: `.venvs/evidently/bin/python test/golden/make_embeddings.py`. Writes embeddings.json beside it."""
import json
from importlib.metadata import version
from pathlib import Path

import numpy
import pandas
from evidently.legacy.metrics.data_drift.embedding_drift_methods import distance, ratio

rng = numpy.random.default_rng(5)
cases = []
for rows, width, shift in [(40, 5, 0), (40, 5, 0.3), (60, 8, 0.1), (25, 3, 1), (500, 4, 0.2)]:
    reference = numpy.round(rng.normal(size=(rows, width)) + 1, 3)
    current = numpy.round(rng.normal(size=(rows // 2 + 3, width)) + 1 + shift * numpy.arange(width) / width, 3)
    frames = lambda: (pandas.DataFrame(current), pandas.DataFrame(reference))
    found = {"ratio": ratio()(*frames())} | {name: distance(name)(*frames()) for name in ("euclidean", "cosine", "cityblock", "chebyshev")}
    cases.append({"reference": reference.tolist(), "current": current.tolist(), "scores": {name: float(score) for name, (score, _, _) in found.items()}, "drift": {name: bool(drift) for name, (_, drift, _) in found.items()}})
(Path(__file__).parent / "embeddings.json").write_text(json.dumps({"versions": {"evidently": version("evidently"), "numpy": numpy.__version__}, "cases": cases}) + "\n")
