"""Apache DataSketches' side: writes sketches of every form, or reads ours. `exchange.py write FOLDER` or `exchange.py read FOLDER`."""
import json
import sys
from pathlib import Path

import datasketches
import numpy

mode, folder = sys.argv[1], Path(sys.argv[2])
SHARES = [i / 50 for i in range(1, 50)]
SIZES = [0, 1, 2, 199, 200, 201, 1000, 12345, 300000]


def values(n: int) -> numpy.ndarray:
    """The same numbers as ours: fractions of a multiplicative sequence, exact in single precision."""
    return ((numpy.arange(n, dtype=numpy.int64) * 7919) % 1000003 % 65536) / 1024.0


def facts(sketch) -> dict:
    if sketch.is_empty():
        return {"n": 0}
    return {"n": sketch.n, "min": sketch.get_min_value(), "max": sketch.get_max_value(), "quantiles": [sketch.get_quantile(p, True) for p in SHARES]}


if mode == "write":
    out = {"kll": {}, "hll": {}}
    for kind, make in (("single", datasketches.kll_floats_sketch), ("double", datasketches.kll_doubles_sketch)):
        for n in SIZES:
            for k in (8, 200, 1024):
                sketch = make(k)
                for start in range(0, n, 100000):
                    sketch.update(values(n)[start : start + 100000].astype(numpy.float32 if kind == "single" else numpy.float64))
                name = f"theirs-kll-{kind}-{k}-{n}.bin"
                (folder / name).write_bytes(sketch.serialize())
                out["kll"][name] = facts(sketch)
    for target in ("HLL_4", "HLL_6", "HLL_8"):
        for lg in (4, 8, 12, 14):
            for n in (0, 1, 6, 20, 300, 5000, 200000):
                sketch = datasketches.hll_sketch(lg, getattr(datasketches.tgt_hll_type, target))
                for i in range(n):
                    sketch.update(f"item {i}")
                for form in ("compact", "updatable"):
                    name = f"theirs-{target}-{lg}-{n}-{form}.bin"
                    (folder / name).write_bytes(getattr(sketch, f"serialize_{form}")())
                    out["hll"][name] = {"n": n, "estimate": sketch.get_estimate()}
    (folder / "theirs.json").write_text(json.dumps(out))
else:
    out = {}
    for path in sorted(folder.glob("ours-kll-*.bin")):
        kind = datasketches.kll_floats_sketch if "single" in path.name else datasketches.kll_doubles_sketch
        sketch = kind.deserialize(path.read_bytes())
        again = sketch.serialize()
        # What is merged with ours goes on working.
        merged = kind(200)
        merged.merge(sketch)
        merged.update(1.0)
        out[path.name] = {**facts(sketch), "same": again == path.read_bytes(), "merged": merged.n, "error": sketch.normalized_rank_error(False)}
    for path in sorted(folder.glob("ours-hll-*.bin")):
        sketch = datasketches.hll_sketch.deserialize(path.read_bytes())
        own = datasketches.hll_sketch(sketch.lg_config_k, datasketches.tgt_hll_type.HLL_8)
        for i in range(int(path.stem.split("-")[-1])):
            own.update(f"item {i}")
        # Coupons may come in any order; registers may not.
        start = {2: 8, 3: 12, 10: 40}
        parts = [(data[0], data[7], data[start[data[0]] :]) for data in (sketch.serialize_compact(), own.serialize_compact())]
        words = [(form, mode, rest if form == 10 else sorted(rest[i : i + 4] for i in range(0, len(rest), 4))) for form, mode, rest in parts]
        out[path.name] = {"estimate": sketch.get_estimate(), "own": own.get_estimate(), "same": words[0] == words[1]}
    print(json.dumps(out))
