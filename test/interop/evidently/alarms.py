"""Positions at which river's detectors alarm: `alarms.py STREAMS.json`. Prints JSON."""
import json
import sys

from river import drift

streams = json.load(open(sys.argv[1]))
makers = {
    "adwin": lambda: drift.ADWIN(),
    "pageHinkley": lambda: drift.PageHinkley(),
    "ddm": lambda: drift.binary.DDM(),
    "eddm": lambda: drift.binary.EDDM(),
    "hddmA": lambda: drift.binary.HDDMA(),
    "hddmW": lambda: drift.binary.HDDMW(),
    "fhddm": lambda: drift.binary.FHDDM(),
}
out = {}
for name, values in streams.items():
    for kind, make in makers.items():
        if kind not in ("adwin", "pageHinkley") and not name.startswith("bits"):
            continue
        detector = make()
        found = []
        for i, x in enumerate(values):
            detector.update(x)
            if detector.drift_detected:
                found.append(i)
        out[f"{kind} {name}"] = found
print(json.dumps(out))
