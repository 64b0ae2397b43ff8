"""NannyML's estimates of performance without labels, on files that are named on the command line; prints JSON."""

import json
import sys
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
import nannyml  # noqa: E402
from nannyml import CBPE, DLE  # noqa: E402

spec = json.load(sys.stdin)


def frame(path):
    return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)


def cbpe(task):
    reference, analysis = frame(task["reference"]), frame(task["analysis"])
    estimator = CBPE(
        problem_type="classification_binary",
        y_pred_proba=task["probability"],
        y_pred=task["prediction"],
        y_true=task["target"],
        metrics=["roc_auc", "average_precision", "accuracy", "precision", "recall", "specificity", "f1"],
        chunk_size=task["chunkRows"],
    )
    estimator.fit(reference)
    return rows_of(estimator.estimate(analysis), ["roc_auc", "average_precision", "accuracy", "precision", "recall", "specificity", "f1"])


def dle(task):
    reference, analysis = frame(task["reference"]), frame(task["analysis"])
    estimator = DLE(
        feature_column_names=task["features"],
        y_pred=task["prediction"],
        y_true=task["target"],
        metrics=["mae", "mape", "mse", "rmse"],
        chunk_size=task["chunkRows"],
    )
    estimator.fit(reference)
    return rows_of(estimator.estimate(analysis), ["mae", "mape", "mse", "rmse"])


def rows_of(result, metrics):
    table = result.filter(period="analysis").to_df()
    fields = ["value", "sampling_error", "lower_confidence_boundary", "upper_confidence_boundary", "lower_threshold", "upper_threshold", "alert"]
    answers = {}
    for metric in metrics:
        part = table[metric]
        answers[metric] = [{field: (None if pd.isna(row[field]) else (bool(row[field]) if field == "alert" else float(row[field]))) for field in fields} for _, row in part.iterrows()]
    return answers


print(json.dumps({"nannyml": nannyml.__version__, "cbpe": [cbpe(task) for task in spec["cbpe"]], "dle": [dle(task) for task in spec["dle"]]}))
