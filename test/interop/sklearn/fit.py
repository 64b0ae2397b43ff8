"""Fits the transformers of a JSON file with scikit-learn: python fit.py cases.json folder

Writes the output cells of case i to folder/i.train and folder/i.unseen (float64, column after column); prints names, shapes and text as JSON.
"""

import json
import pathlib
import sys
import warnings

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn import compose, feature_extraction, impute, model_selection, pipeline, preprocessing

warnings.simplefilter("ignore")
folder = pathlib.Path(sys.argv[2])


def series(column):
    values, kind = column["values"], column["type"]
    if kind == "timestamp":
        return pd.Series(pd.to_datetime(np.array([np.nan if v is None else v for v in values]), unit="ms"))
    if kind == "string":
        return pd.Series(values, dtype="object").where(lambda s: s.notna(), np.nan)
    missing = any(value is None for value in values)
    return pd.Series(values, dtype="float64" if kind == "float64" or missing else "int64")


class DateParts:
    """What pandas says of timestamps, in the place of a transformer."""

    def __init__(self, parts, cyclic):
        self.parts, self.cyclic = parts, cyclic

    def value(self, dates, part):
        own = {"dayOfYear": "dayofyear", "dayOfWeek": "dayofweek"}.get(part, part)
        if part == "week":
            return dates.dt.isocalendar().week.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
        if part == "millisecond":
            return (dates.dt.microsecond // 1000).to_numpy(dtype="float64")
        return getattr(dates.dt, own).to_numpy(dtype="float64")

    def period(self, dates, part):
        if part == "day":
            return dates.dt.days_in_month.to_numpy(dtype="float64")
        if part == "dayOfYear":
            return np.where(dates.dt.is_leap_year, 366.0, 365.0)
        if part == "week":
            years = dates.dt.isocalendar().year.astype("Float64").to_numpy(dtype="float64", na_value=np.nan)
            return np.array([np.nan if y != y else pd.Timestamp(int(y), 12, 28).isocalendar().week for y in years], dtype="float64")
        return {"quarter": 4, "month": 12, "dayOfWeek": 7, "hour": 24, "millisecond": 1000}.get(part, 60)

    def fit_transform(self, frame, y=None):
        return self.transform(frame)

    def transform(self, frame):
        made = {}
        for name in frame:
            for part in self.parts:
                value = self.value(frame[name], part)
                if not self.cyclic or part == "year":
                    made[f"{name}_{part}"] = value
                    continue
                first = 1 if part in ("quarter", "month", "week", "day", "dayOfYear") else 0
                angle = 2 * np.pi * (value - first) / self.period(frame[name], part)
                made[f"{name}_{part}_sin"], made[f"{name}_{part}_cos"] = np.sin(angle), np.cos(angle)
        return pd.DataFrame(made)


class Hasher:
    """FeatureHasher of rows as dictionaries."""

    def __init__(self, **options):
        self.hasher = feature_extraction.FeatureHasher(**options)

    def fit_transform(self, frame, y=None):
        return self.transform(frame)

    def transform(self, frame):
        rows = [{k: v for k, v in row.items() if v == v and v is not None} for row in frame.to_dict("records")]
        return self.hasher.transform(rows).toarray()


modules = (compose, feature_extraction.text, impute, model_selection, pipeline, preprocessing)


def build(spec):
    """An object from {"class": name, "args": {…}}, whatever it is nested in."""
    if isinstance(spec, list):
        return [build(item) for item in spec]
    if not isinstance(spec, dict):
        return float("nan") if spec == "NaN" else spec
    if "numpy" in spec:
        return getattr(np, spec["numpy"])
    if "tuple" in spec:
        return tuple(build(spec["tuple"]))
    if "folds" in spec:
        folds = np.array(spec["folds"])
        return [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(folds.max() + 1)]
    if "class" not in spec:
        return {key: build(value) for key, value in spec.items()}
    args = {key: build(value) for key, value in spec.get("args", {}).items()}
    own = {"DateParts": DateParts, "Hasher": Hasher}.get(spec["class"])
    return (own or next(getattr(m, spec["class"]) for m in modules if hasattr(m, spec["class"])))(**args)


def write(path, result):
    """Cells to a file; text apart."""
    if scipy.sparse.issparse(result):
        result = result.toarray()
    frame = result if isinstance(result, pd.DataFrame) else pd.DataFrame(result)
    columns, text = [], {}
    for place in range(frame.shape[1]):
        column = frame.iloc[:, place]
        try:
            columns.append(column.to_numpy(dtype="float64"))
        except (TypeError, ValueError):
            text[place] = [None if v is None or v != v else str(v) for v in column]
            columns.append(np.full(len(column), np.nan))
    np.asarray(columns, dtype="<f8").tofile(path)
    return {"shape": list(frame.shape), "text": text}


def attempt(step):
    try:
        return step()
    except Exception as error:  # what scikit-learn refuses, we must refuse
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def judge(i, case, tables):
    train, unseen = ({name: series(column) for name, column in part.items()} for part in tables[case["table"]])
    names = case["columns"]
    def frame(part):
        return part[names[0]] if case.get("one") else pd.DataFrame({name: part[name] for name in names})
    transformer = build(case["spec"])
    y = train[case["target"]] if case.get("target") else None
    answer = {"train": attempt(lambda: write(folder / f"{i}.train", transformer.fit_transform(frame(train), y)))}
    if "error" not in answer["train"]:
        answer["unseen"] = attempt(lambda: write(folder / f"{i}.unseen", transformer.transform(frame(unseen))))
        named = getattr(transformer, "get_feature_names_out", None)
        answer["names"] = attempt(lambda: [str(name) for name in named()]) if named else None
        lambdas = getattr(transformer, "lambdas_", None)
        if lambdas is not None:
            answer["lambdas"] = [float(value) for value in lambdas]
    return answer


wanted = json.loads(pathlib.Path(sys.argv[1]).read_text(encoding="utf-8"))
answers = [judge(i, case, wanted["tables"]) for i, case in enumerate(wanted["cases"])]
versions = {"scikit-learn": sklearn.__version__, "pandas": pd.__version__, "numpy": np.__version__, "scipy": scipy.__version__}
json.dump({"versions": versions, "answers": answers}, sys.stdout)
