"""What pandas says: reads a JSON job from standard input, writes one line of JSON a case. See _cases.ts."""

import ast
import json
import sys
import warnings

import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def read(path, limit, schema, na_values):
    text = [column["name"] for column in schema if column["type"] == "string"]
    frame = pd.read_csv(path, keep_default_na=False, na_values=na_values, nrows=limit, dtype={name: "str" for name in text})
    for column in schema:
        if column["type"] == "timestamp":
            frame[column["name"]] = pd.to_datetime(frame[column["name"]]).astype("datetime64[ms]")
    return frame


def described(d):
    """pandas' describe, in the words and the layout of ours."""
    is_time = [pd.api.types.is_datetime64_any_dtype(d[name]) for name in d.columns]
    is_number = [pd.api.types.is_numeric_dtype(d[name]) and d[name].dtype != bool for name in d.columns]
    r = d.describe(include="all").T
    def column(name, wanted, kind):
        values = [value if ok else None for value, ok in zip(r[name], wanted)] if name in r.columns else [None] * len(r)
        return pd.Series(values, dtype=kind)
    s = pd.DataFrame({"column": r.index, "count": r["count"].astype("int64").values, "missing": d.isna().sum().values, "distinct": d.nunique().values})
    for name, label in [("mean", "mean"), ("std", "sd"), ("min", "min"), ("25%", "p25"), ("50%", "p50"), ("75%", "p75"), ("max", "max")]:
        s[label] = column(name, is_number, "float64")
    s["freq"] = column("freq", [not number and not time for number, time in zip(is_number, is_time)], "float64")
    if any(is_time):
        for name, label in [("min", "earliest"), ("50%", "p50_time"), ("max", "latest")]:
            s[label] = column(name, is_time, "datetime64[ms]")
    return s


def label(value):
    """The name of a column made of a value: whole numbers without a fraction."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def cells(series):
    """A column as JSON: null where missing, times as epoch milliseconds, differences of times as milliseconds."""
    if pd.api.types.is_datetime64_any_dtype(series):
        values = [None if pd.isna(value) else value.value / 1e6 for value in series]
        return {"kind": "timestamp", "values": values}
    if pd.api.types.is_timedelta64_dtype(series):
        return {"kind": "number", "values": [None if pd.isna(value) else value.value / 1e6 for value in series]}
    if pd.api.types.is_bool_dtype(series):
        return {"kind": "boolean", "values": series.tolist()}
    if pd.api.types.is_numeric_dtype(series):
        values = series.tolist()
        return {"kind": "number", "values": [None if v != v else str(v) if v in (np.inf, -np.inf) else v for v in values]}
    values = [None if pd.isna(value) else value for value in series]
    kinds = {type(value) for value in values if value is not None}
    if kinds == {bool}:
        return {"kind": "boolean", "values": values}
    if kinds and kinds <= {int, float}:
        return {"kind": "number", "values": values}
    return {"kind": "string", "values": [value if value is None else str(value) for value in values]}


def judge(code, names):
    *before, last = ast.parse(code.strip()).body
    exec(compile(ast.Module(before, []), "case", "exec"), names)
    result = eval(compile(ast.Expression(last.value), "case", "eval"), names)
    return [{"name": str(name), **cells(result[name])} for name in result.columns]


job = json.load(sys.stdin)
tables = {name: read(**table, na_values=job["naValues"]) for name, table in job["tables"].items()}
print(json.dumps({"python": sys.version.split()[0], "pandas": pd.__version__, "numpy": np.__version__}))
for item in job["cases"]:
    ks = item["columns"]["ks"]
    names = {"pd": pd, "np": np, "described": described, "label": label, "known": lambda frame, ks=ks: frame.dropna(subset=ks), **item["columns"]}
    names["d"] = tables[item["table"]]
    names["right"] = tables[item["right"]["table"]].iloc[item["right"]["from"] : item["right"]["to"]][item["right"]["columns"]]
    try:
        answer = {"columns": judge(item["pandas"], names)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer))
