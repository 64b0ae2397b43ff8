"""Answers the cases of a JSON file with scikit-learn's metrics: python metrics.py cases.json"""

import json
import sys
import warnings

import numpy as np
import scipy
import sklearn
from sklearn import calibration
from sklearn import metrics as m

warnings.simplefilter("ignore")


def labels(actual, predicted, weights=None):
    w = {"sample_weight": weights}
    averages = []
    for average in ["macro", "weighted", "micro"]:
        options = {"average": average, "zero_division": 0, **w}
        averages += [
            m.precision_score(actual, predicted, **options),
            m.recall_score(actual, predicted, **options),
            m.f1_score(actual, predicted, **options),
            m.fbeta_score(actual, predicted, beta=2, **options),
            m.jaccard_score(actual, predicted, **options),
        ]
    report = m.classification_report(actual, predicted, output_dict=True, zero_division=0, **w)
    lines = [str(label) for label in sorted(set(actual) | set(predicted))] + ["macro avg", "weighted avg"]
    return {
        "confusion": m.confusion_matrix(actual, predicted, **w).ravel(),
        "accuracy": [m.accuracy_score(actual, predicted, **w)],
        "balancedAccuracy": [m.balanced_accuracy_score(actual, predicted, adjusted=adjusted, **w) for adjusted in [False, True]],
        "matthews": [m.matthews_corrcoef(actual, predicted, **w)],
        "cohenKappa": [m.cohen_kappa_score(actual, predicted, weights=kind, **w) for kind in [None, "linear", "quadratic"]],
        "averages": averages,
        "report": [report[line][name] for line in lines for name in ["precision", "recall", "f1-score", "support"]],
    }


def scores(actual, scores, weights=None):
    w = {"sample_weight": weights}
    roc = []
    for drop in [True, False]:
        fpr, tpr, thresholds = m.roc_curve(actual, scores, drop_intermediate=drop, **w)
        roc += [*fpr, *tpr, *thresholds[1:]]
    calibrated = []
    for strategy in ["uniform", "quantile"]:
        true, predicted = calibration.calibration_curve(actual, scores, n_bins=4, strategy=strategy)
        calibrated += [*true, *predicted]
    return {
        "rocAuc": [m.roc_auc_score(actual, scores, **w)],
        "averagePrecision": [m.average_precision_score(actual, scores, **w)],
        "logLoss": [m.log_loss(actual, scores, labels=[0, 1], **w)],
        "brier": [m.brier_score_loss(actual, scores, **w)],
        "rocCurve": roc,
        "precisionRecallCurve": np.concatenate(m.precision_recall_curve(actual, scores, **w)),
        "calibrationCurve": calibrated,
    }


def classes(actual, probabilities, weights=None):
    w = {"sample_weight": weights}
    probabilities = np.array(probabilities)
    k = probabilities.shape[1]
    flags = (np.array(actual)[:, None] == np.arange(k)[None, :]).astype(int)
    averages = ["macro", "weighted"]
    return {
        "rocAucOvr": [m.roc_auc_score(actual, probabilities, multi_class="ovr", average=average, **w) for average in averages],
        "rocAucOvo": [m.roc_auc_score(actual, probabilities, multi_class="ovo", average=average) for average in averages],
        "averagePrecision": [m.average_precision_score(flags, probabilities, average=average, **w) for average in averages],
        "logLoss": [m.log_loss(actual, probabilities, labels=range(k), **w)],
        "brier": [m.brier_score_loss(actual, probabilities, labels=range(k), scale_by_half=False, **w)],
        "topKAccuracy": [m.top_k_accuracy_score(actual, probabilities, k=top, labels=range(k), **w) for top in [1, 2]],
    }


def numbers(actual, predicted, alpha, weights=None):
    w = {"sample_weight": weights}
    return {
        "mse": [m.mean_squared_error(actual, predicted, **w)],
        "rmse": [m.root_mean_squared_error(actual, predicted, **w)],
        "mae": [m.mean_absolute_error(actual, predicted, **w)],
        "medianAbsoluteError": [m.median_absolute_error(actual, predicted, **w)],
        "mape": [m.mean_absolute_percentage_error(actual, predicted, **w)],
        "msle": [m.mean_squared_log_error(actual, predicted, **w)],
        "r2": [m.r2_score(actual, predicted, **w)],
        "explainedVariance": [m.explained_variance_score(actual, predicted, **w)],
        "d2AbsoluteError": [m.d2_absolute_error_score(actual, predicted, **w)],
        "maxError": [m.max_error(actual, predicted)],
        "pinball": [m.mean_pinball_loss(actual, predicted, alpha=alpha, **w)],
        "d2Pinball": [m.d2_pinball_score(actual, predicted, alpha=alpha, **w)],
    }


def queries(relevance, scores, k):
    single = [[int(i == items.index(max(items))) for i in range(len(items))] for items in relevance]
    distinct = [[score + i * 1e-7 for i, score in enumerate(own)] for own in scores]
    return {
        "dcg": [m.dcg_score(relevance, scores), m.dcg_score(relevance, scores, k=k), m.dcg_score(relevance, distinct, k=k, ignore_ties=True)],
        "ndcg": [m.ndcg_score(relevance, scores), m.ndcg_score(relevance, scores, k=k)],
        "reciprocalRank": [m.label_ranking_average_precision_score(single, scores)],
        "meanAveragePrecision": [
            m.average_precision_score([int(v > 0) for v in items], own) if any(items) else float("nan")
            for items, own in zip(relevance, scores)
        ],
    }


def plain(value):
    value = float(value)
    return value if value == value and abs(value) != float("inf") else str(value)


answers = []
for case in json.load(open(sys.argv[1])):
    kind = case.pop("kind")
    answer = {"labels": labels, "scores": scores, "classes": classes, "numbers": numbers, "queries": queries}[kind](**case)
    answers.append({name: [plain(value) for value in values] for name, values in answer.items()})
versions = {"scikit-learn": sklearn.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
print(json.dumps({"versions": versions, "answers": answers}))
