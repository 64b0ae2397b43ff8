"""
SHAP values by the package shap: `explain.py <file>`. The file is JSON: a list of models, each with trees (shap's own dictionary form), rows, base, and our
values. Prints one JSON line per model: the largest difference, and the largest difference of the mean.
"""
import json
import sys

import numpy
import shap

print(json.dumps({"shap": shap.__version__, "numpy": numpy.__version__}))
for case in json.load(open(sys.argv[1])):
    trees = [
        {key: numpy.array(value, dtype="float64" if key in ("thresholds", "values", "node_sample_weight") else "int32") for key, value in tree.items()}
        for tree in case["trees"]
    ]
    rows = numpy.array([[numpy.nan if cell is None else cell for cell in row] for row in case["rows"]], dtype="float64")
    explainer = shap.TreeExplainer({"trees": trees})
    theirs = numpy.array(explainer.shap_values(rows, check_additivity=False)).reshape(len(rows), rows.shape[1], -1)
    own = numpy.array(case["values"]).reshape(theirs.shape)
    base = numpy.array(case["baseValues"]) - numpy.array(case["base"])
    print(json.dumps({
        "name": case["name"],
        "rows": len(rows),
        "difference": float(numpy.abs(own - theirs).max()),
        "largest": float(numpy.abs(theirs).max()),
        "baseDifference": float(numpy.abs(base - numpy.array(explainer.expected_value)).max()),
    }))
