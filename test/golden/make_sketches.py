"""Golden sketches: bytes of Apache DataSketches and what it says of them. Run: .venvs/sketches/bin/python test/golden/make_sketches.py"""
import base64
import json
from importlib.metadata import version

import datasketches
import numpy

SHARES = [0.1, 0.25, 0.5, 0.75, 0.9]
kll = []
for precision, make in (("single", datasketches.kll_floats_sketch), ("double", datasketches.kll_doubles_sketch)):
    for k, n in ((8, 0), (8, 1), (8, 7), (8, 5000), (20, 300)):
        sketch = make(k)
        sketch.update(((numpy.arange(n) * 7919) % 65536 / 1024).astype(numpy.float32 if precision == "single" else numpy.float64))
        quantiles = [] if n == 0 else [sketch.get_quantile(p, True) for p in SHARES]
        kll.append({"precision": precision, "k": k, "n": n, "bytes": base64.b64encode(sketch.serialize()).decode(), "quantiles": quantiles})
hll = []
for kind in ("HLL_4", "HLL_6", "HLL_8"):
    for lg, n in ((4, 0), (4, 3), (8, 20), (4, 1000), (7, 30000)):
        sketch = datasketches.hll_sketch(lg, getattr(datasketches.tgt_hll_type, kind))
        for i in range(n):
            sketch.update(f"item {i}")
        for form in ("compact", "updatable"):
            data = base64.b64encode(getattr(sketch, f"serialize_{form}")()).decode()
            hll.append({"kind": kind, "form": form, "lgK": lg, "n": n, "bytes": data, "estimate": sketch.get_estimate()})
about = f"datasketches {version('datasketches')}, numpy {numpy.__version__}"
json.dump({"about": about, "shares": SHARES, "kll": kll, "hll": hll}, open("test/golden/sketches.json", "w"))
