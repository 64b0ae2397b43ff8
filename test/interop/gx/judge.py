"""Judges the cases of a JSON file with Great Expectations on pandas: python judge.py cases.json > answers.json"""

import json
import logging
import sys
import tempfile
import warnings

import great_expectations as gx
import numpy
import pandas
import sqlalchemy
from great_expectations.expectations.registry import get_expectation_impl

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)


def series(column):
    values = column["values"]
    missing = any(value is None for value in values)
    kind = column["type"]
    if kind == "timestamp":
        values = [value and value.rstrip("Z") for value in values]
        return pandas.Series(pandas.to_datetime(values, format="ISO8601"), dtype="datetime64[ns]")
    if kind == "string":
        return pandas.Series(values, dtype="str")
    if kind == "boolean":
        return pandas.Series(values, dtype="object" if missing else "bool")
    return pandas.Series(values, dtype="int64" if kind == "int32" and not missing else "float64")


def plain(value):
    """A value of a result as JSON, as our library writes it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, numpy.ndarray)):
        return [plain(item) for item in value]
    if isinstance(value, (pandas.Timestamp,)) and not pandas.isnull(value):
        return value.isoformat(timespec="milliseconds") + "Z"
    if isinstance(value, numpy.generic):
        value = value.item()
    if isinstance(value, float) and value != value:
        return None
    if value is pandas.NaT or value is pandas.NA:
        return None
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def judge(batch, case):
    try:
        result = batch.validate(get_expectation_impl(case["type"])(**case["kwargs"]), result_format="COMPLETE")
    except Exception as error:  # the expectation itself is refused
        return {"error": str(error)[:200]}
    raised = [info for info in result.exception_info.values() if isinstance(info, dict) and info.get("raised_exception")]
    if result.exception_info.get("raised_exception") or raised:
        return {"error": str((raised or [result.exception_info])[0].get("exception_message"))[:200]}
    keys = ("element_count", "unexpected_count", "missing_count", "observed_value", "unexpected_index_list")
    found = {key: plain(result.result[key]) for key in keys if key in result.result}
    return {"success": bool(result.success), **found}


def sqlite_batches(context, frames, folder, source_name="s"):
    """The tables in SQLite, whose LIKE is told to mind the case of letters, as that of other databases does."""

    @sqlalchemy.event.listens_for(sqlalchemy.engine.Engine, "connect")
    def mind_case(connection, _):
        connection.execute("PRAGMA case_sensitive_like = ON")

    path = f"sqlite:///{folder}/tables.db"
    engine = sqlalchemy.create_engine(path)
    for name, frame in frames.items():
        frame.to_sql(name, engine, index=False)
    source = context.data_sources.add_sqlite(source_name, connection_string=path)
    return {
        name: source.add_table_asset(name, table_name=name).add_batch_definition_whole_table("b").get_batch() for name in frames
    }


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        wanted = json.load(file)
    context = gx.get_context(mode="ephemeral")
    source = context.data_sources.add_pandas("p")
    batches, frames = {}, {}
    for name, columns in wanted["tables"].items():
        frame = pandas.DataFrame({column["name"]: series(column) for column in columns})
        definition = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("b")
        batches[name] = definition.get_batch({"dataframe": frame})
        frames[name] = frame
    tables = {case["table"] for case in wanted["cases"] if case.get("engine") == "sqlite"}
    with tempfile.TemporaryDirectory() as folder:
        on_sqlite = sqlite_batches(context, {name: frames[name] for name in tables}, folder)
        answers = [
            judge((on_sqlite if case.get("engine") == "sqlite" else batches)[case["table"]], case) for case in wanted["cases"]
        ]
    versions = {"great_expectations": gx.__version__, "pandas": pandas.__version__}
    json.dump({"versions": versions, "answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
