"""The peer of bench/onnx.ts: fits an equal chain with scikit-learn and times skl2onnx's conversion. usage: onnx_skl2onnx.py <csv> <trees> <repeats>"""
import json
import platform
import statistics
import sys
import time

import onnx
import pandas
import skl2onnx
import sklearn
from skl2onnx.common.data_types import FloatTensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

rows = pandas.read_csv(sys.argv[1])
trees, repeats = map(int, sys.argv[2:4])
numbers, texts = ["distance", "delay", "hour"], ["carrier", "origin"]
columns = ColumnTransformer([("numbers", SimpleImputer(), numbers), ("texts", OneHotEncoder(handle_unknown="ignore"), texts)])
model = make_pipeline(columns, RandomForestClassifier(trees, max_depth=12, random_state=1)).fit(rows[numbers + texts].astype({name: object for name in texts}), rows["late"])
types = [*[(name, FloatTensorType([None, 1])) for name in numbers], *[(name, StringTensorType([None, 1])) for name in texts]]
taken = []
for _ in range(repeats):
    start = time.perf_counter()
    data = skl2onnx.to_onnx(model, initial_types=types, options={"zipmap": False}, target_opset={"": 17, "ai.onnx.ml": 3}).SerializeToString()
    taken.append(time.perf_counter() - start)
print(json.dumps({
    "milliseconds": statistics.median(taken) * 1000,
    "bytes": len(data),
    "nodes": int(sum(tree.tree_.node_count for tree in model[-1].estimators_)),
    "versions": {"python": platform.python_version(), "skl2onnx": skl2onnx.__version__, "onnx": onnx.__version__, "scikit-learn": sklearn.__version__},
}))
