"""Evidently's DataDriftPreset on the tables of bench/drift.ts: `drift_evidently.py FOLDER COLUMNS ROWS`. Prints JSON."""
import json
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy
import pandas

folder, columns, rows = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


def table(name: str) -> pandas.DataFrame:
    data = numpy.fromfile(folder / name, dtype=numpy.float64).reshape(columns, rows)
    made = {}
    for i in range(columns):
        if i % 4 == 3:
            made[f"s{i}"] = pandas.Series(numpy.where(numpy.isnan(data[i]), None, numpy.char.add("category ", numpy.nan_to_num(data[i]).astype(int).astype(str))))
        else:
            made[f"{'i' if i % 4 == 2 else 'f'}{i}"] = data[i]
    return pandas.DataFrame(made)


reference, current = table("reference.bin"), table("current.bin")
start = time.process_time()
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset

imported = time.process_time() - start
numeric = [name for name in reference.columns if not name.startswith("s")]
definition = DataDefinition(numerical_columns=numeric, categorical_columns=[name for name in reference.columns if name.startswith("s")])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
start = time.process_time()
snapshot = Report([DataDriftPreset()]).run(Dataset.from_pandas(current, data_definition=definition), Dataset.from_pandas(reference, data_definition=definition))
ran = time.process_time() - start
start = time.process_time()
snapshot.save_html(str(folder / "evidently.html"))
page = time.process_time() - start
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
out = {"version": "evidently " + version("evidently"), "imported": imported, "run": ran, "page": page, "pageBytes": (folder / "evidently.html").stat().st_size, "peakMb": peak / 1024, "moreMb": (peak - before) / 1024}
try:
    import whylogs

    start = time.process_time()
    whylogs.log(current).profile()
    out["whylogs"] = {"version": "whylogs " + whylogs.__version__, "profile": time.process_time() - start}
except Exception as error:  # whylogs does not install everywhere
    out["whylogs"] = {"error": str(error)[:200]}
print(json.dumps(out))
