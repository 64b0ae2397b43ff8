"""Reads each table of a folder with four tools, compares it with its JSON, and writes it again with each tool. `python read_and_write.py <folder>`."""

import datetime as dt
import json
import math
import sys
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
problems: list[str] = []


def plain(value):
    """A cell as the JSON has it: times as epoch milliseconds, missing as null."""
    if value is None or value is pd.NaT or value is pd.NA:
        return None
    if isinstance(value, dt.datetime):
        zoned = value if value.tzinfo else value.replace(tzinfo=dt.timezone.utc)
        return round((zoned - dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)) / dt.timedelta(milliseconds=1))
    if isinstance(value, float) and math.isnan(value):
        return None
    return value


def same(want, got):
    """JSON has one kind of number: JavaScript writes the float 1.2345678901234568e20 as a whole number of as many digits."""
    if isinstance(got, float) and isinstance(want, (int, float)) and not isinstance(want, bool):
        return float(want) == got and (got != 0 or not isinstance(want, float) or math.copysign(1, want) == math.copysign(1, got))
    return want == got


def check(name, tool, columns, want):
    for column, cells in want.items():
        got = [plain(value) for value in columns[column]]
        cells = [{"Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}.get(c["n"], c) if isinstance(c, dict) else c for c in cells]
        wrong = next((i for i, pair in enumerate(zip(cells, got)) if not same(*pair)), None)
        if len(got) != len(cells) or wrong is not None:
            problems.append(f"{name} {tool}: column {column!r}, row {wrong}: {got[wrong or 0]!r} for {cells[wrong or 0]!r}")


for path in sorted(folder.glob("*.json")):
    name = path.stem
    want = json.loads(path.read_text())
    parquet, arrow = f"{folder}/{name}.parquet", f"{folder}/{name}.arrow"
    table = pq.read_table(parquet)
    check(name, "pyarrow parquet", table.to_pydict(), want)
    # pandas makes floats of integers with missing cells: its numbers are compared, not their type.
    frame = pd.read_parquet(parquet)
    check(name, "pandas parquet", {c: frame[c].astype(object).tolist() for c in frame}, want)
    check(name, "polars parquet", pl.read_parquet(parquet).to_dict(as_series=False), want)
    check(name, "duckdb parquet", duckdb.sql(f"select * from '{parquet}'").to_arrow_table().to_pydict(), want)
    ipc = pa.ipc.open_file(arrow).read_all()
    check(name, "pyarrow arrow", ipc.to_pydict(), want)
    check(name, "pandas arrow", {c: s.astype(object).tolist() for c, s in pd.read_feather(arrow).items()}, want)
    check(name, "polars arrow", pl.read_ipc(arrow).to_dict(as_series=False), want)
    stream = pa.ipc.open_stream(f"{folder}/{name}.arrows").read_all()
    check(name, "pyarrow stream of dictionaries", stream.to_pydict(), want)

    pq.write_table(table, f"{folder}/{name}.pyarrow.parquet", compression="zstd", row_group_size=7)
    frame.to_parquet(f"{folder}/{name}.pandas.parquet")
    pl.from_arrow(table).write_parquet(f"{folder}/{name}.polars.parquet")
    duckdb.sql(f"copy (select * from '{parquet}') to '{folder}/{name}.duckdb.parquet' (format parquet)")
    feather.write_feather(table, f"{folder}/{name}.pyarrow.arrow", compression="lz4")
    pl.from_arrow(table).write_ipc(f"{folder}/{name}.polars.arrow", compression="zstd")

versions = {m.__name__: m.__version__ for m in (pa, pd, pl, duckdb)}
print(json.dumps({"versions": versions, "problems": problems}))
